"""Why the operator's C2PA certificate cannot be used; found when the bot starts, before anything is signed with it.

BadSettings
└── SigningUnready
    ├── SigningNotInstalled      the optional package is missing
    ├── HalfACertificate         only one of C2PA_CERTIFICATE and C2PA_KEY is set
    ├── UnreadableCertificate    the file of the setting ``name`` cannot be read for a ``reason``
    └── CertificateRefused       what is in the files cannot sign, for a ``reason``
"""

from __future__ import annotations

from bot.errors import BadSettings


class SigningUnready(BadSettings):
    """Base of what keeps results from being signed."""


class SigningNotInstalled(SigningUnready):
    """A certificate is set but the package that signs is not installed."""

    key = "start.signing-not-installed"


class HalfACertificate(SigningUnready):
    """Certificate without key, or key without certificate."""

    key = "start.half-a-certificate"


class UnreadableCertificate(SigningUnready):
    """The file of the setting ``name`` cannot be read for a ``reason``."""

    key = "start.unreadable-certificate"


class CertificateRefused(SigningUnready):
    """What is in the files cannot sign, for a ``reason``."""

    key = "start.certificate-refused"
