"""Signatures with certificates made for the tests, verified by the reference library."""

from __future__ import annotations

import io
import json
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from PIL import Image

from bot.errors import BadSettings
from bot.pictures.credentials import Marker, Signer, problems
from bot.pictures.mark import SOURCE_TYPE, is_marked
from storage.records import Picture
from tests.bot.pictures.certificates import Key, chain
from tests.conftest import make_png

PLAIN = Picture(make_png(), "image/png", 160, 128)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_signed_result_verifies_and_keeps_pixels_and_mark(form: str, key: Key) -> None:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(PLAIN.data)).save(buffer, form)
    plain = Picture(buffer.getvalue(), f"image/{form.lower()}", 160, 128)
    signed = Marker(Signer(*chain(key)))(plain)
    assert problems(signed) == []
    assert is_marked(signed.data)
    before, after = (np.asarray(Image.open(io.BytesIO(picture.data))) for picture in (plain, signed))
    assert np.array_equal(before, after)


def test_the_manifest_says_edited_by_a_model_and_nothing_about_the_user() -> None:
    signed = Marker(Signer(*chain()))(PLAIN)
    report = json.loads(c2pa.Reader("image/png", io.BytesIO(signed.data)).json())
    manifest = report["manifests"][report["active_manifest"]]
    (actions,) = [
        a["data"]["actions"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")
    ]
    assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1]["digitalSourceType"] == SOURCE_TYPE
    assert manifest["claim_generator_info"][0]["name"] == "styleclip-bot"
    assert not any("thumbnail" in ingredient for ingredient in manifest["ingredients"])


def test_a_changed_byte_is_noticed() -> None:
    signed = Marker(Signer(*chain()))(PLAIN)
    changed = bytearray(signed.data)
    changed[-20] ^= 1  # inside the checksum of the pixels
    assert problems(Picture(bytes(changed), "image/png", 160, 128))


def test_a_signed_picture_is_not_signed_again() -> None:
    marker = Marker(Signer(*chain()))
    signed = marker(PLAIN)
    assert marker(signed) is signed
    labelled = marker(signed, visible=True)
    assert labelled != signed
    assert problems(labelled) == []


GOOD = chain()


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        (*chain(days=-3), "not valid at time of signing"),
        (GOOD[0], chain()[1], "does not match"),
        (b"no certificate", GOOD[1], "certificate"),
        (GOOD[0], b"no key", "C2PA_KEY holds no private key"),
    ],
    ids=["expired", "another key", "no certificate", "no key"],
)
def test_a_certificate_that_cannot_sign_is_refused_at_the_start(
    certificate: bytes, key: bytes, words: str
) -> None:
    with pytest.raises(BadSettings, match=r"start.certificate-refused") as refused:
        Signer(certificate, key)
    assert words in refused.value.values["reason"]


def test_settings_that_name_no_files_or_only_one_or_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_bytes(GOOD[0])
    (tmp_path / "key.pem").write_bytes(GOOD[1])
    assert Signer.from_files(None, None) is None
    assert Signer.from_files(tmp_path / "chain.pem", tmp_path / "key.pem") is not None
    with pytest.raises(BadSettings, match=r"start.half-a-certificate"):
        Signer.from_files(tmp_path / "chain.pem", None)
    with pytest.raises(BadSettings, match=r"start.unreadable-certificate") as refused:
        Signer.from_files(tmp_path / "chain.pem", tmp_path / "nothing.pem")
    assert refused.value.values["name"] == "C2PA_KEY"
