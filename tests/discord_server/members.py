"""What members do: write, delete, press buttons, choose from menus, run commands, fill in forms."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tests.discord_server import drafts, inputs, interactions, objects, permissions
from tests.discord_server.inputs import NotOffered
from tests.discord_server.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from tests.discord_server.world import MIB, Json, World

_INSTALLED_GUILD, _INSTALLED_USER = 0, 1
_IN_GUILD, _IN_DIRECT, _IN_PRIVATE = 0, 1, 2
File = tuple[bytes, str]


def _components(message: Json) -> list[Json]:
    return list(drafts.walk(message["components"]))


def _is_called(component: Json, label: str) -> bool:
    emoji = (component.get("emoji") or {}).get("name")
    return label in (component.get("label"), component.get("custom_id"), component.get("placeholder"), emoji)


class Members:
    """Actions of members. A user who acts in a guild becomes a member. Methods that make an interaction
    return its id."""

    world: World
    locale = "en-US"
    """The language of members whose user object has no ``locale``."""

    # writing

    async def say(
        self,
        author: Json,
        content: str,
        *,
        mention: bool = True,
        files: dict[str, File] | None = None,
        reply_to: Json | None = None,
        ping: bool = True,
        direct: bool = False,
        channel: str | None = None,
    ) -> Json:
        """Write a message; the bot does not get the content that Discord hides from it.

        Args:
            author: the member.
            content: the text.
            mention: whether the text begins with a mention of the bot.
            files: maps names to (bytes, content type); a name that begins with SPOILER_ makes a spoiler.
            reply_to: the message that it replies to.
            ping: whether a reply to an ordinary message of the bot mentions it.
            direct: whether to write to the bot directly.
            channel: the channel's id; the first one by default.
        """
        world = self.world
        place = channel or (reply_to["channel_id"] if reply_to else self._channel(author, None, direct))
        mentions = [objects.me()] if mention and not direct else []
        text = f"<@{objects.BOT}> {content}" if mentions else content
        mentions += [world.users[n] for n in re.findall(r"<@!?(\d+)>", content) if n in world.users]
        extra: Json = {}
        if reply_to is not None:
            extra |= {
                "type": 19,
                "message_reference": {"type": 0, "message_id": reply_to["id"], "channel_id": place},
            }
            if (
                ping
                and "interaction_metadata" not in reply_to
                and reply_to["author"] not in (author, *mentions)
            ):
                mentions.append(reply_to["author"])
        attachments = [world.upload(place, name, *file) for name, file in (files or {}).items()]
        message = objects.message(
            place, self._known(author, place), text, mentions=mentions, attachments=attachments, **extra
        )
        world.messages[message["id"]] = message
        world.announce("MESSAGE_CREATE", message)
        await world.tell()
        return message

    async def rewrite(self, message: Json, content: str) -> None:
        """Change the text of a message."""
        message["content"] = content
        message["edited_timestamp"] = message["timestamp"]
        self.world.announce("MESSAGE_UPDATE", message)

    async def delete(self, message: Json) -> None:
        """Delete a message, as its author or a moderator."""
        self.world.remove(message)
        await self.world.tell()

    # interactions

    async def press(self, who: Json, message: Json, label: str) -> str:
        """Press a button by its label, emoji or custom id."""
        buttons = [c for c in _components(message) if c["type"] == drafts.BUTTON]
        button = next((b for b in buttons if _is_called(b, label)), None)
        if button is None or button.get("disabled") or "custom_id" not in button:
            raise NotOffered(f"no button {label!r} to press among {[b.get('label') for b in buttons]}")
        return await self._on_component(
            who, message, {"component_type": drafts.BUTTON, "custom_id": button["custom_id"]}, button
        )

    async def choose(self, who: Json, message: Json, *labels: str, menu: str | None = None) -> str:
        """Choose options of a select menu by label or value; ``menu`` is its placeholder or custom id, the
        first one by default."""
        menus = [
            c
            for c in _components(message)
            if c["type"] == drafts.STRING_SELECT and (menu is None or _is_called(c, menu))
        ]
        if not menus or menus[0].get("disabled"):
            raise NotOffered("no such menu")
        values = inputs.values(menus[0], labels)
        data = {"component_type": drafts.STRING_SELECT, "custom_id": menus[0]["custom_id"], "values": values}
        return await self._on_component(who, message, data, menus[0])

    async def _on_component(self, who: Json, message: Json, data: Json, component: Json) -> str:
        current = self.world.messages.get(message["id"])
        if current is None:
            raise NotOffered("the message is gone")
        shown = self.world.rendered(current)
        return await self._interact(
            who, COMPONENT, data | {"id": component["id"]}, message["channel_id"], message=shown
        )

    async def slash(
        self,
        who: Json,
        name: str,
        options: Json | None = None,
        *,
        channel: str | None = None,
        direct: bool = False,
    ) -> str:
        """Run a slash command; a subcommand by its full name, such as "mod block".

        Values are plain. Users, channels and roles are their objects (or channel ids); an attachment is
        (name, bytes, type).
        """
        place = self._channel(who, channel, direct)
        command, chosen, path = self._command(who, name, place)
        for key in options or {}:
            if key not in {option["name"] for option in chosen}:
                raise NotOffered(f"/{name} has no option {key!r}")
        resolved: Json = {}
        rows = [
            self._option(o, options[o["name"]], place, resolved)
            for o in chosen
            if options and o["name"] in options
        ]
        if missing := [o["name"] for o in chosen if o.get("required") and o["name"] not in (options or {})]:
            raise NotOffered(f"/{name} needs {missing}")
        data = _command_data(command, path, rows) | ({"resolved": resolved} if resolved else {})
        return await self._interact(who, COMMAND, data, place)

    async def autocomplete(
        self,
        who: Json,
        name: str,
        focused: str,
        typed: str,
        options: Json | None = None,
        *,
        channel: str | None = None,
        direct: bool = False,
        seconds: float = 10.0,
    ) -> list[Json]:
        """The choices offered while a member types into an option."""
        place = self._channel(who, channel, direct)
        command, chosen, path = self._command(who, name, place)
        option = next((o for o in chosen if o["name"] == focused and o.get("autocomplete")), None)
        if option is None:
            raise NotOffered(f"/{name} offers nothing for {focused!r}")
        others = [
            {"name": o["name"], "type": o["type"], "value": options[o["name"]]}
            for o in chosen
            if options and o["name"] in options
        ]
        rows = [*others, {"name": focused, "type": option["type"], "value": typed, "focused": True}]
        number = await self._interact(who, AUTOCOMPLETE, _command_data(command, path, rows), place)
        interaction = self.world.interactions[number]
        answer = await self.world.until(lambda: interaction.callback, seconds)
        return answer["data"]["choices"]

    async def message_menu(self, who: Json, name: str, message: Json) -> str:
        """Use a context menu of a message; the bot gets its content with any intents."""
        command, _, _ = self._command(who, name, message["channel_id"], kind=3)
        data = _command_data(command, [], []) | {"target_id": message["id"]}
        data["resolved"] = {"messages": {message["id"]: self.world.rendered(message)}}
        return await self._interact(who, COMMAND, data, message["channel_id"])

    async def user_menu(self, who: Json, name: str, target: Json, *, channel: str | None = None) -> str:
        """Use a context menu of a user."""
        place = self._channel(who, channel, False)
        command, _, _ = self._command(who, name, place, kind=2)
        resolved: Json = {}
        self._resolve_user(target, place, resolved)
        data = _command_data(command, [], []) | {"target_id": target["id"], "resolved": resolved}
        return await self._interact(who, COMMAND, data, place)

    async def submit(self, who: Json, opened_by: str, values: Json | None = None) -> str:
        """Fill in and submit the modal that the bot opened in response to an interaction.

        ``values`` maps labels or custom ids to a text, or to a list of labels for a select menu. Fields that
        are left out keep the value from the bot.
        """
        before = self.world.interactions[opened_by]
        if before.callback is None or before.callback["type"] != interactions.OPEN_MODAL:
            raise NotOffered("the bot opened no form")
        modal, left = before.callback["data"], dict(values or {})
        rows = [row for component in modal["components"] if (row := inputs.filled(component, left))]
        if left:
            raise NotOffered(f"the form has no {list(left)}")
        data = {"custom_id": modal["custom_id"], "components": rows}
        return await self._interact(
            who, MODAL, data, before.channel_id, before=before, message=before.payload.get("message")
        )

    # helpers

    def _known(self, user: Json, channel_id: str) -> Json:
        self.world.users.setdefault(user["id"], user)
        if (guild := self.world.guild_of(channel_id)) is not None:
            guild.member(user)
        return user

    def _channel(self, who: Json, channel: str | None, direct: bool) -> str:
        if direct:
            return self.world.direct(who)["id"]
        return channel or next(iter(next(iter(self.world.guilds.values())).channels))

    def _command(
        self, who: Json, name: str, place: str, kind: int = 1
    ) -> tuple[Json, list[Json], list[Json]]:
        """The command with this name that a member sees, the options of its subcommand, and the path to
        that."""
        first, *rest = name.split() if kind == 1 else [name]
        guild = self.world.guild_of(place)
        scopes = [guild.id, None] if guild is not None and guild.bot_in else [None]
        everything = [c for scope in scopes for c in self.world.commands.get(scope, [])]
        command = next((c for c in everything if c["name"] == first and c["type"] == kind), None)
        if command is None:
            raise NotOffered(f"no command {first!r}")
        self._offered(who, command, place)
        options, path = command.get("options") or [], []
        for word in rest:
            inner = next(
                (o for o in options if o["name"] == word and o["type"] <= inputs.SUB_COMMAND_GROUP), None
            )
            if inner is None:
                raise NotOffered(f"no subcommand {word!r} of {first!r}")
            path.append(inner)
            options = inner.get("options") or []
        if any(option["type"] <= inputs.SUB_COMMAND_GROUP for option in options):
            raise NotOffered(f"/{name} alone is no command")
        return command, options, path

    def _offered(self, who: Json, command: Json, place: str) -> None:
        guild, channel = self.world.guild_of(place), self.world.channel(place)
        assert channel is not None
        context = _context(channel)
        if command.get("contexts") is not None and context not in command["contexts"]:
            raise NotOffered(f"{command['name']} is not offered in context {context}")
        here = (guild is not None and guild.bot_in) or context == _IN_DIRECT
        installs = command.get("integration_types") or [_INSTALLED_GUILD]
        if _INSTALLED_USER not in installs and not here:
            raise NotOffered(f"{command['name']} is only offered where the bot is a member")
        if command.get("nsfw") and not channel.get("nsfw"):
            raise NotOffered(f"{command['name']} is only offered in age-restricted channels")
        if guild is None:
            return
        held = guild.permissions(self._known(who, place), channel)
        if not held & permissions.USE_APPLICATION_COMMANDS:
            raise NotOffered("no permission to use commands here")
        needed = command["default_member_permissions"]
        if guild.bot_in and needed is not None and (int(needed) == 0 or held & int(needed) != int(needed)):
            if held == permissions.EVERYTHING:
                return
            raise NotOffered(f"{command['name']} is hidden from this member")

    def _resolve_user(self, user: Json, place: str, resolved: Json) -> None:
        resolved.setdefault("users", {})[user["id"]] = user
        guild = self.world.guild_of(place)
        if guild is not None and user["id"] in guild.members:
            member = {k: v for k, v in guild.members[user["id"]].items() if k not in ("user", "deaf", "mute")}
            member["permissions"] = str(guild.permissions(user, guild.channels[place]))
            resolved.setdefault("members", {})[user["id"]] = member

    def _option(self, option: Json, value: Any, place: str, resolved: Json) -> Json:
        kind, shown = option["type"], value
        if kind in inputs.PYTHON:
            inputs.check(option, value)
        elif kind == inputs.ATTACHMENT:
            name, data, content_type = value
            attachment = self.world.upload(place, name, data, content_type) | {"ephemeral": True}
            resolved.setdefault("attachments", {})[attachment["id"]] = attachment
            shown = attachment["id"]
        elif kind == inputs.CHANNEL:
            channel = self.world.channel(value if isinstance(value, str) else value["id"])
            assert channel is not None
            resolved.setdefault("channels", {})[channel["id"]] = channel | {
                "permissions": str(permissions.USUAL)
            }
            shown = channel["id"]
        elif kind == inputs.ROLE or (kind == inputs.MENTIONABLE and "username" not in value):
            resolved.setdefault("roles", {})[value["id"]] = value
            shown = value["id"]
        else:
            self._known(value, "")
            self._resolve_user(value, place, resolved)
            shown = value["id"]
        return {"name": option["name"], "type": kind, "value": shown}

    async def _interact(
        self,
        who: Json,
        kind: int,
        data: Json,
        place: str,
        *,
        before: Interaction | None = None,
        message: Json | None = None,
    ) -> str:
        """Send an interaction to the bot, and check that it answers in time."""
        world, guild = self.world, self.world.guild_of(place)
        by_user = self._by_user_install(place) if before is None else before.installed_by is not None
        payload = self._payload(who, kind, data, place, by_user) | (
            {"message": message} if message is not None else {}
        )
        held = int(payload["member"]["permissions"]) if guild is not None else permissions.DIRECT
        interaction = Interaction(payload, world.clock.now(), who["id"] if by_user else None, before)
        interaction.hidden = by_user and not held & permissions.USE_EXTERNAL_APPS
        world.interactions[interaction.id] = interaction
        if world.gateway.dispatch("INTERACTION_CREATE", payload, guild.id if guild else None):
            self.watches.add(watch := asyncio.create_task(interactions.watch(world, interaction)))
            watch.add_done_callback(self.watches.discard)
        return interaction.id

    def _payload(self, who: Json, kind: int, data: Json, place: str, by_user: bool) -> Json:
        world, number = self.world, objects.snowflake()
        guild, channel = world.guild_of(place), world.channel(place)
        assert channel is not None
        self._known(who, place)
        public = {key: value for key, value in who.items() if key != "locale"}
        payload: Json = {
            "id": number,
            "application_id": objects.APPLICATION,
            "type": kind,
            "token": f"interaction-{number}",
            "version": 1,
            "channel_id": place,
            "locale": who.get("locale", self.locale),
            "data": data,
            "entitlements": [],
            "authorizing_integration_owners": {"1": who["id"]}
            if by_user
            else {"0": guild.id if guild else "0"},
            "context": _context(channel),
            "app_permissions": str(self._app_permissions(place)),
            "attachment_size_limit": guild.max_upload() if guild else 10 * MIB,
        }
        if guild is None:
            return payload | {"channel": channel, "user": public}
        held = str(guild.permissions(who, channel))
        member = guild.member(who) | {"user": public, "permissions": held}
        return payload | {
            "guild_id": guild.id,
            "guild": guild.partial(),
            "guild_locale": guild.locale,
            "member": member,
            "channel": channel | {"permissions": held},
        }

    def _by_user_install(self, place: str) -> bool:
        """Whether a command runs as the user's own app, because the bot is not a member."""
        guild, channel = self.world.guild_of(place), self.world.channel(place)
        return (
            not guild.bot_in
            if guild is not None
            else channel is not None and channel["type"] == objects.GROUP
        )

    watches: set[asyncio.Task[None]]

    def _app_permissions(self, place: str) -> int:
        return self.world.bot_permissions(place) or permissions.USUAL


def _context(channel: Json) -> int:
    kinds = {objects.DIRECT: _IN_DIRECT, objects.GROUP: _IN_PRIVATE}
    return kinds.get(channel["type"], _IN_GUILD)


def _command_data(command: Json, path: list[Json], rows: list[Json]) -> Json:
    for step in reversed(path):
        rows = [{"name": step["name"], "type": step["type"], "options": rows}]
    scope = {"guild_id": command["guild_id"]} if "guild_id" in command else {}
    return {"id": command["id"], "name": command["name"], "type": command["type"], "options": rows} | scope
