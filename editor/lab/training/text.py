"""Train the shared text tower to imitate the embeddings of a large sentence encoder.

The teacher is all-MiniLM-L6-v2 (Wang et al. 2020, arXiv 2002.10957). The texts are a wide vocabulary, random
phrases of it, and the seen wordings of the drawn domains. Word vectors start as the teacher's embeddings of
the words, reduced to their principal components. So a word that occurs in no training text still means what
the teacher takes it to mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertModel
from wordfreq import top_n_list

from editor.lab.training.avatars.lexicon import LEXICON
from editor.lab.training.bundles import save_weights
from editor.lab.training.optim import cosine_decay, set_rate, take_step
from editor.lab.training.run import Run
from editor.lab.training.tables import load_table
from editor.networks.text import TextTower, words

VOCABULARY = 20_000
FORMS = load_table(__file__, "texts.toml")["phrases"]


class SentenceTeacher:
    """Reads ``config.json``, ``tokenizer.json`` and ``model.safetensors`` of a folder."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.device = device
        model = BertModel.from_pretrained(folder, add_pooling_layer=False, local_files_only=True)
        self.model = model.float().to(self.device).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_padding()
        self.tokenizer.enable_truncation(64)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 256) -> Tensor:
        """N texts -> unit sentence embeddings [N, 384]; texts of similar lengths are batched together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        result = torch.empty(len(texts), self.model.config.hidden_size)
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            encoded = self.tokenizer.encode_batch([texts[i] for i in rows])
            ids, mask = (
                torch.tensor([getattr(one, name) for one in encoded], device=self.device)
                for name in ("ids", "attention_mask")
            )
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
            share = mask[:, :, None].float()
            result[rows] = F.normalize((hidden * share).sum(1) / share.sum(1), dim=1).cpu()
        return result

    def encode_once(self, texts: Sequence[str], cache: Path) -> Tensor:
        """Encode N texts, or read their embeddings from ``cache``, where an earlier run kept them."""
        if not cache.exists():
            torch.save(self.encode(texts).half(), cache)
        return torch.load(cache, weights_only=True).float()


def common_words() -> list[str]:
    """Return the most common English words."""
    return [word for word in top_n_list("en", VOCABULARY) if word.isascii()]


def seen_wordings() -> list[str]:
    """Return the wordings that training may see."""
    return [phrase.text for phrase in LEXICON.phrases if not phrase.unseen]


def vocabulary() -> list[str]:
    """Return the most common English words and every word of the seen wordings."""
    return list(dict.fromkeys([*common_words(), *(word for text in seen_wordings() for word in words(text))]))


def corpus(seed: int, phrases: int, lexical: int) -> list[str]:
    """Return words, random phrases and seen wordings, shuffled."""
    rng = np.random.default_rng(seed)
    common, seen = common_words(), seen_wordings()
    texts = list(common[:12_000])
    ranks = (len(common) * rng.random((phrases, 2)) ** 2).astype(int)  # prefers common words
    for row, (a, b) in enumerate(ranks):
        texts.append(FORMS[row % len(FORMS)].format(a=common[a], b=common[b]))
    texts += [seen[i] for i in rng.permutation(len(seen))[:lexical]]
    return [texts[i] for i in rng.permutation(len(texts))]


@torch.no_grad()
def initialise_words(tower: TextTower, found: Tensor) -> None:
    """Set the word vectors to the teacher's embeddings [words, 384] of the vocabulary, reduced by PCA."""
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


def main(run: Run, options: SimpleNamespace) -> None:
    """Train the tower and compare it with its teacher on texts that it has not seen."""
    texts, names = corpus(run.seed, options.phrases, options.lexical), vocabulary()
    unseen = [phrase.text for phrase in LEXICON.phrases if phrase.unseen][::8]
    teacher = SentenceTeacher(options.teacher, run.device)
    wanted = teacher.encode_once(texts, run.folder / "teacher.pt")
    tower = TextTower(names)
    initialise_words(tower, teacher.encode_once(names, run.folder / "words.pt"))
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
