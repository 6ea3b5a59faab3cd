"""Commands that lead to different modules depending on an option."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def has_option(argv: Sequence[str], name: str, takes_value: bool = True) -> bool:
    """Return whether a command line sets an option (as ``--name VALUE`` or ``--name=VALUE``) or a flag."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    if takes_value:
        parser.add_argument(name, nargs="?", const="", default=None, dest="value")
    else:
        parser.add_argument(name, action="store_const", const="", default=None, dest="value")
    return parser.parse_known_args(list(argv))[0].value is not None
