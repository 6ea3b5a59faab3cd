"""Why the operator's C2PA certificate cannot be used. The bot finds out when it starts.

BadSettings
└── SigningUnready
    ├── SigningNotInstalled      the optional package is missing
    ├── HalfACertificate         only one of C2PA_CERTIFICATE and C2PA_KEY is set
    ├── UnreadableCertificate    the file of the setting ``name`` cannot be read for a ``reason``
    └── CertificateRefused       the certificate and its key cannot sign for a ``reason``
"""

from __future__ import annotations

from bot.errors import BadSettings


class SigningUnready(BadSettings):
    pass


class SigningNotInstalled(SigningUnready):
    key = "start.signing-not-installed"


class HalfACertificate(SigningUnready):
    key = "start.half-a-certificate"


class UnreadableCertificate(SigningUnready):
    key = "start.unreadable-certificate"


class CertificateRefused(SigningUnready):
    key = "start.certificate-refused"
