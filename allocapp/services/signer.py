"""Who signs a decision: a leader of its unit, or somebody to whom a leader's role is delegated.

The clerk chooses when the number is taken, because the signature block is frozen then; afterwards nobody else signs.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import select

from allocapp.access import Action, acting_delegation, delegations_to
from allocapp.db import db
from allocapp.errors import DelegationOver, OtherSigner
from allocapp.models.account import Account, Delegation, Grant, Role
from allocapp.models.decision import Decision
from allocapp.models.unit import Unit
from allocapp.rules.signature_block import delegated_lines


def possible_signers(unit: Unit, today: date) -> list[Delegation]:
    """The delegations by which somebody may sign for the unit's leader on that day."""
    lent = select(Delegation).join(Grant, Grant.id == Delegation.grant_id)
    of_unit = lent.where(Grant.unit_id == unit.id, Grant.role == Role.LEADER, Delegation.ended_at.is_(None))
    found = db.session.scalars(of_unit.order_by(Delegation.id)).all()
    return [delegation for delegation in found if delegation in delegations_to(delegation.account, today)]


def signer_block(usual: object, unit: Unit, delegation_id: int | None, *, today: date) -> dict[str, object]:
    """The snapshot's signature block: the campaign's own, or one that names the delegate and the capacity.

    Raises DelegationOver where the delegation is not in force, or is no leader's of the unit.
    """
    assert isinstance(usual, dict), "the snapshot was built with its block"
    if not delegation_id:
        return usual
    lent = next((found for found in possible_signers(unit, today) if found.id == delegation_id), None)
    if lent is None:
        raise DelegationOver
    return {
        "lines": delegated_lines(usual["lines"], lent.capacity.value, lent.title),
        "name": lent.account.name,
        "account": lent.account_id,
        "delegation": lent.id,
    }


def delegated_signer(decision: Decision) -> str:
    """Capacity and name of the delegate that the decision was made out for; empty where it is for the leader."""
    block = _block(decision)
    return f"{', '.join(block['lines'])}: {block['name']}" if "delegation" in block else ""


def require_signer(decision: Decision, actor: Account, today: date) -> None:
    """Raise OtherSigner unless the decision was made out for this person's signature."""
    if not may_sign(decision, actor, today):
        raise OtherSigner(str(_block(decision).get("name", "")))


def may_sign(decision: Decision, account: Account, today: date) -> bool:
    """Whether the signature block is this person's: the delegate whom it names, or else one who holds the role."""
    named = _block(decision).get("delegation")
    if named is None:
        return acting_delegation(account, Action.SIGN_DECISION, decision.unit, today) is None
    return any(lent.id == named for lent in delegations_to(account, today))


def delegates_key(decision: Decision) -> str:
    """The file of the named delegate's own key, as a leader's is for the leader alone; empty where none is named."""
    block = _block(decision)
    return f"delegate-{block['account']}.p12" if "delegation" in block else ""


def _block(decision: Decision) -> dict[str, Any]:
    try:
        block = json.loads(decision.snapshot or "{}")["signer"]
    except (ValueError, KeyError, TypeError):  # damaged, which is told where it is read to be printed
        return {}
    return block if isinstance(block, dict) else {}
