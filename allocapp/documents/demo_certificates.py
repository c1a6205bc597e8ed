"""Certificates for the demonstration: every name in them reads "MẪU", and no one outside trusts their authority.

ECDSA on P-256: a key takes about a millisecond, where RSA with 3072 bits takes half a second, and a demonstration needs
two for every unit that issues decisions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from allocapp.documents.roles import Role
from allocapp.errors import WrongPassphrase

AUTHORITY_NAME: Final = "MẪU - Tổ chức chứng thực thử nghiệm"
ROOT_FILE: Final = "demo-ca.pem"
_AUTHORITY_FILE: Final = "demo-ca.p12"

# Long enough for any demonstration: the campaigns shown lie in the past, too.
DEFAULT_START: Final = datetime(2020, 1, 1, tzinfo=UTC)
DEFAULT_END: Final = datetime(2045, 1, 1, tzinfo=UTC)

# X.520: the upper bound of a common name, here counted in bytes, of which a Vietnamese letter takes up to three.
_LONGEST_NAME: Final = 64


@dataclass(frozen=True)
class DemoSubject:
    """A unit that signs: `code` names the files, `person` is a role such as "Lãnh đạo ký", never somebody's name."""

    code: str
    unit: str
    person: str


@dataclass(frozen=True)
class DemoCertificates:
    """Where the files lie: the authority's certificate (PEM) and, by unit code and role, the key files (PKCS#12)."""

    root: Path
    key_files: dict[tuple[str, Role], Path]


def make_demo_certificates(
    folder: Path,
    subjects: Sequence[DemoSubject],
    *,
    passphrase: str,
    valid_from: datetime = DEFAULT_START,
    valid_until: datetime = DEFAULT_END,
) -> DemoCertificates:
    """A demonstration authority and two key files a unit in `folder`; files that exist are kept as they are.

    The folder is readable by its owner alone (mode 700, files 600); all key files open with `passphrase`.

    Raises:
        WrongPassphrase: the authority made earlier does not open with this passphrase.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    period = valid_from, valid_until
    authority = _authority(folder, passphrase, period)
    made: dict[tuple[str, Role], Path] = {}
    for subject in subjects:
        names = {Role.PERSON: f"MẪU - {subject.person} {subject.unit}", Role.BODY: f"MẪU - {subject.unit}"}
        for role, name in names.items():
            path = folder / f"{subject.code}-{role}.p12"
            if not path.exists():
                _keep(path, _key_file(name, subject.unit, authority, passphrase, period))
            made[subject.code, role] = path
    return DemoCertificates(folder / ROOT_FILE, made)


@dataclass(frozen=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def _authority(folder: Path, passphrase: str, period: tuple[datetime, datetime]) -> _Authority:
    path = folder / _AUTHORITY_FILE
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(AUTHORITY_NAME, AUTHORITY_NAME)
        certificate = _certificate(name, key, name, key, period, authority=True)
        _keep(path, _packed(AUTHORITY_NAME, key, certificate, None, passphrase))
    # read back, so that two first starts at once use the same authority
    try:
        opened, certificate_read, _ = pkcs12.load_key_and_certificates(path.read_bytes(), passphrase.encode())
    except ValueError as error:
        raise WrongPassphrase from error
    if not isinstance(opened, ec.EllipticCurvePrivateKey) or certificate_read is None:
        raise WrongPassphrase
    root = folder / ROOT_FILE
    if not root.exists():
        _keep(root, certificate_read.public_bytes(Encoding.PEM))
    return _Authority(opened, certificate_read)


def _key_file(name: str, unit: str, authority: _Authority, passphrase: str, period: tuple[datetime, datetime]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, unit)
    certificate = _certificate(subject, key, authority.certificate.subject, authority.key, period, authority=False)
    return _packed(name, key, certificate, authority.certificate, passphrase)


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, _fitted(organisation)),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, _fitted(common_name)),
        ]
    )


def _fitted(name: str) -> str:
    """The name as it fits: with the usual abbreviation, and cut between two letters if it must be."""
    short = name.replace("Ủy ban nhân dân", "UBND").replace("ủy ban nhân dân", "UBND")
    return short.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip()


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    period: tuple[datetime, datetime],
    *,
    authority: bool,
) -> x509.Certificate:
    """An authority may sign certificates and nothing else; a signer may sign documents and nothing else."""
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _packed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    issuer: x509.Certificate | None,
    passphrase: str,
) -> bytes:
    chain = [issuer] if issuer is not None else None
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, certificate, chain, BestAvailableEncryption(passphrase.encode())
    )


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone; where another has just made it, that one stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
