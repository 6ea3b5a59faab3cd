"""Messages of earlier versions are still read, and earlier clients can read ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from editor.api.protocol import (
    Array,
    CompareRequest,
    EditRequest,
    Fidelity,
    Geometry,
    Inversion,
    InvertResult,
    Latent,
    PictureData,
    Request,
)

REQUESTS: TypeAdapter[Request] = TypeAdapter(Request)
INVERSION = Inversion(
    latent=Latent(bundle="b", fingerprint="f", w=Array(dtype="float32", shape=(1,), data=b"1234")),
    geometry=Geometry(center_x=1, center_y=1, side=1, width=2, height=2),
    fidelity=Fidelity(psnr=1, similarity=1, in_domain=True),
)


def earlier(**fields: Any) -> bytes:
    """A request of an earlier version, as JSON."""
    return json.dumps({"picture": "eA==", "inversion": INVERSION.model_dump(mode="json"), **fields}).encode()


def test_edit_requests_are_read_by_the_earlier_names() -> None:
    read = REQUESTS.validate_json(
        earlier(kind="edit", wishes=[{"prompt": "glasses"}], beside=[], patient=True)
    )
    assert isinstance(read, EditRequest)
    assert (read.picture, [change.prompt for change in read.changes], read.search) == (
        b"x",
        ["glasses"],
        True,
    )


def test_compare_requests_are_read_by_the_earlier_names() -> None:
    read = REQUESTS.validate_json(earlier(kind="compare", wish={"prompt": "glasses"}, beside=[]))
    assert isinstance(read, CompareRequest)
    assert read.change.prompt == "glasses"


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        REQUESTS.validate_json(earlier(kind="edit", wings=2))


def test_earlier_clients_find_no_field_that_they_do_not_know() -> None:
    picture = PictureData(media_type="image/png", width=1, height=1, data=b"x")
    result = InvertResult(inversion=INVERSION, picture=picture)
    assert set(json.loads(result.model_dump_json())) == {
        "kind",
        "inversion",
        "picture",
        "warnings",
        "face",
        "faces",
    }
