"""Content Credentials: a signed C2PA manifest in each result's file, if the operator has a certificate.

The manifest says that a picture was opened and then edited by a trained model, and by which program. It says
nothing about the user, the request or the original picture. Signing needs an optional package (``pip install
styleclip-bot[c2pa]``), which is imported only if a certificate is set. Nothing is fetched from the network:
no time stamps, no OCSP.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from bot.errors import BadSettings
from bot.pictures.mark import SOURCE_TYPE, TOOL, mark
from storage.records import Picture

_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_trust": False, "ocsp_fetch": False, "remote_manifest_fetch": False},
}
_EDITED = {"action": "c2pa.edited", "digitalSourceType": SOURCE_TYPE, "softwareAgent": {"name": TOOL}}
_MANIFEST = {
    "claim_generator_info": [{"name": TOOL}],
    "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [_EDITED]}}],
}
_CURVES = {"secp256r1": b"es256", "secp384r1": b"es384", "secp521r1": b"es512"}


class Signer:
    """Signs files with one certificate chain and its private key.

    Args:
        chain: PEM certificates, the signing one first.
        key: PEM private key without a password.

    Raises:
        BadSettings: The optional package is missing, or a trial picture could not be signed, or its signature
            did not verify.
    """

    def __init__(self, chain: bytes, key: bytes) -> None:
        try:
            import c2pa
        except ImportError as error:
            raise BadSettings("start.signing-not-installed") from error
        self._c2pa, self._chain, self._key = c2pa, chain, key
        self._algorithm = _algorithm(key)
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "PNG")
        try:
            found = problems(self.sign(mark(Picture(buffer.getvalue(), "image/png", 8, 8))))
        except Exception as error:  # the package's many errors have no common base
            found = [(str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")]
        if found:
            raise _refusal(found[0])

    @classmethod
    def from_files(cls, certificate: Path | None, key: Path | None) -> Signer | None:
        """Return the signer that two settings name, None if neither is set. Raises BadSettings."""
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            raise BadSettings("start.half-a-certificate")
        return cls(_read("C2PA_CERTIFICATE", certificate), _read("C2PA_KEY", key))

    def sign(self, picture: Picture) -> Picture:
        """Add a manifest to the file. The pixels stay. Each manifest is unique, so the bytes differ."""
        c2pa, signed = self._c2pa, io.BytesIO()
        context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
        info = c2pa.C2paSignerInfo(self._algorithm, self._chain, self._key, None)
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(_MANIFEST, context=context) as builder:
            # this adds the action "opened", with the original picture as its parent
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            builder.sign(signer, picture.media_type, io.BytesIO(picture.data), signed)
        return replace(picture, data=signed.getvalue())


@dataclass(frozen=True)
class Marker:
    """Marks pictures, then signs them if there is a signer. Signing gives other bytes each time."""

    signer: Signer | None = None

    def __call__(self, picture: Picture, visible: bool = False) -> Picture:
        """Mark a picture and, if it was not marked before, sign it."""
        marked = mark(picture, visible)
        return marked if marked is picture or self.signer is None else self.signer.sign(marked)


def problems(picture: Picture) -> list[str]:
    """Return what does not verify in a signed picture. An unknown issuer is not a problem here."""
    import c2pa

    context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
    with c2pa.Reader(picture.media_type, io.BytesIO(picture.data), context=context) as reader:
        report: dict[str, Any] = json.loads(reader.json())
    return [
        entry.get("explanation") or entry["code"]
        for entry in report["validation_results"]["activeManifest"]["failure"]
        if entry["code"] != "signingCredential.untrusted"
    ]


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadSettings("start.unreadable-certificate", name=name, reason=reason) from None


def _refusal(reason: str) -> BadSettings:
    return BadSettings("start.certificate-refused", reason=reason)


def _algorithm(key: bytes) -> bytes:
    """Return C2PA's name for the signature algorithm of this key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        private = serialization.load_pem_private_key(key, None)
    except (TypeError, ValueError):
        raise _refusal("C2PA_KEY holds no private key in PEM form without a password") from None
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return b"ps256"
    raise _refusal("this kind of key cannot sign")
