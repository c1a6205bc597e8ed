"""Who may sign, in which order, with which key; and what a signature leaves untouched."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from allocapp.documents.demo_certificates import DemoCertificates, DemoSubject, make_demo_certificates
from allocapp.documents.roles import Role
from allocapp.documents.signing import CertificateProblem, check_certificate, seal_as_body, sign_as_person
from allocapp.errors import CertificateNotValid, DocumentNotSignable, SignatureOutOfOrder, WrongPassphrase
from tests.documents.conftest import PASSPHRASE, SIGNED_AT, Sign
from tests.documents.measure import catalogue


def test_each_signature_only_adds_to_the_file(rendered: bytes, signed: bytes, sealed: bytes) -> None:
    assert signed.startswith(rendered)
    assert sealed.startswith(signed)


def test_the_signing_time_is_the_one_given_in_the_countrys_time(sealed: bytes) -> None:
    fields = catalogue(sealed)["/AcroForm"]["/Fields"]
    times = [field.get_object()["/V"]["/M"] for field in fields]
    assert times == ["D:20220605100405+07'00'"] * 2


def test_the_images_fill_their_fields(sealed: bytes) -> None:
    for field in catalogue(sealed)["/AcroForm"]["/Fields"]:
        widget = field.get_object()
        left, bottom, right, top = (float(value) for value in widget["/Rect"])
        appearance = widget["/AP"]["/N"].get_object()
        width, height = (max(float(value) for value in appearance["/BBox"][n::2]) for n in (0, 1))
        assert width == pytest.approx(right - left, abs=1)
        assert height == pytest.approx(top - bottom, abs=1)
        # drawn at its own size, from the corner: no margin, no scaling worth the name
        scale = float(appearance.get_data().split(b" cm")[0].split()[-6])
        assert scale == pytest.approx(1, abs=0.01)


def test_a_signature_takes_an_image_of_ones_own(rendered: bytes, certificates: DemoCertificates) -> None:
    image = '<svg xmlns="http://www.w3.org/2000/svg" width="50mm" height="26mm"><rect width="9" height="9"/></svg>'
    key = certificates.key_files["185", Role.PERSON].read_bytes()
    own = sign_as_person(rendered, pkcs12=key, passphrase=PASSPHRASE, signed_at=SIGNED_AT, image=image)
    assert own.startswith(rendered)


@pytest.mark.parametrize("passphrase", ["", "wrong", PASSPHRASE + " "])
def test_a_wrong_passphrase_is_refused(rendered: bytes, certificates: DemoCertificates, passphrase: str) -> None:
    key = certificates.key_files["185", Role.PERSON].read_bytes()
    with pytest.raises(WrongPassphrase):
        sign_as_person(rendered, pkcs12=key, passphrase=passphrase, signed_at=SIGNED_AT)


def test_a_file_that_is_no_key_file_is_refused(rendered: bytes) -> None:
    with pytest.raises(WrongPassphrase):
        sign_as_person(rendered, pkcs12=b"no key", passphrase=PASSPHRASE, signed_at=SIGNED_AT)


def test_the_body_cannot_seal_before_the_person_has_signed(rendered: bytes, sign: Sign) -> None:
    with pytest.raises(SignatureOutOfOrder) as raised:
        sign(rendered, Role.BODY)
    assert raised.value.signed == ()


def test_nobody_signs_twice(signed: bytes, sealed: bytes, sign: Sign) -> None:
    for pdf, role in [(signed, Role.PERSON), (sealed, Role.PERSON), (sealed, Role.BODY)]:
        with pytest.raises(SignatureOutOfOrder):
            sign(pdf, role)


@pytest.mark.parametrize("pdf", [b"", b"not a PDF", b"%PDF-1.7\n%%EOF\n"])
def test_a_file_that_was_not_rendered_here_is_refused(pdf: bytes, sign: Sign) -> None:
    with pytest.raises(DocumentNotSignable):
        sign(pdf, Role.PERSON)


@pytest.mark.parametrize(
    ("shift", "problem"),
    [(-timedelta(days=1), CertificateProblem.EXPIRED), (timedelta(days=365), CertificateProblem.NOT_YET_VALID)],
)
def test_a_certificate_out_of_its_time_is_refused(
    rendered: bytes, tmp_path: Path, shift: timedelta, problem: CertificateProblem
) -> None:
    start, end = sorted([SIGNED_AT + shift, SIGNED_AT + 2 * shift])
    subject = DemoSubject("1", "Ủy ban nhân dân huyện", "Lãnh đạo ký")
    made = make_demo_certificates(tmp_path, [subject], passphrase=PASSPHRASE, valid_from=start, valid_until=end)
    for role, act in [(Role.PERSON, sign_as_person), (Role.BODY, seal_as_body)]:
        key = made.key_files["1", role].read_bytes()
        with pytest.raises(CertificateNotValid) as raised:
            act(rendered, pkcs12=key, passphrase=PASSPHRASE, signed_at=SIGNED_AT)
        assert raised.value.reason == problem
        assert raised.value.subject.startswith("MẪU")


def test_weak_keys_and_other_purposes_are_refused() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    strong = ec.generate_private_key(ec.SECP256R1())
    cases: list[tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, bool, CertificateProblem | None]] = [
        (weak, True, CertificateProblem.WEAK_KEY),
        (strong, False, CertificateProblem.WRONG_PURPOSE),
        (strong, True, None),
    ]
    for key, purpose, problem in cases:
        certificate = certificate_for(key, signing=purpose)
        if problem is None:
            check_certificate(certificate, SIGNED_AT)
            continue
        with pytest.raises(CertificateNotValid) as raised:
            check_certificate(certificate, SIGNED_AT)
        assert raised.value.reason == problem


def certificate_for(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, signing: bool) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "MẪU")])
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ) | dict.fromkeys(("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    usage["digital_signature" if signing else "key_encipherment"] = True
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(SIGNED_AT - timedelta(days=1)).not_valid_after(SIGNED_AT + timedelta(days=1))
    return builder.add_extension(x509.KeyUsage(**usage), critical=True).sign(key, hashes.SHA256())


def test_demo_files_are_private_kept_and_read_mau(certificates: DemoCertificates) -> None:
    folder = certificates.root.parent
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    subjects = [DemoSubject("185", "Ủy ban nhân dân huyện Bắc Sơn", "Lãnh đạo ký")]
    again = make_demo_certificates(folder, subjects, passphrase=PASSPHRASE)
    assert again == certificates
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    for path in certificates.key_files.values():
        _, certificate, chain = pkcs12.load_key_and_certificates(path.read_bytes(), PASSPHRASE.encode())
        assert certificate is not None
        for one in (certificate, *chain):
            name = one.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
            assert str(name).startswith("MẪU - ")


def test_more_units_join_the_same_authority_and_long_names_fit(tmp_path: Path) -> None:
    first = make_demo_certificates(tmp_path, [DemoSubject("1", "A", "Lãnh đạo ký")], passphrase=PASSPHRASE)
    root = first.root.read_bytes()
    long = "Ủy ban nhân dân thành phố trực thuộc tỉnh có tên gọi rất dài và nhiều dấu thanh"
    more = make_demo_certificates(tmp_path, [DemoSubject("2", long, "Lãnh đạo ký")], passphrase=PASSPHRASE)
    assert more.root.read_bytes() == root
    _, certificate, _ = pkcs12.load_key_and_certificates(
        more.key_files["2", Role.BODY].read_bytes(), PASSPHRASE.encode()
    )
    assert certificate is not None
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(root))
    with pytest.raises(WrongPassphrase):
        make_demo_certificates(tmp_path, [], passphrase="another")


def test_signing_needs_no_writable_place(
    signed: bytes, sign: Sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and documents pass through memory only."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = set(os.listdir(tmp_path))
    sign(signed, Role.BODY)
    assert set(os.listdir(tmp_path)) == before


def test_a_moment_without_a_zone_is_no_moment(rendered: bytes, certificates: DemoCertificates) -> None:
    key = certificates.key_files["185", Role.PERSON].read_bytes()
    naive = datetime(2022, 6, 5, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(TypeError):
        sign_as_person(rendered, pkcs12=key, passphrase=PASSPHRASE, signed_at=naive)
