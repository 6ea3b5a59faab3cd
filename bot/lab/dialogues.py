"""Hold written conversations with the reader and compare the changes in force after each turn.

A line of a file is ``{"conversation", "turns": [{"text", "state"}, ...]}``. A state maps beginnings of words
of a prompt to the range of its strength; a name that begins with "|" may be absent. What an editor would do
is done on a list: an addition takes the place of one of the same kind about the same thing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.lab.evaluation import mentions
from bot.language.actions import (
    ALL,
    MAX_STRENGTH,
    Action,
    Add,
    Goto,
    Redo,
    Remove,
    Reset,
    Scale,
    Set,
    Undo,
)
from bot.language.prompts import english_of, kind_of, noun_of
from bot.language.reader import read

LEAST = 0.05
"""A weaker change is none."""
State = tuple[tuple[str, float], ...]


@dataclass
class Dialogue:
    """A conversation so far: every edit's state and the edit that it was made from, and the present edit."""

    edits: list[tuple[State, int]] = field(default_factory=lambda: [((), 0)])
    undone: list[int] = field(default_factory=list)
    head: int = 0

    @property
    def state(self) -> State:
        """Prompts and strengths in force, oldest first."""
        return self.edits[self.head][0]

    def say(self, text: str) -> list[Action]:
        """Do what a sentence asks for, and return its actions."""
        actions = read(text, [prompt for prompt, _ in self.state])
        before, state = self.head, self.state
        for action in actions:
            if isinstance(action, Undo | Redo | Goto | Reset):
                self._move(action)
                state, before = self.state, self.head
            else:
                state = changed(state, action)
        if state != self.edits[before][0]:
            self.edits.append((state, before))
            self.head, self.undone = len(self.edits) - 1, []
        return actions

    def _move(self, action: Action) -> None:
        match action:
            case Undo(steps=steps):
                for _ in range(steps):
                    if self.head:
                        self.undone.append(self.head)
                        self.head = self.edits[self.head][1]
            case Redo(steps=steps):
                for _ in range(min(steps, len(self.undone))):
                    self.head = self.undone.pop()
            case Goto(edit=number) if number < len(self.edits):
                self.undone, self.head = [], number
            case Reset():
                self.undone.append(self.head)
                self.head = 0


def changed(state: State, action: Action) -> State:
    """The changes in force after an action."""
    if isinstance(action, Add):
        kept = [(prompt, strength) for prompt, strength in state if not _replaces(action.prompt, prompt)]
        return (*kept, (action.prompt, action.strength))
    if not isinstance(action, Scale | Set | Remove):
        return state
    found = []
    for prompt, strength in state:
        new = strength
        if action.target in (prompt, ALL):
            match action:
                case Scale(factor=factor):
                    new = max(-MAX_STRENGTH, min(MAX_STRENGTH, strength * factor))
                case Set(strength=new):
                    pass
                case Remove():
                    new = 0.0
        found.append((prompt, new))
    return tuple(one for one in found if abs(one[1]) >= LEAST)


def _replaces(new: str, old: str) -> bool:
    """Whether two prompts describe one thing in one respect, as "pink hair" and "blue hair" do."""
    kinds = [{kind_of(word) for word in english_of(one).split()[:-1]} for one in (new, old)]
    noun = noun_of(new)
    return new == old or (noun is not None and noun == noun_of(old) and bool(kinds[0] & kinds[1] - {None}))


def as_expected(state: State, expected: dict[str, Sequence[float]]) -> bool:
    """Whether a state is the expected one."""
    used: set[int] = set()
    for name, (low, high) in expected.items():
        words = name.removeprefix("|").split()
        fitting = {
            place
            for place, (prompt, strength) in enumerate(state)
            if mentions(english_of(prompt), words) and low - 1e-6 <= strength <= high + 1e-6
        }
        if not fitting and not name.startswith("|"):
            return False
        used |= fitting
    return len(used) == len(state)


def hold(lines: Iterable[str]) -> tuple[int, int, list[dict[str, Any]]]:
    """The turns whose state is as expected, all turns, and the wrong ones of some conversations."""
    right, turns, wrong = 0, 0, list[dict[str, Any]]()
    for line in lines:
        case, dialogue = json.loads(line), Dialogue()
        for turn in case["turns"]:
            dialogue.say(turn["text"])
            turns += 1
            if as_expected(dialogue.state, turn["state"]):
                right += 1
            else:
                wrong.append({"conversation": case["conversation"], **turn, "read": list(dialogue.state)})
    return right, turns, wrong


def is_conversations(path: Path) -> bool:
    """Whether a file holds conversations."""
    with path.open(encoding="utf-8") as file:
        return '"turns"' in file.readline()
