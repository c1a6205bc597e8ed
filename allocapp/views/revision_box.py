"""What the plan's page says of its revisions: the chain, what is on its way, and what the reader may do about it."""

from __future__ import annotations

from dataclasses import dataclass

from allocapp.access import Action, may_on_plan
from allocapp.clock import today
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.rules.workflow import CampaignState, DecisionState, PlanAction, PlanState, plan_actions
from allocapp.services.cascade import Unbalanced, list_unbalanced
from allocapp.services.revision import SETTLED, Revision, read_chain
from allocapp.views.visitor import signed_in_account


@dataclass(frozen=True)
class RevisionBox:
    """The chain and the acts on it. ``on_its_way`` and ``in_force`` are revisions; ``below`` no longer balance."""

    chain: list[Revision]
    this: Revision
    in_force: Revision | None
    on_its_way: Revision | None
    may_revise: bool
    may_discard: bool
    may_revoke: bool
    may_withdraw_order: bool
    below: list[Unbalanced]

    @property
    def revoking(self) -> Decision | None:
        """The decision that is to revoke the plan in force, while it is on its way."""
        return self.in_force.revoked_by if self.in_force else None

    @property
    def base(self) -> Revision | None:
        """The revision that this one began as a copy of."""
        return next((link for link in self.chain if link.plan.id == self.this.plan.based_on_id), None)

    @property
    def successor(self) -> Revision | None:
        """The revision that came into force after this one, where this one is over."""
        later = (link for link in self.chain if link.plan.revision > self.this.plan.revision)
        return next((link for link in later if link.plan.issued_at is not None), None)

    @property
    def told(self) -> bool:
        """Whether there is more to tell than that the plan is the first and only one."""
        return len(self.chain) > 1 or any(link.revoked_by for link in self.chain)


def revision_box(plan: Plan) -> RevisionBox:
    """What the signed-in person sees of the plan's revisions, and may do."""
    chain = read_chain(plan)
    this = next(link for link in chain if link.plan.id == plan.id)
    in_force = next((link for link in chain if link.plan.state is PlanState.ISSUED), None)
    on_its_way = next((link for link in chain if link.plan.state not in SETTLED), None)
    lasting = [link for link in chain if link.plan.state is not PlanState.DISCARDED]
    is_open = plan.campaign.state is CampaignState.OPEN
    revisable = this is in_force or (plan.state is PlanState.REVOKED and this is lasting[-1])
    revoked_by = this.revoked_by if this is in_force else None
    free = is_open and on_its_way is None and revoked_by is None
    withdrawable = revoked_by is not None and revoked_by.state is DecisionState.PREPARED
    discardable = plan.revision > 1 and PlanAction.DISCARD in plan_actions(plan.state)
    return RevisionBox(
        chain=chain,
        this=this,
        in_force=in_force,
        on_its_way=on_its_way,
        may_revise=free and revisable and _may(Action.OPEN_PLAN, plan),
        may_discard=is_open and discardable and _may(Action.EDIT_PLAN, plan),
        may_revoke=free and this is in_force and _may(Action.REVOKE_PLAN, plan),
        may_withdraw_order=is_open and withdrawable and _may(Action.REVOKE_PLAN, plan),
        below=list_unbalanced(plan) if this is in_force else [],
    )


def _may(action: Action, plan: Plan) -> bool:
    return may_on_plan(signed_in_account(), action, plan, today())
