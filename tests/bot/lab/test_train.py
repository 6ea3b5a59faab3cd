"""Training is one run that a seed decides, whether or not it was stopped on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("wordfreq")
from bot.lab import train as lab

SMALL = lab.Settings(steps=4, horizon=6, ramp=((2, 1.0), (4, 0.0)), batch=2, width=8, hidden=8)


def test_a_stopped_run_ends_with_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "EVERY", 1)
    record = lab.train(SMALL, tmp_path / "whole", tmp_path / "whole.pt")
    save = lab.Run.save

    def stop(run: lab.Run, path: Path) -> None:
        save(run, path)
        if run.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lab.Run, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            lab.train(SMALL, tmp_path / "parts", tmp_path / "parts.pt")
    assert not (tmp_path / "parts").exists()
    lab.train(SMALL, tmp_path / "parts", tmp_path / "parts.pt")
    whole, parts = ((tmp_path / name / lab.FILE).read_bytes() for name in ("whole", "parts"))
    assert whole == parts
    assert not list(tmp_path.glob("*.pt"))
    stored = json.loads((tmp_path / "whole" / "record.json").read_text(encoding="utf-8"))
    assert stored == record
    assert stored["command"] == "python -m bot train-reader"
    assert len(stored["examples"]) == 16


def test_the_checkpoint_of_another_run_is_not_used(tmp_path: Path) -> None:
    lab.Run(SMALL, *_parts(), step=3).save(tmp_path / "one.pt")
    other = lab.Run(lab.Settings(seed=2), *_parts())
    other.resume(tmp_path / "one.pt")
    assert other.step == 0
    same = lab.Run(SMALL, *_parts())
    same.resume(tmp_path / "one.pt")
    assert same.step == 3


def _parts() -> tuple[lab.Network, lab.torch.optim.Optimizer, lab.torch.optim.lr_scheduler.LRScheduler]:
    network = lab.Network(SMALL)
    optimiser = lab.torch.optim.AdamW(network.parameters())
    return network, optimiser, lab.torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, 6)
