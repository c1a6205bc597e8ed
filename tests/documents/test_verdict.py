"""Every kind of tampering is refused, also by someone who could change the stored hash with the file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from allocapp.documents import verdict as verdict_module
from allocapp.documents.decision import render_decision
from allocapp.documents.demo_certificates import DemoCertificates, DemoSubject, make_demo_certificates
from allocapp.documents.roles import Role
from allocapp.documents.verdict import Reason, Verdict, verify_document
from tests.documents.conftest import PASSPHRASE, Sign, signing_with
from tests.documents.snapshots import decision


def verdict(pdf: bytes, root: bytes) -> Verdict:
    """As if the stored hash had been changed with the file: structure and signatures must tell alone."""
    return verify_document(pdf, trusted=[root], expected_sha256=hashlib.sha256(pdf).hexdigest())


def test_a_signed_and_sealed_decision_is_authentic(sealed: bytes, root: bytes) -> None:
    found = verdict(sealed, root)
    assert found.authentic
    assert found.unchanged_since_signing
    assert found.sha_matches is True
    assert found.reasons == ()
    assert [signature.role for signature in found.signatures] == [Role.PERSON, Role.BODY]
    assert [signature.subject for signature in found.signatures] == [
        "MẪU - Lãnh đạo ký UBND huyện Bắc Sơn",
        "MẪU - UBND huyện Bắc Sơn",
    ]
    for signature in found.signatures:
        assert signature.intact
        assert signature.trusted
        assert signature.covers
        assert signature.reason is None
        assert signature.signed_at is not None
        assert signature.signed_at.isoformat() == "2022-06-05T10:04:05+07:00"


def test_without_the_stored_hash_or_with_another_it_is_not(sealed: bytes, root: bytes) -> None:
    for stored, matches, reason in [(None, None, Reason.HASH_UNKNOWN), ("0" * 64, False, Reason.HASH_DIFFERS)]:
        found = verify_document(sealed, trusted=[root], expected_sha256=stored)
        assert not found.authentic
        assert found.unchanged_since_signing
        assert (found.sha_matches, found.reasons) == (matches, (reason,))


def test_no_root_or_another_root_is_not_trusted(sealed: bytes, tmp_path: Path) -> None:
    stranger = make_demo_certificates(tmp_path, [], passphrase=PASSPHRASE).root.read_bytes()
    for roots in [[], [stranger]]:
        stored = hashlib.sha256(sealed).hexdigest()
        found = verify_document(sealed, trusted=roots, expected_sha256=stored)
        assert not found.authentic
        assert found.reasons == (Reason.NOT_TRUSTED,)


def test_a_decision_not_yet_sealed_or_not_signed_is_not_authentic(rendered: bytes, signed: bytes, root: bytes) -> None:
    assert verdict(signed, root).reasons == (Reason.BODY_MISSING,)
    assert verdict(signed, root).unchanged_since_signing
    assert verdict(rendered, root).reasons == (Reason.NOT_SIGNED,)


def flipped(pdf: bytes, offset: int) -> bytes:
    """One bit changed."""
    return pdf[:offset] + bytes([pdf[offset] ^ 1]) + pdf[offset + 1 :]


def other_digit(pdf: bytes, number: int) -> bytes:
    """One hexadecimal digit changed inside the n-th signature."""
    offset = contents(pdf, number)[0] + 900
    return pdf[:offset] + (b"1" if pdf[offset : offset + 1] == b"0" else b"0") + pdf[offset + 1 :]


def contents(pdf: bytes, number: int) -> tuple[int, int]:
    """Where the hexadecimal of the n-th signature starts and ends."""
    start = -1
    for _ in range(number):
        start = pdf.index(b"/Contents <", start + 1)
    return start + len(b"/Contents <"), pdf.index(b">", start)


def revised(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def change_title(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(generic.DictionaryObject({generic.pdf_name("/Title"): generic.pdf_string("Khác")}))


def add_note(writer: IncrementalPdfFileWriter) -> None:
    rectangle = generic.ArrayObject(generic.NumberObject(value) for value in (100, 100, 300, 300))
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Contents"): generic.pdf_string("100%"),
            generic.pdf_name("/Rect"): rectangle,
        }
    )
    page = writer.root["/Pages"]["/Kids"][0]
    page.setdefault(generic.pdf_name("/Annots"), generic.ArrayObject()).append(writer.add_object(note))
    writer.update_container(page)


def replace_text(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"q Q"))
    writer.update_container(page)


def clear_seal(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][1]
    del field["/V"]
    writer.update_container(field)


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (lambda pdf: flipped(pdf, pdf.index(b"stream") + 40), None),
        (lambda pdf: flipped(pdf, 11), Reason.NOT_INTACT),
        (lambda pdf: flipped(pdf, len(pdf) - 8), None),
        (lambda pdf: other_digit(pdf, 1), None),
        (lambda pdf: other_digit(pdf, 2), None),
        (lambda pdf: pdf + b"\n", Reason.CHANGED_AFTER_SIGNING),
        (lambda pdf: pdf + b"% added\n", Reason.CHANGED_AFTER_SIGNING),
        (lambda pdf: pdf + b" " * 5000, Reason.NOT_READABLE),
        (lambda pdf: b"\n" + pdf, Reason.NOT_READABLE),
        (lambda pdf: revised(pdf, change_title), Reason.CHANGED_AFTER_SIGNING),
        (lambda pdf: revised(pdf, add_note), Reason.CHANGED_AFTER_SIGNING),
        (lambda pdf: revised(pdf, replace_text), Reason.CHANGED_AFTER_SIGNING),
        (lambda pdf: revised(pdf, clear_seal), Reason.BODY_MISSING),
        (lambda pdf: pdf.replace(b"/ByteRange [0 ", b"/ByteRange [1 "), None),
        (lambda pdf: pdf[: len(pdf) // 2], Reason.NOT_READABLE),
        (lambda pdf: pdf[:-3], Reason.NOT_READABLE),
        (lambda pdf: b"Not a PDF at all. " * 100, Reason.NOT_READABLE),
        (lambda pdf: b"%PDF-1.7\n" + b"\x00" * 2000 + b"%%EOF\n", Reason.NOT_READABLE),
        (lambda pdf: b"", Reason.EMPTY),
    ],
    ids=[
        "byte in a stream", "byte in the head", "startxref", "person's signature", "body's signature",
        "appended newline", "appended comment", "appended blanks", "prefixed newline", "metadata revision",
        "annotation revision",
        "page revision", "seal cleared", "byte range", "half", "end cut off", "text file", "empty PDF", "empty",
    ],
)  # fmt: skip
def test_a_tampered_file_is_refused(
    sealed: bytes, root: bytes, tamper: Callable[[bytes], bytes], reason: Reason | None
) -> None:
    changed = tamper(sealed)
    assert changed != sealed
    found = verdict(changed, root)
    assert not found.authentic
    assert found.reasons
    if reason is not None:
        assert reason in found.reasons


def test_bytes_that_no_signature_covers_are_told_by_the_hash(sealed: bytes, root: bytes) -> None:
    start, end = contents(sealed, 2)
    other_case = sealed[:start] + sealed[start:end].upper() + sealed[end:]
    if other_case == sealed:
        other_case = sealed[:start] + sealed[start:end].lower() + sealed[end:]
    assert other_case != sealed
    found = verify_document(other_case, trusted=[root], expected_sha256=hashlib.sha256(sealed).hexdigest())
    assert not found.authentic
    assert Reason.HASH_DIFFERS in found.reasons


def test_another_documents_signature_does_not_fit(sealed: bytes, root: bytes, sign: Sign) -> None:
    other = sign(sign(render_decision(decision(number=6)), Role.PERSON), Role.BODY)
    for number in (1, 2):
        (start, end), (other_start, other_end) = contents(sealed, number), contents(other, number)
        taken = other[other_start:other_end][: end - start].ljust(end - start, b"0")
        found = verdict(sealed[:start] + taken + sealed[end:], root)
        assert not found.authentic
        assert Reason.NOT_INTACT in found.reasons or Reason.NOT_READABLE in found.reasons


def test_a_revision_between_the_two_signatures_is_refused(signed: bytes, sign: Sign, root: bytes) -> None:
    """Each signature holds by itself here, and the body's covers the whole file."""
    for change in (change_title, add_note, replace_text):
        found = verdict(sign(revised(signed, change), Role.BODY), root)
        assert not found.authentic
        assert Reason.CHANGED_AFTER_SIGNING in found.reasons


def test_a_file_changed_before_its_first_signature_is_refused(rendered: bytes, sign: Sign, root: bytes) -> None:
    """The file that is signed has one revision: what this system rendered."""
    found = verdict(sign(sign(revised(rendered, replace_text), Role.PERSON), Role.BODY), root)
    assert Reason.CHANGED_AFTER_SIGNING in found.reasons


def sign_field(pdf: bytes, key_file: Path, field: str, spec: SigFieldSpec | None = None) -> bytes:
    """Sign any field, past the order that `signing` keeps."""
    signer = SimpleSigner.load_pkcs12_data(key_file.read_bytes(), other_certs=[], passphrase=PASSPHRASE.encode())
    meta = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    output = PdfSigner(meta, signer, new_field_spec=spec).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    return bytes(output.getvalue())


def test_the_wrong_order_or_a_third_signature_is_refused(
    rendered: bytes, sealed: bytes, root: bytes, certificates: DemoCertificates
) -> None:
    person, body = certificates.key_files["185", Role.PERSON], certificates.key_files["185", Role.BODY]
    swapped = sign_field(sign_field(rendered, body, "body"), person, "person")
    third = sign_field(sealed, body, "third", SigFieldSpec("third"))
    for pdf in (swapped, third):
        found = verdict(pdf, root)
        assert not found.authentic
        assert Reason.UNEXPECTED_SIGNATURE in found.reasons


def test_signatures_under_the_same_names_by_another_authority_are_refused(
    rendered: bytes, root: bytes, tmp_path: Path
) -> None:
    subject = DemoSubject("185", "Ủy ban nhân dân huyện Bắc Sơn", "Lãnh đạo ký")
    forged = make_demo_certificates(tmp_path, [subject], passphrase=PASSPHRASE)
    sign = signing_with(forged.key_files["185", Role.PERSON], forged.key_files["185", Role.BODY])
    found = verdict(sign(sign(rendered, Role.PERSON), Role.BODY), root)
    assert found.reasons == (Reason.NOT_TRUSTED,)
    assert [signature.subject for signature in found.signatures][1] == "MẪU - UBND huyện Bắc Sơn"


def test_a_file_made_to_hang_the_reader_is_given_up(root: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field tree that doubles at each of sixty levels."""
    monkeypatch.setattr(verdict_module, "_SECONDS", 2)
    fields = b"".join(b"%d 0 obj\n<</T(a)/Kids[%d 0 R %d 0 R]>>\nendobj\n" % (n, n + 1, n + 1) for n in range(4, 64))
    objects = (
        b"1 0 obj\n<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>\nendobj\n"
        b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
        b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n"
        + fields
        + b"64 0 obj\n<</FT/Sig/T(z)>>\nendobj\n"
    )
    head = b"%PDF-1.7\n"
    places = [len(head) + objects.index(b"%d 0 obj\n" % n) for n in range(1, 65)]
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(head) + len(objects)
    pdf = head + objects + b"xref\n0 65\n0000000000 65535 f \n" + table
    pdf += b"trailer\n<</Size 65/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    began = time.monotonic()
    found = verdict(pdf, root)
    assert time.monotonic() - began < 5
    assert found.reasons == (Reason.TOOK_TOO_LONG,)


def test_a_file_too_large_to_be_a_decision_is_not_even_read(root: bytes) -> None:
    found = verdict(b"%PDF-1.7\n" + b" " * (31 * 1024 * 1024) + b"%%EOF\n", root)
    assert found.reasons == (Reason.TOO_LARGE,)
