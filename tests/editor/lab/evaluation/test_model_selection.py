"""Which bundles unseen pictures are assigned to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.editing.engine import Engine
from editor.lab.evaluation.model_selection import assignments
from tests.tiny import write_bundle


def test_every_picture_of_every_drawn_domain_is_counted_once(tmp_path: Path) -> None:
    folders = {
        name: write_bundle(tmp_path / name, seed)
        for seed, name in enumerate(("people", "animals", "published"))
    }
    for name, domain in (("people", "avatars"), ("animals", "critters")):
        (folders[name] / "record.json").write_text(json.dumps({"judge": {"domain": domain}}))
    engine = Engine.load([tmp_path])
    engine.loaded = {name: engine.loaded[name] for name in folders}
    found = assignments(engine, folders, count=3, seed=7)
    assert set(found) == {"people", "animals", "patterns"}, "a bundle without a record has no drawings"
    for where in found.values():
        assert sum(where["to"].values()) == 3
        assert set(where["to"]) <= set(folders)
        assert 0 <= where["out_of_domain"] <= 3
