"""``python -m bot``: the bot itself, and its commands."""

from bot.cli.main import app

if __name__ == "__main__":
    app(prog_name="python -m bot")
