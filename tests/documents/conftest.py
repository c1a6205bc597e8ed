"""One decision rendered, signed and sealed, for every test that only looks at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allocapp.documents.decision import render_decision
from allocapp.documents.demo_certificates import DemoCertificates, DemoSubject, make_demo_certificates
from allocapp.documents.roles import Role
from allocapp.documents.signing import seal_as_body, sign_as_person
from tests.documents.measure import Page, pages
from tests.documents.snapshots import decision

PASSPHRASE = "mẫu thử nghiệm"
SIGNED_AT = datetime(2022, 6, 5, 3, 4, 5, tzinfo=UTC)


def pytest_configure(config: pytest.Config) -> None:
    """The typesetter leaves its colour profile to be closed by the garbage collector: nothing of ours to mend."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed file .*sRGB2014.icc:ResourceWarning")


Sign = Callable[[bytes, Role], bytes]


@pytest.fixture(scope="session")
def rendered() -> bytes:
    return render_decision(decision())


@pytest.fixture(scope="session")
def laid_out(rendered: bytes) -> list[Page]:
    return pages(rendered)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> DemoCertificates:
    subject = DemoSubject("185", "Ủy ban nhân dân huyện Bắc Sơn", "Lãnh đạo ký")
    return make_demo_certificates(tmp_path_factory.mktemp("keys"), [subject], passphrase=PASSPHRASE)


@pytest.fixture(scope="session")
def root(certificates: DemoCertificates) -> bytes:
    return certificates.root.read_bytes()


@pytest.fixture(scope="session")
def sign(certificates: DemoCertificates) -> Sign:
    """Sign with the demonstration key of a role."""
    return signing_with(certificates.key_files["185", Role.PERSON], certificates.key_files["185", Role.BODY])


@pytest.fixture(scope="session")
def signed(rendered: bytes, sign: Sign) -> bytes:
    return sign(rendered, Role.PERSON)


@pytest.fixture(scope="session")
def sealed(signed: bytes, sign: Sign) -> bytes:
    return sign(signed, Role.BODY)


def signing_with(person: Path, body: Path) -> Sign:
    def sign_file(pdf: bytes, role: Role) -> bytes:
        if role is Role.PERSON:
            return sign_as_person(pdf, pkcs12=person.read_bytes(), passphrase=PASSPHRASE, signed_at=SIGNED_AT)
        return seal_as_body(pdf, pkcs12=body.read_bytes(), passphrase=PASSPHRASE, signed_at=SIGNED_AT)

    return sign_file
