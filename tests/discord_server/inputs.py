"""Checks what members enter: values of options, choices of menus, texts of forms."""

from __future__ import annotations

from typing import Any

from tests.discord_server import drafts
from tests.discord_server.world import Json

(
    SUB_COMMAND,
    SUB_COMMAND_GROUP,
    STRING,
    INTEGER,
    BOOLEAN,
    USER,
    CHANNEL,
    ROLE,
    MENTIONABLE,
    NUMBER,
    ATTACHMENT,
) = range(1, 12)
PYTHON: dict[int, Any] = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}


class NotOffered(AssertionError):
    """Discord would not let the member do this: the command or button does not exist, is hidden or disabled,
    or a value is wrong."""


def check(option: Json, value: Any) -> None:
    """Check that an option of a command accepts a value. Raises NotOffered."""
    kind, name = option["type"], option["name"]
    if not isinstance(value, PYTHON[kind]) or (kind != BOOLEAN and isinstance(value, bool)):
        raise NotOffered(f"{name} takes no {value!r}")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        raise NotOffered(f"{name} offers no {value!r}")
    size = len(value) if kind == STRING else value
    least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    lower, upper = option.get(least), option.get(most)
    if (lower is not None and size < lower) or (upper is not None and size > upper):
        raise NotOffered(f"{name} takes {lower} to {upper}, not {size}")


def values(menu: Json, labels: Any) -> list[str]:
    """The values of a select menu's options by their labels. Raises NotOffered."""
    values = []
    for label in [labels] if isinstance(labels, str) else labels:
        option = next((o for o in menu["options"] if label in (o["label"], o["value"])), None)
        if option is None:
            raise NotOffered(f"no option {label!r} among {[o['label'] for o in menu['options']]}")
        values.append(option["value"])
    if not menu.get("min_values", 1) <= len(values) <= menu.get("max_values", 1):
        raise NotOffered(f"the menu does not take {len(values)} options")
    return values


def filled(component: Json, left: Json) -> Json | None:
    """A component of a submitted modal; its value is removed from ``left``."""
    shape = {"type": component["type"], "id": component.get("id", 0)}
    if component["type"] == drafts.ROW:
        return shape | {
            "components": [_field(inner, inner.get("label"), left) for inner in component["components"]]
        }
    if component["type"] == drafts.LABEL:
        return shape | {"component": _field(component["component"], component["label"], left)}
    return shape


def _field(field: Json, label: str | None, left: Json) -> Json:
    shape = {"type": field["type"], "id": field.get("id", 0), "custom_id": field["custom_id"]}
    key = next((key for key in (label, field["custom_id"]) if key in left), None)
    if field["type"] == drafts.STRING_SELECT:
        chosen = (
            left.pop(key) if key is not None else [o["value"] for o in field["options"] if o.get("default")]
        )
        return shape | {"values": values(field, chosen)}
    value = left.pop(key) if key is not None else field.get("value") or ""
    if field["type"] != drafts.TEXT_INPUT:
        return shape | {"values": value}
    least, most = field.get("min_length") or 0, field.get("max_length") or 4000
    if (field.get("required", True) and not value) or (value and not least <= len(value) <= most):
        raise NotOffered(f"the field {label!r} takes {least} to {most} characters, not {len(value)}")
    return shape | {"value": value}
