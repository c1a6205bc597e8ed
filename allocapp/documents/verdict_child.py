"""What a signed PDF is made of, found out in a process of its own: `python verdict_child.py`, JSON and PDF on stdin.

A crafted file can keep the reader busy for minutes or take gigabytes, so this program is run under limits, see
`allocapp.confinement`. It reports facts; what they are worth is judged by `verdict`. It imports nothing of the
application, so that a hostile file meets no configuration, no database and no secret.

In: one line of JSON `{"roots": [base64 DER or PEM, ...]}`, then the PDF. Out: one JSON object, see `_facts`.
"""

from __future__ import annotations

import base64
import json
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.status import PdfSignatureStatus

# A decision has two signatures; a few more are listed, so that the verdict can say there are too many.
MOST_SIGNATURES: Final = 8


def main() -> int:
    """Read stdin, write the facts to stdout; any failure is an exit code other than 0."""
    question = json.loads(sys.stdin.buffer.readline())
    roots = [base64.b64decode(root) for root in question["roots"]]
    pdf = sys.stdin.buffer.read()
    json.dump(_facts(pdf, roots), sys.stdout)
    return 0


def _facts(pdf: bytes, roots: list[bytes]) -> dict[str, object]:
    """Revisions and fields of the file, and each signature in the order of signing."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import enumerate_sig_fields

    reader = PdfFileReader(BytesIO(pdf), strict=True)
    fields = [str(name) for name, _, _ in enumerate_sig_fields(reader)]
    signatures = reader.embedded_signatures
    if len(signatures) > MOST_SIGNATURES:
        raise ValueError("too many signatures")
    return {
        "revisions": reader.xrefs.total_revisions,
        "encrypted": reader.encrypted,
        "fields": fields,
        "signatures": [_signature(reader, pdf, signature, roots) for signature in signatures],
    }


def _signature(
    reader: PdfFileReader, pdf: bytes, signature: EmbeddedPdfSignature, roots: list[bytes]
) -> dict[str, object]:
    status = _status(signature, roots)
    names = signature.signer_cert.subject.native
    reported = signature.self_reported_timestamp
    changed = getattr(status.diff_result, "changed_form_fields", None)
    return {
        "field": signature.field_name,
        "kind": str(signature.sig_object_type),
        "subject": str(names.get("common_name", signature.signer_cert.subject.human_friendly)),
        "signed_at": reported.isoformat() if reported is not None and reported.tzinfo is not None else None,
        "revision": signature.signed_revision,
        "coverage": status.coverage.name if status.coverage is not None else None,
        "gap_is_contents": _gap_is_contents(pdf, signature),
        "intact": bool(status.intact and status.valid),
        "trusted": bool(status.trusted),
        "bottom_line": bool(status.bottom_line),
        "changed_fields": sorted(str(name) for name in changed) if changed is not None else None,
        "certified": signature.docmdp_level is not None,
    }


def _status(signature: EmbeddedPdfSignature, roots: list[bytes]) -> PdfSignatureStatus:
    """pyHanko's findings. The certificate is judged at the time of signing that the signature states.

    Level B-B has no proof of that time. It is the stored hash that makes the file the one taken in then; without it the
    verdict is never "authentic".
    """
    import asyncio

    from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.registry import SimpleTrustManager

    context = ValidationContext(
        trust_manager=SimpleTrustManager.build(trust_roots=[_certificate(root) for root in roots]),
        moment=signature.self_reported_timestamp,
        allow_fetching=False,
    )
    usage = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
    validation = async_validate_pdf_signature(signature, signer_validation_context=context, key_usage_settings=usage)
    return asyncio.run(validation)


def _certificate(root: bytes) -> object:
    from asn1crypto import pem, x509

    der = pem.unarmor(root)[2] if pem.detect(root) else root
    return x509.Certificate.load(der)


def _gap_is_contents(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """The bytes that the signature leaves out are one hexadecimal string, nothing more, and it is its own signature."""
    start, first, second, _ = (int(value) for value in signature.byte_range)
    gap = pdf[first:second]
    # the length, because white space would be skipped when reading the digits
    whole = len(gap) == 2 * len(signature.pkcs7_content) + 2
    if start != 0 or not whole or gap[:1] != b"<" or gap[-1:] != b">":
        return False
    try:
        return bytes.fromhex(gap[1:-1].decode("ascii")) == signature.pkcs7_content
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
