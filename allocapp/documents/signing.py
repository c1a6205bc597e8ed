"""Two PAdES signatures on a rendered decision: the person's, then the body's seal.

Decree 30/2020/ND-CP, Appendix I and Article 32: the person's image is blue, between title and name; the body's is red
and covers about a third of it on the left; both are transparent and carry no further text. The fields lie reserved in
the file, so that the second signature changes nothing the first has covered. Level B-B: no timestamp authority.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12 as key_files
from pyhanko.pdf_utils.content import PdfContent, ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import StaticStampStyle

from allocapp.documents.pdf import write_stamp
from allocapp.documents.roles import Role
from allocapp.errors import CertificateNotValid, DocumentNotSignable, SignatureOutOfOrder, WrongPassphrase

# Signing times are written in the country's own time, which knows no summer time.
VIETNAM: Final = timezone(timedelta(hours=7))

# Width and height in millimetres of the person's image and of the seal, as decision.css reserves them.
_STAMP_SIZES: Final = {Role.PERSON: (50, 26), Role.BODY: (36, 36)}
_STAMPS: Final = Path(__file__).parent / "stamps"

# Law on Electronic Transactions 2023 and Decree 68/2024: nothing weaker may sign.
_LEAST_RSA_BITS: Final = 2048
_LEAST_CURVE_BITS: Final = 256


class CertificateProblem(StrEnum):
    """Why a certificate cannot sign."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WEAK_KEY = "weak_key"
    WRONG_PURPOSE = "wrong_purpose"


def sign_as_person(
    pdf: bytes, *, pkcs12: bytes, passphrase: str, signed_at: datetime, image: str | None = None
) -> bytes:
    """The rendered decision with the signature of the person competent to sign.

    `image` is the SVG of the person's signature; without one, a drawing that reads "MẪU". `signed_at` must have a zone.

    Raises:
        WrongPassphrase, CertificateNotValid: this key cannot sign now.
        SignatureOutOfOrder: the file is signed already.
        DocumentNotSignable: the file has not the two reserved fields.
    """
    signer = _open_key(pkcs12, passphrase, signed_at)
    return _sign(pdf, Role.PERSON, signer, signed_at, image)


def seal_as_body(pdf: bytes, *, pkcs12: bytes, passphrase: str, signed_at: datetime, image: str | None = None) -> bytes:
    """The decision signed by the person, with the signature of the issuing body: its seal. As `sign_as_person`.

    Raises:
        SignatureOutOfOrder: the person has not signed, or the body has already.
    """
    signer = _open_key(pkcs12, passphrase, signed_at)
    return _sign(pdf, Role.BODY, signer, signed_at, image)


def check_certificate(certificate: x509.Certificate, moment: datetime) -> None:
    """Refuse a certificate that is not valid at `moment`, too weak, or not made for signing documents.

    Raises:
        CertificateNotValid: with one of `CertificateProblem`.
    """
    problem = _certificate_problem(certificate, moment)
    if problem is not None:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        raise CertificateNotValid(problem, str(names[0].value) if names else certificate.subject.rfc4514_string())


def _certificate_problem(certificate: x509.Certificate, moment: datetime) -> CertificateProblem | None:
    if moment < certificate.not_valid_before_utc:
        return CertificateProblem.NOT_YET_VALID
    if moment > certificate.not_valid_after_utc:
        return CertificateProblem.EXPIRED
    key = certificate.public_key()
    strong_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS
    strong_curve = isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= _LEAST_CURVE_BITS
    if not (strong_rsa or strong_curve):
        return CertificateProblem.WEAK_KEY
    return None if _made_for_signing(certificate) else CertificateProblem.WRONG_PURPOSE


def _made_for_signing(certificate: x509.Certificate) -> bool:
    """Key usage, where the certificate states one, includes signing or non-repudiation (RFC 5280, 4.2.1.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return usage.digital_signature or usage.content_commitment


def _sign(pdf: bytes, role: Role, signer: SimpleSigner, signed_at: datetime, image: str | None) -> bytes:
    _check_order(pdf, role)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    meta = PdfSignatureMetadata(field_name=role, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    moment = signed_at.astimezone(VIETNAM).replace(microsecond=0)
    signed = _TimedSigner(meta, signer, moment, _stamp(role, image)).sign_pdf(writer, existing_fields_only=True)
    return bytes(signed.getvalue())


def _open_key(key_file: bytes, passphrase: str, signed_at: datetime) -> SimpleSigner:
    secret = passphrase.encode()
    try:
        key, certificate, _ = key_files.load_key_and_certificates(key_file, secret)
    except ValueError as error:
        raise WrongPassphrase from error
    if key is None or certificate is None:
        raise WrongPassphrase
    check_certificate(certificate, signed_at)
    signer: SimpleSigner = SimpleSigner.load_pkcs12_data(key_file, other_certs=[], passphrase=secret)
    return signer


def _check_order(pdf: bytes, role: Role) -> None:
    """The fields are exactly the two reserved ones, and those before `role` are filled, it and those after are not."""
    try:
        fields = enumerate_sig_fields(PdfFileReader(BytesIO(pdf)))
        filled = {str(name): value is not None for name, value, _ in fields}
    except (PdfError, ValueError, TypeError, KeyError) as error:
        raise DocumentNotSignable from error
    if set(filled) != set(Role):
        raise DocumentNotSignable
    expected = tuple(Role)[: tuple(Role).index(role)]
    signed = tuple(name for name in Role if filled[name])
    if signed != expected:
        raise SignatureOutOfOrder(role, signed)


class _TimedSigner(PdfSigner):
    """pyHanko's signer reads the clock; this one is told the time."""

    def __init__(
        self, meta: PdfSignatureMetadata, signer: SimpleSigner, moment: datetime, stamp_style: StaticStampStyle
    ) -> None:
        super().__init__(meta, signer, stamp_style=stamp_style)
        self._moment = moment

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._moment
        return session


class _Drawing(PdfContent):
    """As pyHanko's ImportedPdfPage, from bytes instead of a file."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self._page = page

    def render(self) -> bytes:
        assert self.writer is not None  # set before anything is rendered
        drawing = self.writer.import_page_as_xobject(PdfFileReader(BytesIO(self._page)))
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Drawing"), drawing)
        left, bottom, right, top = (float(value) for value in drawing.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/Drawing Do"


def _stamp(role: Role, image: str | None) -> StaticStampStyle:
    """The image fills its field to the edge: a stamp's usual margin would shrink a 36 mm seal to 32 mm."""
    svg = image or (_STAMPS / f"{role}_sample.svg").read_text(encoding="utf-8")
    middle = AxisAlignment.ALIGN_MID
    layout = SimpleBoxLayoutRule(middle, middle, Margins.uniform(0), InnerScaling.STRETCH_TO_FIT)
    return StaticStampStyle(
        border_width=0, background=_Drawing(_drawn(svg, role)), background_layout=layout, background_opacity=1.0
    )


@lru_cache(maxsize=16)
def _drawn(svg: str, role: Role) -> bytes:
    return write_stamp(svg, *_STAMP_SIZES[role])
