"""The commands as a user types them, on the embedded bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot import samples
from editor.__main__ import main as editor


def command(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=240, cwd=cwd
    )


def pixels(path: str | Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def turns(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """One conversation of ten turns."""
    said = (
        "pink hair",
        "now less",
        "add glasses",
        "undo",
        "redo",
        "wings",
        "remove the glasses",
        "smiling, without changing the hair",
        "show the history",
        "back to the original",
    )
    ran = command("bot", "try", "sample:2", *said, "--out", str(tmp_path_factory.mktemp("out")), "--json")
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_each_turn_reports_what_the_contract_says(turns: list[dict[str, Any]]) -> None:
    assert [turn["turn"] for turn in turns] == list(range(1, 11))
    assert {"turn", "text", "actions", "reply", "adjustments", "picture", "ms", "warnings"} <= set(turns[0])
    assert [turn["error"] for turn in turns] == [None] * 10
    assert [(a["prompt"], a["strength"]) for a in turns[2]["adjustments"]] == [
        ("pink hair", 0.6),
        ("glasses", 1.0),
    ]


def test_the_hair_turns_pink_and_less_pink_and_nothing_else_does(turns: list[dict[str, Any]]) -> None:
    before, pink, less = pixels(samples.path_of(2)), pixels(turns[0]["picture"]), pixels(turns[1]["picture"])
    assert before.shape == pink.shape
    hair = np.s_[80:120, 200:310]
    redness = [(picture[hair][..., 2] - picture[hair][..., 1]).mean() for picture in (before, less, pink)]
    assert redness[0] < redness[1] < redness[2], "blue rises over green: yellow, half pink, pink"
    assert np.abs(pink - before)[:30].max() <= 2, "the wall behind stays"


def test_undo_and_redo_give_the_same_files(turns: list[dict[str, Any]]) -> None:
    files = [Path(turn["picture"]).read_bytes() if turn["picture"] else None for turn in turns]
    assert files[3] == files[1]
    assert files[4] == files[2]
    assert np.array_equal(pixels(turns[9]["picture"]), pixels(samples.path_of(2)))


def test_results_say_that_they_were_edited_with_ai(turns: list[dict[str, Any]]) -> None:
    description = Image.open(turns[0]["picture"]).getxmp()["xmpmeta"]["RDF"]["Description"]
    assert description["DigitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert b"DigitalSourceType" not in Path(turns[9]["picture"]).read_bytes(), (
        "the original is as it was sent"
    )


def test_what_the_model_cannot_do_is_said(turns: list[dict[str, Any]]) -> None:
    assert "I can't do “wings”" in turns[5]["reply"]
    assert turns[5]["adjustments"] == turns[4]["adjustments"]


def test_parse_from_the_command_line(tmp_path: Path) -> None:
    ran = command("bot", "parse", "--after", "pink hair", "now less")
    assert json.loads(ran.stdout)["actions"] == [{"do": "scale", "target": "pink hair", "factor": 0.6}]
    batch = tmp_path / "batch.jsonl"
    batch.write_text(
        '{"after": [], "text": "glasses"}\n{"after": ["glasses"], "text": "undo"}\n', encoding="utf-8"
    )
    rows = [json.loads(line) for line in command("bot", "parse", "--batch", str(batch)).stdout.splitlines()]
    assert [row["actions"][0]["do"] for row in rows] == ["add", "undo"]


OPTIONS = {
    "serve": "host port socket device threads memory queue faces with-parent data bundles",
    "bundles": "bundles json",
    "import": "name to title domain licence neutral languages alignment prompt any-generator",
    "pull": "from mirror yes without-optional name to",
    "train": "",
    "directions": "images resolution probes minutes device",
    "parity": "published large only store",
    "evaluate": "bundle out portraits seed method models refusals in-a-row compare qualities json",
    "load": "url bundle users seconds pause threads seed json",
    "bench": "bundle bundles follow-ups against resolutions rounds growth loops threads device gpu json",
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_editor_command_explains_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = editor([name, "--help"])
    except SystemExit as end:
        status = int(end.code or 0)
    text = capsys.readouterr().out
    assert status == 0
    assert "usage: python -m editor" in text.lower()
    assert [option for option in OPTIONS[name].split() if f"--{option}" not in text] == []


def test_the_help_lists_all_editor_commands_and_does_not_load_torch() -> None:
    code = "import sys; from editor.__main__ import main; main(['--help']); sys.exit('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0
    listed = ran.stdout.partition("Commands:")[2]
    assert [name for name in OPTIONS if f"\n  {name} " not in listed] == []


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["fly"], "No such command 'fly'."),
        (["serve", "--wings"], "No such option: --wings"),
        (["serve", "--port", "x"], "Invalid value for '--port'"),
        (["serve", "--device", "abacus"], "Invalid value for '--device'"),
    ],
)
def test_an_editor_command_with_a_mistake_answers_in_a_sentence(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert editor(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1


def test_the_embedded_bundle_is_listed_whole() -> None:
    (info,) = [
        b
        for b in json.loads(command("editor", "bundles", "--json").stdout)["bundles"]
        if b["name"] == "avatar"
    ]
    assert (info["resolution"], info["licence"], info["methods"]) == (128, "MIT", ["mapper", "direction"])


def test_mistakes_are_told_in_a_line(tmp_path: Path) -> None:
    for words in (
        ("bot", "try", "sample:99", "x"),
        ("bot", "try", str(tmp_path / "none.png"), "x"),
        ("editor", "fly"),
    ):
        ran = command(*words, cwd=Path(__file__).parents[1])
        assert ran.returncode == 2
        assert "Traceback" not in ran.stderr
        assert ran.stderr.strip()


def test_the_bot_starts_without_torch() -> None:
    code = (
        "import sys; import bot.app.run, bot.web.server, bot.discord, bot.conversation.service; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
