"""Who signs a document, in this order; the values name the signature fields in the PDF."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The person competent to sign, then the issuing body (Decree 30/2020/ND-CP, Article 32)."""

    PERSON = "person"
    BODY = "body"
