"""Commands are sent to Discord only when they changed, or when Discord lost them."""

from __future__ import annotations

from pathlib import Path

from discord import app_commands

from tests.bot.discord.conftest import Start
from tests.discord_server import DiscordServer


async def test_commands_are_registered_again_only_after_a_change(
    server: DiscordServer, start: Start, tmp_path: Path
) -> None:
    async with start(data_dir=tmp_path) as bot:
        registered = {command["name"] for command in server.world.commands[None]}
        assert {"edit", "undo", "privacy", "mod"} <= registered
        assert not await bot.tree.register(tmp_path)
        assert await bot.tree.register()  # nobody remembers what was sent

        server.world.commands[None].pop()  # another program took one away
        assert await bot.tree.register(tmp_path)
        assert {command["name"] for command in server.world.commands[None]} == registered

        edit = next(command for command in server.world.commands[None] if command["name"] == "edit")
        edit["options"].pop()  # another version of the bot registered fewer options
        assert await bot.tree.register(tmp_path)
        assert not await bot.tree.register(tmp_path)

        @bot.tree.command(name="wave", description="Wave.")
        async def wave(interaction: object) -> None: ...

        assert isinstance(wave, app_commands.Command)
        assert await bot.tree.register(tmp_path)
        assert "wave" in {command["name"] for command in server.world.commands[None]}
