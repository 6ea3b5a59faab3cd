"""A small network, run with numpy, that marks what each clause does and what each word is in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from bot.language import lexicon
from bot.language.chinese.segments import CONTENT, vocabulary
from bot.language.chinese.segments import read as words
from bot.language.features import features
from bot.language.labels import ACTS, CHANGES, LANGUAGES, SEPARATOR, TAGS
from bot.language.text import Token, has_han, has_kana, tokenise
from bot.language.words import correct

MODEL = Path(__file__).parent / "model" / "reader.safetensors"
KNOWN = 2.0
"""What it adds to the log-likelihood of a language if all words of a text are known in it."""
SURELY = 0.9
"""How likely Japanese must be in a text without its syllables."""
LEAST_LIKELY = 0.1
"""An act that is less likely is no reading of a clause."""
_CHANGES = [ACTS.index(act) for act in CHANGES]
Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Span:
    """Text of one slot, as it stands in the sentence from ``start`` on."""

    slot: str
    text: str
    start: int


@dataclass(frozen=True)
class Clause:
    """A clause: its act, how likely this and any edit is, its slots, its text, and the next likely acts."""

    act: str
    sure: float
    edits: float
    spans: tuple[Span, ...]
    text: str
    others: tuple[str, ...] = ()

    def said(self, *slots: str) -> list[str]:
        """The texts of some slots."""
        return [span.text for span in self.spans if span.slot in slots]


@cache
def _weights() -> dict[str, Array]:
    return {name: value.astype(np.float32) for name, value in load_file(MODEL).items()}


def _sigmoid(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)), np.float32)


def _gru(inputs: Array, layer: int) -> Array:
    """A bidirectional GRU layer: [tokens, in] -> [tokens, 2 * hidden]. Both directions run in one loop."""
    weights, ways = _weights(), ("", "_reverse")
    named = [[weights[f"encoder.{kind}_l{layer}{way}"] for way in ways] for kind in ("weight_ih", "bias_ih")]
    moved = [x @ w.T + b for x, w, b in zip((inputs, inputs[::-1]), *named, strict=True)]
    gates = np.stack(moved, axis=1)  # [tokens, 2, 3 * hidden]
    recurrent = np.stack([weights[f"encoder.weight_hh_l{layer}{way}"].T for way in ways])
    bias = np.stack([weights[f"encoder.bias_hh_l{layer}{way}"] for way in ways])
    hidden = recurrent.shape[1]
    state = np.zeros((2, hidden), np.float32)
    outputs = np.empty((len(inputs), 2, hidden), np.float32)
    for place, gate in enumerate(gates):
        own = np.matmul(state[:, None], recurrent)[:, 0] + bias
        both = _sigmoid(gate[:, : 2 * hidden] + own[:, : 2 * hidden])
        reset, update = both[:, :hidden], both[:, hidden:]
        new = np.tanh(gate[:, 2 * hidden :] + reset * own[:, 2 * hidden :])
        state = new + update * (state - new)
        outputs[place] = state
    return np.concatenate([outputs[:, 0], outputs[::-1, 1]], axis=1)


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


def _logits(tokens: list[Token]) -> tuple[Array, Array, Array, Array]:
    """Log-likelihoods of acts, tags and languages [tokens, labels], and logits of beginnings [tokens]."""
    weights = _weights()
    table = weights["embedding.weight"]
    spelt = [replace(token, text=correct(token.text)) for token in tokens]
    encoded = np.stack([table[list(numbers)].mean(axis=0) for numbers in features(spelt)])
    for layer in (0, 1):
        encoded = _gru(encoded, layer)
    heads = ("act", "begin", "slot", "language")
    act, begin, slot, language = (
        encoded @ weights[f"{head}.weight"].T + weights[f"{head}.bias"] for head in heads
    )
    return _log_softmax(act), begin[:, 0], _log_softmax(slot), _log_softmax(language)


def _language(cleaned: str, tokens: list[Token], likely: Array) -> str:
    """The likeliest language of those that are written in a text's script."""
    scores = dict(zip(LANGUAGES, likely.mean(axis=0), strict=True))
    plain = [lexicon.without_accents(token.text) for token in tokens]
    for code in LANGUAGES[2:]:
        scores[code] += KNOWN * np.mean([word in vocabulary(code) for word in plain])
    if has_kana(cleaned):
        return "ja"
    if has_han(cleaned):
        return "ja" if scores["ja"] > np.log(SURELY) else "zh"
    return max(scores.keys() - {"zh", "ja"}, key=lambda code: scores[code])


def mark(cleaned: str) -> tuple[list[Clause], str]:
    """The clauses of a cleaned text, and the code of its language."""
    tokens = tokenise(cleaned)
    if not tokens:
        return [], "en"
    acts, begins, tags, languages = _logits(tokens)
    best = acts.argmax(axis=1)
    separates = best == ACTS.index(SEPARATOR)
    clauses: list[Clause] = []
    language, start = _language(cleaned, tokens, languages), 0
    for place in range(1, len(tokens) + 1):
        if place < len(tokens) and separates[place] == separates[place - 1] and begins[place] <= 0:
            continue
        if not separates[start]:
            clause = _clause(cleaned, tokens, start, place, acts[start:place], tags[start:place])
            clauses.append(_whole_words(clause, cleaned) if language == "zh" else clause)
        start = place
    return clauses, language


def _clause(text: str, tokens: list[Token], start: int, end: int, acts: Array, tags: Array) -> Clause:
    likely = np.exp(_log_softmax(acts.mean(axis=0)))
    likely[0] = 0.0  # a separator is no clause
    best, *others = (int(place) for place in likely.argsort()[::-1][:4])
    spans: list[Span] = []
    last = "O"
    for token, tag in zip(tokens[start:end], tags.argmax(axis=1), strict=True):
        label = TAGS[tag]
        slot = label[2:]
        if label.startswith("I-") and last == slot and spans:
            begun = spans[-1]
            spans[-1] = Span(slot, text[begun.start : token.end], begun.start)
        elif label != "O":
            spans.append(Span(slot, text[token.start : token.end], token.start))
        last = slot or "O"
    said = text[tokens[start].start : tokens[end - 1].end]
    also = tuple(ACTS[place] for place in others if likely[place] >= LEAST_LIKELY)
    return Clause(ACTS[best], float(likely[best]), float(likely[_CHANGES].sum()), tuple(spans), said, also)


def _whole_words(clause: Clause, text: str) -> Clause:
    """The clause with spans of Chinese that end inside a known word stretched to its ends."""
    edges = [
        (word.start, word.start + len(word.text))
        for word in words(text)
        if word.kind in CONTENT - {"unknown"}
    ]
    spans: list[Span] = []
    for span in clause.spans:
        start, end = span.start, span.start + len(span.text)
        start = min([start, *[left for left, right in edges if left < start < right]])
        end = max([end, *[right for left, right in edges if left < end < right]])
        if spans and start < spans[-1].start + len(spans[-1].text):
            continue
        spans.append(Span(span.slot, text[start:end], start))
    return replace(clause, spans=tuple(spans))
