"""``python -m bot``: the bot itself, and its commands. Thin: each command imports only what it needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

USAGE = """usage: python -m bot [run | try | parse | backup | move] ...

  run      the local web chat and, with DISCORD_TOKEN set, the Discord bot (this is the default)
  try      a whole conversation from the command line, pictures into a folder
  parse    what a sentence is understood as
  backup   history and pictures into a folder, also while the bot runs
  move     history and pictures to another database or store, with proof that all is there

Each command explains itself with --help."""


def main(argv: Sequence[str]) -> int:
    """Run one command; 2 for a usage error."""
    command, *rest = argv or ["run"]
    if command in ("-h", "--help"):
        print(USAGE)
        return 0
    if command == "parse":
        from bot.cli.parse_command import main as parse

        return parse(rest)
    if command == "try":
        from bot.cli.try_command import main as once

        return once(rest)
    if command == "backup":
        from bot.cli.backup_command import main as backup

        return backup(rest)
    if command == "move":
        from bot.cli.move_command import main as move

        return move(rest)
    if command == "run":
        from bot.app.run import main as run

        return run(rest)
    print(f"There is no command '{command}'.\n\n{USAGE}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
