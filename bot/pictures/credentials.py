"""Content Credentials: a signed C2PA manifest in a picture's file, where the operator has a certificate for it.

The manifest says that the picture was opened and then edited by a trained model, and which program did it; nothing of
the user, of the wish or of the picture before. It needs the optional package (``pip install styleclip-bot[c2pa]``),
which is only imported when a certificate is set. Nothing is fetched from the network: no time stamps, no OCSP.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from bot.pictures.errors import (
    CertificateRefused,
    HalfACertificate,
    SigningNotInstalled,
    UnreadableCertificate,
)
from bot.pictures.mark import SOURCE_TYPE, TOOL, mark
from storage.records import Picture

_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_trust": False, "ocsp_fetch": False, "remote_manifest_fetch": False},
}
_MANIFEST = {
    "claim_generator_info": [{"name": TOOL}],
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.edited",
                        "digitalSourceType": SOURCE_TYPE,
                        "softwareAgent": {"name": TOOL},
                    }
                ]
            },
        }
    ],
}


class Signer:
    """Signs files with one certificate chain and its key, both PEM, the certificate that signs first."""

    def __init__(self, chain: bytes, key: bytes) -> None:
        """Raises SigningNotInstalled, and CertificateRefused after a trial that does not verify."""
        try:
            import c2pa
        except ImportError as error:
            raise SigningNotInstalled() from error
        self._c2pa, self._chain, self._key = c2pa, chain, key
        self._algorithm = _algorithm(key)
        self._try()

    @classmethod
    def from_files(cls, certificate: Path | None, key: Path | None) -> Signer | None:
        """The signer of two settings, None where neither is set. Raises SigningUnready."""
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            raise HalfACertificate()
        return cls(_read("C2PA_CERTIFICATE", certificate), _read("C2PA_KEY", key))

    def sign(self, picture: Picture) -> Picture:
        """The picture with a manifest in its file; the pixels stay. Not the same bytes twice: a manifest is unique."""
        c2pa, signed = self._c2pa, io.BytesIO()
        context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
        info = c2pa.C2paSignerInfo(self._algorithm, self._chain, self._key, None)
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(_MANIFEST, context=context) as builder:
            builder.set_intent(
                c2pa.C2paBuilderIntent.EDIT
            )  # adds "opened", with the picture before as parent
            builder.sign(signer, picture.media_type, io.BytesIO(picture.data), signed)
        return replace(picture, data=signed.getvalue())

    def _try(self) -> None:
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "PNG")
        try:
            signed = self.sign(mark(Picture(buffer.getvalue(), "image/png", 8, 8)))
            wrong = problems(signed)
        except Exception as error:  # the package's own errors are many and have no common base
            raise CertificateRefused(reason=_first_line(error)) from None
        if wrong:
            raise CertificateRefused(reason=wrong[0])


def problems(picture: Picture) -> list[str]:
    """What does not verify in a signed picture, whoever the signer is; empty where all does."""
    import c2pa

    context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
    with c2pa.Reader(picture.media_type, io.BytesIO(picture.data), context=context) as reader:
        report: dict[str, Any] = json.loads(reader.json())
    failures = report["validation_results"]["activeManifest"]["failure"]
    return [
        entry.get("explanation") or entry["code"]
        for entry in failures
        if entry["code"] != "signingCredential.untrusted"
    ]


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableCertificate(name=name, reason=error.strerror or type(error).__name__) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _algorithm(key: bytes) -> bytes:
    """C2PA's name of the signature that this kind of key makes."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    try:
        private = serialization.load_pem_private_key(key, None)
    except (TypeError, ValueError):
        raise CertificateRefused(
            reason="C2PA_KEY holds no private key in PEM form without a password"
        ) from None
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return b"ps256"
    raise CertificateRefused(reason="this kind of key cannot sign")


_CURVES = {"secp256r1": b"es256", "secp384r1": b"es384", "secp521r1": b"es512"}
