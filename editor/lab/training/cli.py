"""``python -m editor train PART``: trains a part of a bundle, with the options in ``parts.toml``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import typer

from editor.lab.training.tables import load_table

TABLE = load_table(__file__, "parts.toml")
SHARED = {name: TABLE.pop(name) for name in ("common", "drawing")}
PARTS: dict[str, dict[str, Any]] = TABLE
OLD_NAMES = {"judge": "attribute-classifier", "words": "text-head"}
TYPES = {
    "int": int,
    "path": Path,
    "device": Literal["cpu", "cuda"],
    "domain": Literal["avatars", "critters"],
}

app = typer.Typer(
    help="Train a part of a bundle. Also accepted: judge for attribute-classifier, words for text-head.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def options_of(part: str) -> dict[str, dict[str, Any]]:
    """Return the options of a part by name, in the order of recorded commands."""
    row = PARTS[part]
    budget = "time budget (on a CPU, processor time); a larger one continues further"
    bundle: dict[str, Any] = {"type": "path", "help": "folder that gets the weights at the end"}
    if "bundle" in row:
        bundle = {"type": "path", "required": True, "help": row["bundle"]}
    return {
        "minutes": {"default": row["minutes"], "help": budget},
        **SHARED["common"],
        "name": {"default": row.get("run", part), "help": "this run's folder inside --runs"},
        "bundle": bundle,
        **row.get("options", PARTS[row["like"]]["options"] if "like" in row else {}),
        **(SHARED["drawing"] if row.get("draws") else {}),
    }


def _parameter(name: str, option: Mapping[str, Any]) -> inspect.Parameter:
    """Describe an option as a parameter that Typer understands."""
    flags = option.get("flags", (f"--{name.replace('_', '-')}",))
    kind: Any = TYPES[option["type"]] if "type" in option else type(option["default"])
    default = inspect.Parameter.empty if option.get("required") else option.get("default")
    details = typer.Option(*flags, help=option["help"], hidden=option.get("hidden", False))
    annotation: Any = Annotated[kind if default is not None else kind | None, details]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def command(part: str) -> Callable[..., int]:
    """Return the command that trains a part."""

    def train(**given: Any) -> int:
        from editor.lab.training.run import start

        options = SimpleNamespace(part=part, **given)
        try:
            module = import_module(
                f"editor.lab.training.{(PARTS[part].get('like') or part).replace('-', '_')}"
            )
        except ModuleNotFoundError as error:
            print(f"Training needs more packages ({error.name}): pip install '.[train]'", file=sys.stderr)
            return 2
        module.main(start(options), options)
        return 0

    parameters = [_parameter(name, option) for name, option in options_of(part).items()]
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return train


for _part, _row in PARTS.items():
    app.command(_part, help=_row["help"])(command(_part))


def main(argv: Sequence[str]) -> int:
    """Train one part and return the exit status."""
    part, rest = (argv[0], list(argv[1:])) if argv else ("--help", [])
    if part in OLD_NAMES:
        print(f"'train {part}' is now called 'train {OLD_NAMES[part]}'.", file=sys.stderr)
        part = OLD_NAMES[part]
    if part == "mapper" and any(word.partition("=")[0] == "--prompt" for word in rest):
        from editor.lab.training.prompt_mapper import app as chosen

        return int(chosen(rest, prog_name="python -m editor train mapper", standalone_mode=False) or 0)
    return int(app([part, *rest], prog_name="python -m editor train", standalone_mode=False) or 0)
