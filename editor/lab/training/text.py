"""Train the shared text tower to imitate the embeddings of a large sentence encoder.

The texts are a wide vocabulary, random phrases of it, and the seen wordings of the drawn domains. Word
vectors start as the teacher's embeddings of the words, reduced to their principal components. So a word that
occurs in no training text still means what the teacher takes it to mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from wordfreq import top_n_list

from editor.lab.training.avatars.lexicon import LEXICON
from editor.lab.training.bundles import save_weights
from editor.lab.training.optim import cosine_decay, set_rate, take_step
from editor.lab.training.options import add_batch, arguments, parse, start
from editor.lab.training.run import Run
from editor.lab.training.sentence_teacher import SentenceTeacher
from editor.networks.text import TextTower, words

VOCABULARY = 20_000
_FORMS = (
    "{a} {b}",
    "a {a} {b}",
    "a person with {a} {b}",
    "no {a}",
    "without {a}",
    "a face with {a}",
    "someone who is {a}",
    "very {a}",
    "the {b} is {a}",
    "not {a}",
    "{a} and {b}",
    "a {b} that looks {a}",
    "make it {a}",
    "like a {a} {b}",
)


def common_words() -> list[str]:
    """Return the most common English words."""
    return [word for word in top_n_list("en", VOCABULARY) if word.isascii()]


def vocabulary() -> list[str]:
    """Return the most common English words and every word of the seen wordings."""
    found = dict.fromkeys(common_words())
    for phrase in LEXICON.phrases:
        if not phrase.unseen:
            found.update(dict.fromkeys(words(phrase.text)))
    return list(found)


def corpus(seed: int, phrases: int, lexical: int) -> list[str]:
    """Return words, random phrases and seen wordings, shuffled."""
    rng = np.random.default_rng(seed)
    common = common_words()
    texts = list(common[:12_000])
    ranks = (len(common) * rng.random((phrases, 2)) ** 2).astype(int)  # prefers common words
    for row, (a, b) in enumerate(ranks):
        texts.append(_FORMS[row % len(_FORMS)].format(a=common[a], b=common[b]))
    seen = [phrase.text for phrase in LEXICON.phrases if not phrase.unseen]
    texts += [seen[i] for i in rng.permutation(len(seen))[:lexical]]
    return [texts[i] for i in rng.permutation(len(texts))]


def teacher_embeddings(teacher: SentenceTeacher, texts: list[str], cache: Path) -> Tensor:
    """Return the teacher's embeddings [N, 384], computed once and kept in ``cache``."""
    if cache.exists():
        return torch.load(cache, weights_only=True).float()
    found = torch.cat([teacher.encode(texts[i : i + 4096]) for i in range(0, len(texts), 4096)])
    torch.save(found.half(), cache)
    return found


@torch.no_grad()
def initialise_words(tower: TextTower, found: Tensor) -> None:
    """Set the word vectors to the teacher's embeddings [words, 384] of the vocabulary, reduced by PCA, in
    place.
    """
    centred = found - found.mean(0)
    _, _, directions = torch.pca_lowrank(centred, q=tower.word.embedding_dim, center=False)
    reduced = centred @ directions
    tower.word.weight[1:] = reduced / reduced.std()
    tower.word.weight[0] = 0.0
    tower.trigram.weight.mul_(0.3)


def train(run: Run, tower: TextTower, texts: list[str], wanted: Tensor, rate: float, batch: int) -> None:
    """Train with a cosine loss, and a loss of the similarities inside a batch, which keeps neighbourhoods."""
    optimizer = torch.optim.AdamW(tower.parameters(), lr=rate, weight_decay=0.01)
    run.parts = {"tower": tower, "optimizer": optimizer}
    tokens = tower.tokenise(texts)
    for fraction in run.steps("text"):
        tower.train()
        set_rate(optimizer, rate * cosine_decay(fraction, warm_up=0.03, hold=0.2))
        rows = torch.from_numpy(run.rng().integers(0, len(texts), batch))
        longest = int(tokens[2][rows].sum(1).max())
        made = tower(*(part[rows, :longest].to(run.device) for part in tokens))
        target = wanted[rows].to(run.device)
        neighbours = (made @ made.t() - target @ target.t()).square().mean()
        loss = (1 - (made * target).sum(1)).mean() + 2 * neighbours
        take_step(optimizer, loss)
        if run.step % 200 == 199:
            run.log(loss=loss.item())
    tower.eval()


def main(argv: Sequence[str]) -> int:
    """Run ``python -m editor train text``."""
    parser = arguments("Train the shared text tower to imitate a sentence encoder.", 15, "text")
    teacher_help = "folder of all-MiniLM-L6-v2 (safetensors, tokenizer.json)"
    parser.add_argument("--teacher", type=Path, required=True, help=teacher_help)
    parser.add_argument("--phrases", type=int, default=60_000, help="random phrases among the texts")
    parser.add_argument("--lexical", type=int, default=12_000, help="seen wordings among the texts")
    add_batch(parser, 256, "texts", rate=2e-3)
    options = parse(parser, argv)
    run = start(options)
    texts = corpus(run.seed, options.phrases, options.lexical)
    unseen = [phrase.text for phrase in LEXICON.phrases if phrase.unseen][::8]
    teacher = SentenceTeacher(options.teacher, run.device)
    wanted = teacher_embeddings(teacher, texts, run.folder / "teacher.pt")
    names = vocabulary()
    tower = TextTower(names)
    initialise_words(tower, teacher_embeddings(teacher, names, run.folder / "words.pt"))
    tower.to(run.device)
    held_out = len(texts) // 50
    train(run, tower, texts[held_out:], wanted[held_out:], options.rate, options.batch)
    tower = tower.cpu()
    cosines = {
        "cosine_held_out": (tower.encode(texts[:held_out]) * wanted[:held_out]).sum(1),
        "cosine_unseen_wordings": (tower.encode(unseen) * teacher.encode(unseen)).sum(1),
    }
    if options.bundle:
        options.bundle.mkdir(parents=True, exist_ok=True)
        (options.bundle / "vocabulary.txt").write_text("\n".join(names), encoding="utf-8")
        save_weights(tower, options.bundle / "text.safetensors")
    run.write_record("text", options, {name: round(float(row.mean()), 4) for name, row in cosines.items()})
    return 0
