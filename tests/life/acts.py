"""What people do, one act at a time: each takes the unit whose plan it is about, who does it, and what they saw.

Acts take what a page would have given them: the version and the content hash. ``outdated`` is a page opened before
somebody else's step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from allocapp.clock import local_day
from allocapp.db import db, transaction
from allocapp.models.account import Account, Capacity, Role
from allocapp.models.campaign import Campaign, DecisionKind, StageName
from allocapp.models.decision import Decision, SignerRole
from allocapp.models.opinion import AdjustmentRequest, RequestState
from allocapp.models.plan import ExpectationProposal, Plan
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.adjustment import accept_adjustment, ask_adjustment
from allocapp.services.campaign_road import close_campaign
from allocapp.services.decision import (
    Claim,
    claim_signature,
    complete_render,
    complete_signature,
    living_decision,
    number_decision,
    refuse_decision,
    revoking_decision,
)
from allocapp.services.delegation import delegate_role, end_delegation
from allocapp.services.in_house import agree_to_plan, circulate_plan, recall_plan, send_plan_back, submit_agreed_plan
from allocapp.services.plan import open_plan, save_targets, submit_plan, withdraw_plan
from allocapp.services.proposal import accept_proposal, propose_expectation, refuse_proposal
from allocapp.services.proposal import stamp as stamp_of_proposal
from allocapp.services.review import (
    approve_plan,
    hand_back_plan,
    proceed_with_plan,
    reopen_plan,
    return_plan,
    take_over_review,
    take_plan_into_review,
)
from allocapp.services.revision import SETTLED, discard_revision, revise_plan
from allocapp.services.revocation import order_revocation, withdraw_revocation
from allocapp.services.sheet import Entry, Key, read_sheet
from allocapp.services.stage import extend_deadline
from allocapp.services.step import has_steps
from tests.factories import World
from tests.life.people import SUPERIOR, T

REASON = "Lý do"


@dataclass(frozen=True)
class Targets:
    """What somebody types: T and ``beyond`` in every cell, but ``odd`` in the cell at ``place``, if given."""

    beyond: int = 0
    place: int | None = None
    odd: int | None = None


@dataclass
class Acting:
    """One world with its people and its moment. Acts are its public methods; each is one transaction."""

    world: World
    keys: Path
    now: datetime
    claims: list[Claim] = field(default_factory=list)

    # -- what is there ------------------------------------------------------------------------------------------

    def plan(self, unit: str) -> Plan | None:
        """The unit's plan on its way, else its newest that is not given up."""
        of_unit = (Plan.campaign_id == self.world.campaign) & (Plan.unit_id == self.world.units[unit])
        plans = db.session.scalars(
            select(Plan).where(of_unit, Plan.state != PlanState.DISCARDED).order_by(Plan.revision.desc())
        ).all()
        return next((plan for plan in plans if plan.state not in SETTLED), plans[0] if plans else None)

    def _found(self, unit: str) -> Plan:
        plan = self.plan(unit)
        if plan is None:
            raise Nothing
        return plan

    def in_force(self, unit: str) -> Plan:
        """The unit's plan in force."""
        of_unit = (Plan.campaign_id == self.world.campaign) & (Plan.unit_id == self.world.units[unit])
        plan = db.session.scalar(select(Plan).where(of_unit, Plan.state == PlanState.ISSUED))
        if plan is None:
            raise Nothing
        return plan

    def decision(self, unit: str) -> Decision:
        """The decision on its way or in force for that plan; the one that revokes it, if there is one."""
        plan = self._found(unit)
        found = revoking_decision(plan) or living_decision(plan)
        if found is None:
            raise Nothing
        return found

    def entries(self, plan: Plan, targets: Targets) -> dict[Key, Entry]:
        """A whole form as it was typed."""
        sheet = read_sheet(plan)
        meets = {column.indicator.id: T if column.assigned is None else column.assigned for column in sheet.indicators}
        typed = {key: Entry(min(meets[key[1]] + targets.beyond, 10_000)) for key in sheet.cells}
        if targets.place is not None:
            typed[list(typed)[targets.place % len(typed)]] = Entry(targets.odd)
        return typed

    def _seen(self, plan: Plan, outdated: bool) -> tuple[int, str]:
        return plan.version - outdated, read_sheet(plan).content_hash

    # -- the unit -----------------------------------------------------------------------------------------------

    def open(self, unit: str, actor: Account, outdated: bool) -> object:
        return open_plan(self.world.units[unit], self.world.campaign, actor=actor, now=self.now)

    def save(self, unit: str, actor: Account, outdated: bool, targets: Targets = Targets()) -> object:
        plan = self._found(unit)
        entries, version = self.entries(plan, targets), plan.version - outdated
        return save_targets(plan.id, entries, version=version, actor=actor, now=self.now)

    def save_in_force(self, unit: str, actor: Account, outdated: bool, targets: Targets = Targets()) -> object:
        plan = self.in_force(unit)
        entries = self.entries(plan, targets)
        return save_targets(plan.id, entries, version=plan.version, actor=actor, now=self.now)

    def submit(self, unit: str, actor: Account, outdated: bool, targets: Targets = Targets()) -> object:
        """Submit, or send round the house, or submit what the house agreed to: whatever its page has a button for."""
        plan = self._found(unit)
        version, seen = self._seen(plan, outdated)
        if plan.state is PlanState.IN_HOUSE:
            return submit_agreed_plan(plan.id, version=version, seen_hash=seen, actor=actor, now=self.now)
        send = circulate_plan if has_steps(plan.unit_id) else submit_plan
        entries = self.entries(plan, targets)
        return send(plan.id, entries, version=version, seen_hash=seen, actor=actor, now=self.now)

    def withdraw(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return withdraw_plan(plan.id, version=plan.version - outdated, actor=actor, now=self.now)

    def recall(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return recall_plan(plan.id, version=plan.version - outdated, actor=actor, now=self.now)

    def agree(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        version, seen = self._seen(plan, outdated)
        return agree_to_plan(plan.id, version=version, seen_hash=seen, opinion="", actor=actor, now=self.now)

    def send_back(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return send_plan_back(plan.id, version=plan.version - outdated, reason=REASON, actor=actor, now=self.now)

    def propose(self, unit: str, actor: Account, outdated: bool, targets: Targets = Targets()) -> object:
        plan, dossiers = self._found(unit), self.world.indicators["dossiers"]
        receivers = sorted(unit_id for unit_id, indicator in read_sheet(plan).cells if indicator == dossiers)
        receiver = receivers[(targets.place or 0) % len(receivers)]
        weight = 150 + targets.beyond
        return propose_expectation(plan.id, receiver, dossiers, weight=weight, reason=REASON, actor=actor, now=self.now)

    # -- its superior -------------------------------------------------------------------------------------------

    def take(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return take_plan_into_review(plan.id, version=plan.version - outdated, actor=actor, now=self.now)

    def hand_back(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return hand_back_plan(plan.id, version=plan.version - outdated, actor=actor, now=self.now)

    def take_over(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return take_over_review(plan.id, version=plan.version - outdated, actor=actor, now=self.now)

    def return_(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        version = plan.version - outdated
        return return_plan(plan.id, version=version, reason=REASON, comments={}, actor=actor, now=self.now)

    def approve(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        version, seen = self._seen(plan, outdated)
        return approve_plan(plan.id, version=version, seen_hash=seen, actor=actor, now=self.now)

    def proceed(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        version, seen = self._seen(plan, outdated)
        return proceed_with_plan(plan.id, version=version, seen_hash=seen, reason=REASON, actor=actor, now=self.now)

    def reopen(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return reopen_plan(plan.id, version=plan.version - outdated, reason=REASON, actor=actor, now=self.now)

    def accept(self, unit: str, actor: Account, outdated: bool) -> object:
        proposal = self._proposal(unit)
        seen = "" if outdated else stamp_of_proposal(proposal)
        return accept_proposal(proposal.plan_id, proposal.id, seen=seen, actor=actor, now=self.now)

    def refuse_weight(self, unit: str, actor: Account, outdated: bool) -> object:
        proposal = self._proposal(unit)
        seen = "" if outdated else stamp_of_proposal(proposal)
        return refuse_proposal(proposal.plan_id, proposal.id, seen=seen, reason=REASON, actor=actor, now=self.now)

    def _proposal(self, unit: str) -> ExpectationProposal:
        of_plan = ExpectationProposal.plan_id == self._found(unit).id
        proposal = db.session.scalar(select(ExpectationProposal).where(of_plan).order_by(ExpectationProposal.id))
        if proposal is None:
            raise Nothing
        return proposal

    # -- after it was issued ------------------------------------------------------------------------------------

    def amend(self, unit: str, actor: Account, outdated: bool) -> object:
        return self._revise(unit, DecisionKind.AMEND, actor)

    def replace(self, unit: str, actor: Account, outdated: bool) -> object:
        return self._revise(unit, DecisionKind.REPLACE, actor)

    def _revise(self, unit: str, relation: DecisionKind, actor: Account) -> object:
        return revise_plan(self._found(unit).id, reason=REASON, relation=relation, actor=actor, now=self.now)

    def discard(self, unit: str, actor: Account, outdated: bool) -> object:
        plan = self._found(unit)
        return discard_revision(plan.id, version=plan.version - outdated, reason=REASON, actor=actor, now=self.now)

    def order(self, unit: str, actor: Account, outdated: bool) -> object:
        """Order that the plan in force be revoked."""
        plan = self.in_force(unit)
        return order_revocation(plan.id, version=plan.version - outdated, reason=REASON, actor=actor, now=self.now)

    def withdraw_order(self, unit: str, actor: Account, outdated: bool) -> object:
        return withdraw_revocation(self.in_force(unit).id, reason=REASON, actor=actor, now=self.now)

    def ask_for_less(self, unit: str, actor: Account, outdated: bool, targets: Targets = Targets()) -> object:
        """The unit asks its superior to adjust what it was assigned."""
        if unit == "P":
            raise Nothing
        above, dossiers = self.in_force(SUPERIOR[unit]), self.world.indicators["dossiers"]
        receiver, proposed = self.world.units[unit], T - 100 + targets.beyond
        return ask_adjustment(above.id, receiver, dossiers, proposed=proposed, reason=REASON, actor=actor, now=self.now)

    def grant_less(self, unit: str, actor: Account, outdated: bool) -> object:
        """The unit follows a request for adjustment made to it."""
        asked = db.session.scalar(
            select(AdjustmentRequest)
            .join(Plan, Plan.id == AdjustmentRequest.plan_id)
            .where(Plan.unit_id == self.world.units[unit], AdjustmentRequest.state == RequestState.OPEN)
            .order_by(AdjustmentRequest.id)
        )
        if asked is None:
            raise Nothing
        relation = DecisionKind.AMEND
        return accept_adjustment(asked.plan_id, asked.id, text=REASON, relation=relation, actor=actor, now=self.now)

    # -- decisions ----------------------------------------------------------------------------------------------

    def number(self, unit: str, actor: Account, outdated: bool) -> object:
        found, dated = self.decision(unit), local_day(self.now)
        return number_decision(found.id, version=found.version - outdated, dated=dated, actor=actor, now=self.now)

    def render(self, unit: str, actor: Account, outdated: bool) -> object:
        complete_render(self.decision(unit).id, b"pdf ", now=self.now)
        return None

    def claim(self, unit: str, actor: Account, outdated: bool) -> object:
        """Begin to sign or to seal: whichever is next."""
        found = self.decision(unit)
        role = SignerRole.BODY if found.state is DecisionState.SIGNED else SignerRole.PERSON
        version = found.version - outdated
        claim = claim_signature(found.id, role, version=version, keys=self.keys, actor=actor, now=self.now)
        self.claims.append(claim)
        return claim

    def complete(self, unit: str, actor: Account, outdated: bool) -> object:
        """Bring the newest claim, or with an old page the oldest, to its end."""
        if not self.claims:
            raise Nothing
        claim = self.claims[0 if outdated else -1]
        return complete_signature(claim, claim.pdf + claim.role.value.encode(), actor=actor, now=self.now)

    def refuse(self, unit: str, actor: Account, outdated: bool) -> object:
        found = self.decision(unit)
        return refuse_decision(found.id, version=found.version - outdated, reason=REASON, actor=actor, now=self.now)

    # -- people and the campaign --------------------------------------------------------------------------------

    def delegate(self, unit: str, actor: Account, outdated: bool, to: str = "a.preparer") -> object:
        """Lend a role of one's own, from today on, to whoever it is."""
        grant = next((one for one in actor.grants if one.role in (Role.APPROVER, Role.LEADER)), None)
        if grant is None:
            raise Nothing
        today, person = local_day(self.now), self.world.accounts[to]
        return delegate_role(
            grant.id,
            person,
            capacity=Capacity.BY_AUTHORISATION,
            title="Phó Chủ tịch",
            reason=REASON,
            valid_from=today,
            valid_to=today,
            actor=actor,
            now=self.now,
        )

    def end_lending(self, unit: str, actor: Account, outdated: bool) -> object:
        lent = [delegation for delegation in actor.delegations if delegation.ended_at is None]
        if not lent:
            raise Nothing
        return end_delegation(lent[0].id, actor=lent[0].grant.account, now=self.now)

    def close(self, unit: str, actor: Account, outdated: bool) -> object:
        return close_campaign(self.world.campaign, actor=actor, now=self.now)

    def extend(self, unit: str, actor: Account, outdated: bool) -> object:
        campaign = db.session.get_one(Campaign, self.world.campaign)
        stage, due = StageName.PLANS_SUBMITTED, campaign.period_to
        unit_id = self.world.units[unit]
        return extend_deadline(campaign.id, stage, unit_id, due, reason=REASON, actor=actor, now=self.now)


class Nothing(Exception):
    """There is nothing that the act could be about."""


def act(acting: Acting, name: str, unit: str, login: str, *, outdated: bool = False, **more: Any) -> None:
    """One act in a transaction of its own. Raises what the services raise, and Nothing."""
    with transaction():
        perform: Callable[..., object] = getattr(acting, name)
        perform(unit, acting.world.account(login), outdated, **more)
