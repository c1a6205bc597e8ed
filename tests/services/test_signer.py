"""A decision made out for a delegate: the capacity stands in the document, and nobody but the one it names signs."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from allocapp.db import db, transaction
from allocapp.documents.snapshot import read_snapshot
from allocapp.errors import DelegationOver, NotFound, OtherSigner, SigningKeyMissing
from allocapp.models.decision import SignerRole
from allocapp.models.event import Event
from allocapp.rules.workflow import DecisionAction
from allocapp.services.decision import (
    claim_signature,
    complete_render,
    complete_signature,
    decision_actions_for,
    number_decision,
)
from allocapp.services.delegation import end_delegation
from allocapp.services.signer import delegated_signer, possible_signers
from tests.factories import NOW, World
from tests.services.sealing import Sealing
from tests.services.test_delegation import TODAY, lend


@pytest.fixture
def sealing(world: World, tmp_path: Path) -> Sealing:
    return Sealing(world, tmp_path)


@pytest.fixture
def decision_id(world: World, sealing: Sealing) -> int:
    """District A's decision, waiting for its number."""
    sealing.in_force("P")
    return world.decision_on(world.approved("A")).id


def number(sealing: Sealing, decision_id: int, signer: int | None) -> dict[str, Any]:
    """Take the number and render; gives the frozen signature block."""
    with transaction():
        given: dict[str, Any] = {
            "version": sealing.decision(decision_id).version,
            "dated": NOW.date(),
            "signer": signer,
        }
        number_decision(decision_id, **given, actor=sealing.world.account("a.clerk"), now=NOW)
    with transaction():
        complete_render(decision_id, b"pdf ", now=NOW)
    block: dict[str, Any] = json.loads(sealing.decision(decision_id).snapshot or "")["signer"]
    return block


def sign(sealing: Sealing, decision_id: int, login: str) -> None:
    actor = sealing.world.account(login)
    with transaction():
        given: dict[str, Any] = {"version": sealing.decision(decision_id).version, "keys": sealing.keys}
        claim = claim_signature(decision_id, SignerRole.PERSON, **given, actor=actor, now=NOW)
    with transaction():
        complete_signature(claim, claim.pdf + claim.pkcs12, actor=actor, now=NOW)


def give_key(sealing: Sealing, login: str) -> None:
    (sealing.keys / f"delegate-{sealing.world.accounts[login]}.p12").write_bytes(b"own key")


def test_the_block_names_the_delegate_and_only_that_person_signs(
    world: World, sealing: Sealing, decision_id: int
) -> None:
    lent = lend(world, "a.leader", "a.viewer", title="Phó Chủ tịch")
    block = number(sealing, decision_id, lent)
    assert block["lines"] == ["TUQ. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]
    assert block["name"] == "viewer A"
    assert delegated_signer(sealing.decision(decision_id)) == "TUQ. CHỦ TỊCH, PHÓ CHỦ TỊCH: viewer A"
    give_key(sealing, "a.viewer")
    with pytest.raises(OtherSigner):
        sign(sealing, decision_id, "a.leader")
    sign(sealing, decision_id, "a.viewer")
    signed = db.session.scalars(db.select(Event).where(Event.action == "sign").order_by(Event.id.desc())).first()
    assert signed is not None
    assert signed.capacity == "TUQ. Phó Chủ tịch (thay leader A)"


def test_a_leaders_key_does_not_sign_for_the_delegate(world: World, sealing: Sealing, decision_id: int) -> None:
    number(sealing, decision_id, lend(world, "a.leader", "a.viewer"))
    with pytest.raises(SigningKeyMissing):
        sign(sealing, decision_id, "a.viewer")


def test_what_is_made_out_for_the_leader_no_delegate_signs(world: World, sealing: Sealing, decision_id: int) -> None:
    lend(world, "a.leader", "a.viewer")
    block = number(sealing, decision_id, None)
    assert block == {"lines": ["CHỦ TỊCH"], "name": "(Mẫu) Lãnh đạo ký"}
    give_key(sealing, "a.viewer")
    with pytest.raises(OtherSigner):
        sign(sealing, decision_id, "a.viewer")
    for login, may in (("a.viewer", False), ("a.leader", True)):
        actions = decision_actions_for(sealing.decision(decision_id), world.account(login), TODAY)
        assert (DecisionAction.SIGN in actions) is may
    sign(sealing, decision_id, "a.leader")


def test_who_no_longer_acts_signs_no_longer(world: World, sealing: Sealing, decision_id: int) -> None:
    lent = lend(world, "a.leader", "a.viewer")
    number(sealing, decision_id, lent)
    give_key(sealing, "a.viewer")
    with transaction():
        end_delegation(lent, actor=world.account("a.leader"), now=NOW)
    with pytest.raises(NotFound):
        sign(sealing, decision_id, "a.viewer")
    again = lend(world, "a.leader", "a.viewer", title="Quyền Chủ tịch")
    assert again != lent
    with pytest.raises(OtherSigner):
        sign(sealing, decision_id, "a.viewer")


def test_only_leaders_delegates_of_the_unit_in_force_can_be_chosen(
    world: World, sealing: Sealing, decision_id: int
) -> None:
    ended = lend(world, "a.leader", "a.viewer")
    with transaction():
        end_delegation(ended, actor=world.account("a.leader"), now=NOW)
    later = lend(world, "a.leader", "a.viewer", valid_from=date(2026, 3, 5))
    others = lend(world, "p.leader", "p.viewer")
    approver = lend(world, "p.approver", "p.viewer")
    assert possible_signers(world.unit("A"), TODAY) == []
    for signer in (ended, later, others, approver, 999_999):
        with pytest.raises(DelegationOver):
            number(sealing, decision_id, signer)
    lent = lend(world, "a.leader", "a.clerk")
    assert [found.id for found in possible_signers(world.unit("A"), TODAY)] == [lent]


def test_the_document_prints_the_capacity(world: World, sealing: Sealing, decision_id: int) -> None:
    number(sealing, decision_id, lend(world, "a.leader", "a.viewer"))
    printed = read_snapshot(json.loads(sealing.decision(decision_id).snapshot or ""))
    assert (printed.signer_lines, printed.signer_name) == (("TUQ. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "viewer A")
