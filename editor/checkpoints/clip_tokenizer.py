"""CLIP's tokenizer, from its list of merges (byte pair encoding, Sennrich et al. 2016, arXiv 1508.07909)."""

from __future__ import annotations

from collections.abc import Sequence

from editor.api.errors import BadCheckpoint

MERGES = 49152 - 256 - 2
"""Merges of OpenAI's vocabulary: 49152 entries without the 256 bytes and 2 marks."""
START, END = "<|startoftext|>", "<|endoftext|>"
SPLIT = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def openai_tokenizer(text: str) -> str:
    """Build the text of a ``tokenizer.json`` from OpenAI's list of merges. Raises BadCheckpoint."""
    merges = read_merges(text.split("\n")[1 : MERGES + 1])
    letters = list(byte_letters().values())
    pairs = ["".join(pair) for pair in merges]
    entries = [*letters, *(f"{letter}</w>" for letter in letters), *pairs, START, END]
    return build_tokenizer({entry: number for number, entry in enumerate(entries)}, merges)


def read_merges(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Read the pairs of a list of merges. Raises BadCheckpoint."""
    pairs = [tuple(line.split()) for line in lines if line and not line.startswith("#version")]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise BadCheckpoint("The vocabulary's list of merges is damaged.")
    return pairs  # type: ignore[return-value]


def byte_letters() -> dict[int, str]:
    """Map each byte to its letter: itself if it is visible, else a letter from 256 on."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    letters = {byte: chr(byte) for byte in visible}
    return letters | {byte: chr(256 + number) for number, byte in enumerate(hidden)}


def build_tokenizer(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> str:
    """Build the text of a ``tokenizer.json``. Raises BadCheckpoint if the vocabulary lacks its marks."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    if START not in vocabulary or END not in vocabulary:
        raise BadCheckpoint(f"The vocabulary lacks its marks {START} and {END}.")
    model = models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>", unk_token=END)
    tokenizer = Tokenizer(model)
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), spaces, normalizers.Strip(), normalizers.Lowercase()]
    )
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])]
    )
    return tokenizer.to_str()
