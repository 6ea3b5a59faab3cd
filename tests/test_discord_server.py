"""The loopback Discord itself, seen through the real discord.py: what it enforces, it enforces as Discord
does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.conftest import make_png
from tests.discord_server import (
    DiscordServer,
    NotOffered,
    RateLimits,
    connected_bot,
    objects,
    permissions,
    point_library,
)

ANN, BEN = objects.user("800000000000000001", "ann"), objects.user("800000000000000002", "ben")
ROOM = "700000000000000001"
PORTRAIT = {"me.png": (make_png(), "image/png")}
Command = Callable[[discord.Interaction], Awaitable[None]]


class Probe(discord.AutoShardedClient):
    """A bot that keeps what it heard."""

    def __init__(self, **intents: bool) -> None:
        chosen = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, **intents)
        super().__init__(
            intents=chosen, allowed_mentions=discord.AllowedMentions.none(), guild_ready_timeout=0.05
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.events: list[tuple[str, Any]] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No waiting between shards."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.events.append(("guild_remove", guild.id))

    async def on_raw_member_remove(self, event: discord.RawMemberRemoveEvent) -> None:
        self.events.append(("member_remove", event.user.id))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.events.append(("message_delete", event.message_id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self.events.append(("channel_delete", channel.id))

    async def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def room(self, number: str = ROOM) -> Any:
        return await self.fetch_channel(int(number))


@asynccontextmanager
async def online(server: DiscordServer, probe: Probe | None = None) -> AsyncIterator[Probe]:
    bot = probe or Probe()
    async with connected_bot(bot, server.token):
        yield bot


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Starts a server that the library talks to; by default nothing may be complained of."""

    @asynccontextmanager
    async def start(complaints: tuple[str, ...] = (), **options: Any) -> AsyncIterator[DiscordServer]:
        async with DiscordServer(**options) as running:
            point_library(running.base, monkeypatch.setattr)
            yield running
        assert len(running.complaints) == len(complaints), running.complaints
        assert all(part in complaint for part, complaint in zip(complaints, running.complaints, strict=True))

    return start


async def test_content_is_blank_unless_it_is_meant_for_the_bot(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        own = discord_server.messages[str((await (await bot.room()).send("a result")).id)]
        said = [
            await discord_server.say(ANN, "unrelated", mention=False, files=PORTRAIT),
            await discord_server.say(ANN, "to you", files=PORTRAIT),
            await discord_server.say(ANN, "pinging reply", mention=False, reply_to=own),
            await discord_server.say(ANN, "silent reply", mention=False, reply_to=own, ping=False),
            await discord_server.say(ANN, "in private", direct=True),
        ]
        await bot.until(lambda: len(bot.heard) == len(said))
        texts = [message.content for message in bot.heard]
        assert texts == ["", f"<@{objects.BOT}> to you", "pinging reply", "", "in private"]
        assert [len(message.attachments) for message in bot.heard] == [0, 1, 0, 0, 0]
        assert bot.heard[3].reference.resolved.content == "a result"
        listed = [message.content async for message in (await bot.room()).history(limit=10)]
        assert listed == ["", "pinging reply", f"<@{objects.BOT}> to you", "", "a result"]


async def test_with_the_intent_content_is_there(server: Any) -> None:
    async with server() as discord_server, online(discord_server, Probe(message_content=True)) as bot:
        await discord_server.say(ANN, "unrelated", mention=False)
        await bot.until(lambda: bool(bot.heard))
        assert bot.heard[0].content == "unrelated"


async def test_events_go_to_their_shard_and_are_replayed_on_resume(server: Any) -> None:
    async with server(shards=2) as discord_server:
        guilds = [discord_server.add_guild(f"guild {n}", shard=n) for n in (0, 1)]
        async with online(discord_server) as bot:
            assert [bot.get_guild(int(guild.id)).shard_id for guild in guilds] == [0, 1]
            assert {session.shard for session in discord_server.world.gateway.live()} == {0, 1}
            await discord_server.disconnect(shard=1)
            await discord_server.say(ANN, "while you were away", channel=next(iter(guilds[1].channels)))
            await discord_server.say(BEN, "direct", direct=True)
            await bot.until(lambda: len(bot.heard) == 2)
            assert {m.content for m in bot.heard} == {f"<@{objects.BOT}> while you were away", "direct"}
            assert discord_server.world.gateway.resumes == 1


async def test_reconnect_resumes_and_an_invalid_session_identifies_anew(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        gateway = discord_server.world.gateway
        await discord_server.reconnect()
        await bot.until(lambda: gateway.resumes == 1)
        assert gateway.identifies == 1
        await discord_server.invalidate()
        await bot.until(lambda: gateway.identifies == 2)
        await discord_server.disconnect(resumable=False)
        await bot.until(lambda: gateway.identifies == 3)
        await discord_server.say(ANN, "still there?")
        await bot.until(lambda: bool(bot.heard))


async def test_leaving_and_deleting_is_told(server: Any) -> None:
    async with server() as discord_server:
        guild = discord_server.add_guild("second", {"700000000000000002": "one", "700000000000000003": "two"})
        discord_server.join(guild, ANN)
        async with online(discord_server, Probe(members=True)) as bot:
            message = await discord_server.say(ANN, "hi", channel="700000000000000002")
            await discord_server.delete(message)
            discord_server.delete_channel(guild.channels["700000000000000003"])
            discord_server.leave(guild, ANN)
            discord_server.kick_bot(guild)
            await bot.until(lambda: len(bot.events) == 4)
            assert bot.events == [
                ("message_delete", int(message["id"])),
                ("channel_delete", 700000000000000003),
                ("member_remove", int(ANN["id"])),
                ("guild_remove", int(guild.id)),
            ]
            with pytest.raises(discord.NotFound):
                await bot.fetch_guild(int(guild.id))


async def test_without_permission_discord_refuses(server: Any) -> None:
    async with server() as discord_server:
        room, hidden = (
            discord_server.home.channels[ROOM],
            discord_server.add_channel(discord_server.home, "hidden"),
        )
        discord_server.overwrite(room, discord_server.home.id, deny=permissions.ATTACH_FILES)
        discord_server.overwrite(hidden, discord_server.home.id, deny=permissions.VIEW_CHANNEL)
        async with online(discord_server) as bot:
            with pytest.raises(discord.Forbidden) as caught:
                await bot.room(hidden["id"])
            assert caught.value.code == 50001
            channel = await bot.room()
            with pytest.raises(discord.Forbidden) as caught:
                await channel.send(file=discord.File(io.BytesIO(make_png()), "a.png"))
            assert caught.value.code == 50013
            theirs = await channel.fetch_message(int((await discord_server.say(BEN, "mine"))["id"]))
            with pytest.raises(discord.Forbidden):
                await theirs.delete()
            discord_server.overwrite(
                room, objects.BOT, allow=permissions.MANAGE_MESSAGES | permissions.ATTACH_FILES
            )
            await theirs.delete()
            await channel.send(file=discord.File(io.BytesIO(make_png()), "a.png"))


async def test_uploads_have_a_limit_names_and_descriptions(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        discord_server.home.upload_limit = 100_000
        channel = await bot.room()
        with pytest.raises(discord.HTTPException) as caught:
            await channel.send(file=discord.File(io.BytesIO(bytes(100_001)), "a.png"))
        assert (caught.value.status, caught.value.code) == (413, 40005)
        files = [
            discord.File(io.BytesIO(make_png()), name, description=name, spoiler=name == "b.png")
            for name in ("a.png", "b.png")
        ]
        sent = await channel.send("two", files=files)
        assert [a.is_spoiler() for a in sent.attachments] == [False, True]
        assert (sent.attachments[1].filename, sent.attachments[1].description) == ("SPOILER_b.png", "b.png")
        assert (sent.attachments[0].width, sent.attachments[0].height) == (160, 128)
        assert await sent.attachments[0].read() == make_png()
        edited = await sent.edit(
            attachments=[sent.attachments[1], discord.File(io.BytesIO(make_png(seed=1)), "c.png")]
        )
        assert [a.filename for a in edited.attachments] == ["SPOILER_b.png", "c.png"]


async def test_an_enforced_nonce_makes_one_message(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        for _ in range(2):
            await bot.http.request(
                discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=ROOM),
                json={"content": "once", "nonce": "wish-1", "enforce_nonce": True},
            )
        assert len(discord_server.messages) == 1


async def test_rate_limits_are_honoured_by_the_library(server: Any) -> None:
    limits = RateLimits({"POST:/channels/{channel_id}/messages": (2, 0.4)})
    async with server(limits=limits) as discord_server, online(discord_server) as bot:
        channel, began = await bot.room(), asyncio.get_running_loop().time()
        await asyncio.gather(*(channel.send(str(n)) for n in range(5)))
        assert asyncio.get_running_loop().time() - began > 0.7
        assert len(discord_server.messages) == 5


async def test_the_limit_for_all_is_honoured_by_the_library(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        channel = await bot.room()
        discord_server.limits.overall = (2, 0.3)
        for number in range(5):
            await channel.send(str(number))
        assert discord_server.limits.refusals >= 1
        assert len(discord_server.messages) == 5


async def test_requests_during_a_rate_limit_are_complained_of(server: Any) -> None:
    limits = RateLimits({"typing": (1, 1.0)})
    async with (
        server(("during a rate limit",), limits=limits) as discord_server,
        online(discord_server) as bot,
    ):
        address, headers = (
            f"{discord_server.api}/channels/{ROOM}/typing",
            {"Authorization": f"Bot {discord_server.token}"},
        )
        session, statuses = bot.http._HTTPClient__session, []  # type: ignore[attr-defined]
        for pause in (0, 0, 0.2):
            await asyncio.sleep(pause)
            async with session.post(address, headers=headers) as answer:
                statuses.append(answer.status)
        assert statuses == [204, 429, 429]


class Form(discord.ui.Modal, title="More…"):
    wish = discord.ui.TextInput[Any](label="Wish", default="pink hair")
    much = discord.ui.Label[Any](
        text="How much",
        component=discord.ui.Select(
            options=[discord.SelectOption(label=n, default=n == "a bit") for n in ("a bit", "very")]
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.much.component, discord.ui.Select)
        await interaction.response.edit_message(
            content=f"wished: {self.wish.value}, {self.much.component.values[0]}"
        )


class Panel(discord.ui.View):
    @discord.ui.button(label="More…", emoji="✨")
    async def more(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(
        placeholder="Go to",
        options=[discord.SelectOption(label="first", value="1"), discord.SelectOption(label="2")],
    )
    async def go(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"at {select.values[0]}", ephemeral=True)


def equipped() -> Probe:
    """A bot with a command, a subcommand for moderators, and menus."""
    probe = Probe()

    @probe.tree.command(description="Edit a picture")
    @app_commands.allowed_installs(guilds=True, users=True)
    async def edit(
        interaction: discord.Interaction, wish: str, picture: discord.Attachment | None = None
    ) -> None:
        await interaction.response.defer()
        size = len(await picture.read()) if picture else 0
        await interaction.followup.send(f"{wish} {size} {interaction.user.id}", view=Panel())

    @edit.autocomplete("wish")
    async def wishes(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=w, value=w) for w in ("pink hair", "glasses") if typed in w]

    group = app_commands.Group(
        name="mod", description="Moderate", default_permissions=discord.Permissions(manage_guild=True)
    )

    @group.command(description="Block a member")
    async def block(
        interaction: discord.Interaction, who: discord.Member, days: app_commands.Range[int, 1, 7] = 1
    ) -> None:
        await interaction.response.send_message(
            f"{who.display_name} {days} {interaction.permissions.manage_guild}", ephemeral=True
        )

    @probe.tree.context_menu(name="What was done here?")
    async def what(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.content} {len(message.attachments)}")

    @probe.tree.context_menu(name="Their wishes")
    async def who(interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message(f"{user.name} in {interaction.locale}")

    probe.tree.add_command(group)
    return probe


async def test_members_use_commands_menus_and_forms(server: Any) -> None:
    async with server() as discord_server, online(discord_server, equipped()) as bot:
        await bot.tree.sync()
        assert [c["name"] for c in await discord_server.autocomplete(ANN, "edit", "wish", "pi")] == [
            "pink hair"
        ]
        options = {"wish": "glasses", "picture": ("me.png", *PORTRAIT["me.png"])}
        answer = await discord_server.original_response(await discord_server.slash(ANN, "edit", options))
        assert answer["content"] == f"glasses {len(make_png())} {ANN['id']}"
        chosen = await discord_server.choose(ANN, answer, "first")
        (private,) = await discord_server.followups(chosen)
        assert private["content"] == "at 1"
        assert private["flags"] & objects.EPHEMERAL
        with pytest.raises(discord.NotFound):
            await (await bot.room()).fetch_message(int(private["id"]))
        for label, text in (("More…", "blue"), ("✨", "green")):
            pressed = await discord_server.press(ANN, answer, label)
            assert (await discord_server.callback_of(pressed))["type"] == 9
            await discord_server.submit(
                ANN, pressed, {"Wish": text, "How much": "very"} if text == "blue" else {"Wish": text}
            )
            wished = f"wished: {text}, {'very' if text == 'blue' else 'a bit'}"
            await discord_server.settled(answer, lambda message, wished=wished: message["content"] == wished)
        unheard = await discord_server.say(BEN, "unrelated", mention=False, files=PORTRAIT)
        done = await discord_server.original_response(
            await discord_server.message_menu(ANN, "What was done here?", unheard)
        )
        assert done["content"] == "unrelated 1"
        asked = await discord_server.user_menu(ANN | {"locale": "zh-CN"}, "Their wishes", BEN)
        assert (await discord_server.original_response(asked))["content"] == "ben in zh-CN"


async def test_commands_are_hidden_from_whom_they_are_not_for(server: Any) -> None:
    async with server() as discord_server, online(discord_server, equipped()) as bot:
        await bot.tree.sync()
        role = discord_server.add_role(discord_server.home, "mods", permissions.MANAGE_GUILD)
        discord_server.join(discord_server.home, BEN, (role,))
        with pytest.raises(NotOffered):
            await discord_server.slash(ANN, "mod block", {"who": BEN})
        with pytest.raises(NotOffered):
            await discord_server.slash(BEN, "mod block", {"who": ANN, "days": 8})
        answer = await discord_server.original_response(
            await discord_server.slash(BEN, "mod block", {"who": ANN, "days": 2})
        )
        assert answer["content"] == "Ann 2 True"


async def test_user_installs_have_five_followups(server: Any) -> None:
    probe = equipped()

    @probe.tree.command(description="Say much")
    @app_commands.allowed_installs(guilds=False, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def much(interaction: discord.Interaction) -> None:
        assert interaction.is_user_integration()
        await interaction.response.send_message("0")
        for number in range(1, 6):
            await interaction.followup.send(str(number))
        with pytest.raises(discord.HTTPException) as caught:
            await interaction.followup.send("6")
        probe.events.append(("refused", caught.value.code))

    async with server() as discord_server:
        away = discord_server.add_guild("elsewhere", bot_in=False)
        async with online(discord_server, probe) as bot:
            await bot.tree.sync()
            for place in (next(iter(away.channels)), discord_server.private_channel(ANN, BEN)["id"]):
                sent = await discord_server.slash(ANN, "much", channel=place)
                assert len(await discord_server.followups(sent, 5)) == 5
            await bot.until(lambda: bot.events == [("refused", 40094)] * 2)


async def test_interactions_wait_three_seconds_and_are_answered_once(server: Any) -> None:
    probe, codes = equipped(), []

    @probe.tree.command(description="Be late")
    async def late(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0.5)
        try:
            await interaction.response.defer()
        except discord.NotFound as error:
            codes.append(error.code)

    @probe.tree.command(description="Answer twice")
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("again")
        except discord.HTTPException as error:
            codes.append(error.code)
        discord_server.clock.advance(901)
        try:
            await interaction.edit_original_response(content="too late")
        except discord.HTTPException as error:
            codes.append(error.code)

    async with (
        server(("left unanswered", "answered twice")) as discord_server,
        online(discord_server, probe) as bot,
    ):
        await bot.tree.sync()
        discord_server.world.patience = 0.3
        await discord_server.slash(ANN, "late")
        await bot.until(lambda: codes == [10062])
        discord_server.world.patience = 3.0
        await discord_server.slash(ANN, "twice")
        await bot.until(lambda: codes == [10062, 40060, 50027])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"content": "x" * 2001}, "2000"),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, "row"),
        ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "y"}]}, "stand alone"),
        ({"embeds": [{"description": "x" * 4000}, {"description": "y" * 2001}]}, "6000"),
        (
            {
                "content": "x",
                "components": [
                    {
                        "type": 1,
                        "components": [
                            {"type": 2, "style": 1, "label": label, "custom_id": "same"} for label in "ab"
                        ],
                    }
                ],
            },
            "one custom_id",
        ),
    ],
)
async def test_messages_beyond_the_limits_are_refused(server: Any, body: dict[str, Any], words: str) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        with pytest.raises(discord.HTTPException) as caught:
            await bot.http.request(
                discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=ROOM), json=body
            )
        assert caught.value.code in (50006, 50035)
        assert any(words in complaint for complaint in discord_server.complaints)
        discord_server.complaints.clear()


async def test_components_of_the_second_version_come_back_whole(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        view = discord.ui.LayoutView()
        gallery = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png", description="alt"))
        view.add_item(discord.ui.Container(discord.ui.TextDisplay("**pink hair**"), gallery))
        sent = await (await bot.room()).send(view=view, file=discord.File(io.BytesIO(make_png()), "a.png"))
        assert sent.flags.components_v2
        assert await sent.attachments[0].read() == make_png()
        assert discord_server.files_of(discord_server.messages[str(sent.id)]) == [make_png()]


async def test_avatars_members_and_direct_messages(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        cy = objects.user("800000000000000004", "cy")
        discord_server.add_avatar(cy, make_png())
        discord_server.join(discord_server.home, cy)
        member = await bot.get_guild(int(objects.GUILD)).fetch_member(int(cy["id"]))
        assert await member.display_avatar.read() == make_png()
        await member.send("hello")
        assert [m["content"] for m in discord_server.messages.values()] == ["hello"]
        discord_server.world.closed_to_bot.add(cy["id"])
        with pytest.raises(discord.Forbidden):
            await member.send("hello?")
        with pytest.raises(discord.Forbidden):
            await bot.room(discord_server.private_channel(ANN, BEN)["id"])


async def test_only_who_may_pings_everyone(server: Any) -> None:
    async with server() as discord_server, online(discord_server) as bot:
        channel, all_of_them = await bot.room(), discord.AllowedMentions(everyone=True)
        assert not (await channel.send("@everyone", allowed_mentions=all_of_them)).mention_everyone
        discord_server.overwrite(
            discord_server.channels[ROOM], objects.BOT, allow=permissions.MENTION_EVERYONE
        )
        assert (await channel.send("@everyone", allowed_mentions=all_of_them)).mention_everyone
        assert not (await channel.send("@everyone")).mention_everyone


async def test_privileged_intents_must_be_switched_on(server: Any) -> None:
    async with server(privileged=0) as discord_server, Probe(message_content=True) as bot:
        await bot.login(discord_server.token)
        assert not bot.application_flags.gateway_message_content_limited
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.connect()


async def test_threads_and_age_restricted_channels(server: Any) -> None:
    async with server() as discord_server, online(discord_server, equipped()) as bot:
        await bot.tree.sync()
        restricted = discord_server.add_channel(discord_server.home, "grown-ups", nsfw=True)
        thread = discord_server.add_thread(restricted, "a thread")
        await discord_server.say(ANN, "in the thread", channel=thread["id"])
        await bot.until(lambda: bool(bot.heard))
        assert bot.heard[0].channel.is_nsfw()
        answer = await discord_server.original_response(
            await discord_server.slash(ANN, "edit", {"wish": "x"}, channel=thread["id"])
        )
        assert answer["channel_id"] == thread["id"]
        await bot.heard[0].reply("here")
        discord_server.overwrite(restricted, objects.GUILD, deny=permissions.SEND_IN_THREADS)
        with pytest.raises(discord.Forbidden):
            await bot.heard[0].reply("and here")


async def test_a_reply_to_the_answer_of_an_interaction_is_blank(server: Any) -> None:
    async with server() as discord_server, online(discord_server, equipped()) as bot:
        await bot.tree.sync()
        answer = await discord_server.original_response(
            await discord_server.slash(ANN, "edit", {"wish": "x"})
        )
        await discord_server.say(ANN, "now less", mention=False, reply_to=answer)
        await bot.until(lambda: bool(bot.heard))
        assert bot.heard[0].content == ""
        assert bot.heard[0].reference.resolved.content.startswith("x 0")
