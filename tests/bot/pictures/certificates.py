"""Makes certificate chains for tests: an authority, and a certificate that it issued for signing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def _name(common: str) -> x509.Name:
    pairs = (
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Tests"),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(*pair) for pair in pairs])


def _builder(subject: str, key: Key, authority: bool, days: int) -> x509.CertificateBuilder:
    begun = datetime.now(UTC) - timedelta(days=60)
    usage = x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=60 + days))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def chain(key: Key | None = None, days: int = 30) -> tuple[bytes, bytes]:
    """Return a chain and its key as PEM. The certificate expires in ``days``, which may be negative."""
    root, key = ec.generate_private_key(ec.SECP256R1()), key or ec.generate_private_key(ec.SECP256R1())
    authority = _builder("authority", root, True, 300).sign(root, hashes.SHA256())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    leaf = (
        _builder("signer", key, False, days)
        .add_extension(usage, critical=False)
        .add_extension(issuer, critical=False)
    )
    certificates = [leaf.sign(root, hashes.SHA256()), authority]
    pem = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, private
