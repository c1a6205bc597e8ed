"""Files whose signatures are all good, and which are yet no decisions: only the register's SHA-256 tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from allocapp.clock import now
from allocapp.documents.signing import seal_as_body, sign_as_person
from allocapp.models.decision import Stage
from allocapp.services.decision import read_file
from tests.factories import World
from tests.views.client import vietnamese
from tests.views.conftest import Visit
from tests.views.decision_case import AUTHENTIC, PASSPHRASE, Case, prepared_case
from tests.views.test_verification import upload

GOOD_SIGNATURES = "Signed by the leader and sealed by the body, both with trusted certificates."


@pytest.fixture
def case(database: Flask, world: World, visit: Visit) -> Iterator[Case]:
    with prepared_case(database, world, visit) as made:
        yield made.issue()


def rewritten(pdf: bytes) -> bytes:
    """The same file with one hexadecimal letter of a signature in the other case: no byte range covers it."""
    start = max(found.end() for found in re.finditer(rb"/Contents\s*<", pdf))
    letter = re.compile(rb"[a-fA-F]").search(pdf, start)
    assert letter is not None
    return pdf[: letter.start()] + letter[0].swapcase() + pdf[letter.end() :]


def signed_elsewhere(case: Case) -> bytes:
    """The file as it was rendered, signed and sealed once more with the real keys but not here."""
    rendered = read_file(case.decision, Stage.RENDERED)
    assert rendered is not None
    keys, moment = case.app.config["ALLOCAPP"].keys, now()
    person = sign_as_person(
        rendered.content, pkcs12=(keys / "A-person.p12").read_bytes(), passphrase=PASSPHRASE, signed_at=moment
    )
    return seal_as_body(person, pkcs12=(keys / "A-body.p12").read_bytes(), passphrase=PASSPHRASE, signed_at=moment)


def test_good_signatures_alone_make_no_decision(case: Case) -> None:
    genuine = case.content()
    client = case.visit("a1.viewer")
    assert AUTHENTIC in upload(client, genuine).page.text
    for forged in (rewritten(genuine), signed_elsewhere(case)):
        assert forged != genuine
        page = upload(client, forged).page
        assert vietnamese(case.app, GOOD_SIGNATURES) in page.text
        assert vietnamese(case.app, "The register does not know this file.") in page.text
        assert AUTHENTIC not in page.text
        assert case.url not in page.links
