"""A command whose list options take several values at once."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class FlexibleCommand(TyperCommand):
    """A command whose list options take several values (``--resolutions 256 1024``).

    An option whose metavar is ``[FILE]`` needs no value; without one it is given the word "default".
    """

    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Repeat the name of a list option before each further value, and add values that are left out."""
        options = {name: option for option in self.params for name in option.opts}
        given: list[str] = []
        option, count = None, 0
        for word in [*args, "--"]:
            if word.startswith("--"):
                if getattr(option, "metavar", None) == "[FILE]" and not count:
                    given.append("default")
                option, count = options.get(word), 0
            else:
                if option is not None and getattr(option, "multiple", False) and count:
                    given.append(option.opts[0])
                count += 1
            given.append(word)
        given.pop()
        return super().parse_args(context, given)
