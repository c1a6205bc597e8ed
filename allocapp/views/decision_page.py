"""One decision's page, put together: how far it has come, what it says, its file, and what the reader may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from allocapp.access import Action, may_at_unit, may_on_decision, may_on_plan
from allocapp.clock import now, today
from allocapp.config import Config
from allocapp.errors import InvalidSnapshot, VerificationBusy
from allocapp.forms.decision import NumberForm, RefuseForm, SignForm
from allocapp.forms.plan import VersionForm
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision, DecisionFile, Stage
from allocapp.models.job import Job
from allocapp.rules.workflow import DecisionAction, DecisionState
from allocapp.services.annex import Annex, read_annex
from allocapp.services.decision import (
    decision_actions_for,
    living_decision,
    read_file,
    render_job,
    revoking_decision,
)
from allocapp.services.demo import read_demo_access
from allocapp.services.journal import decision_story
from allocapp.services.receipt import own_receipts, receivers_receipts
from allocapp.services.register import foresee_number
from allocapp.services.revision import affected_by, read_chain
from allocapp.services.signer import delegated_signer, possible_signers
from allocapp.services.transition import REASON_LIMIT
from allocapp.services.verification import read_trusted_roots, verify_file
from allocapp.views.decision_words import making_of, road_of, turn_of
from allocapp.views.messages import Mistake
from allocapp.views.verdict_words import SpokenVerdict, speak
from allocapp.views.visitor import signed_in_account

_ENDED = (DecisionState.VOIDED, DecisionState.WITHDRAWN)
_SIGNATURES = frozenset({DecisionAction.SIGN, DecisionAction.SEAL})
_REFUSE = frozenset({DecisionAction.REFUSE})


def decision_page(
    decision: Decision, *, form: VersionForm | None = None, mistakes: Sequence[Mistake] = (), status: int = 200
) -> ResponseReturnValue:
    """The page. ``form`` is one that was refused: it is shown again with what was typed, but never a secret."""
    account, day = signed_in_account(), today()
    job = render_job(decision) if decision.state is DecisionState.NUMBERED else None
    inside = may_at_unit(account, Action.VIEW_DECISION, decision.unit, day)
    story = decision_story(decision)
    file = read_file(decision)
    page = render_template(
        "decision/show.html",
        decision=decision,
        turn=turn_of(decision, job),
        road=road_of(decision, story),
        story=story if inside else (),
        may_see_plan=may_on_plan(account, Action.VIEW_PLAN, decision.plan, day),
        annex=_annex(decision),
        file=file,
        verdict=_verdict(file),
        successor=_successor(decision),
        later=affected_by(decision),
        chain=read_chain(decision.plan),
        own=own_receipts(decision, account, today=day),
        receipts=receivers_receipts(decision) if inside else (),
        **_waiting(decision, job, form, mistakes),
        **_acts(decision, account, form, mistakes),
    )
    return page, status


def _successor(decision: Decision) -> Decision | None:
    """The decision that was made in place of one that was refused or withdrawn."""
    if decision.state not in _ENDED:
        return None
    revoking = decision.kind is DecisionKind.REVOKE
    return revoking_decision(decision.plan) if revoking else living_decision(decision.plan)


def _waiting(
    decision: Decision, job: Job | None, form: VersionForm | None, mistakes: Sequence[Mistake]
) -> dict[str, object]:
    """What makes everybody wait, and the address that the page then reloads by itself."""
    claimed, making = _claimed(decision), making_of(decision, job, now())
    refusing = "refuse" in request.args or isinstance(form, RefuseForm)
    # a page that reloads itself would wipe out a reason being typed, or a mistake before it is read
    kept = refusing or (mistakes and not claimed)
    waiting = claimed is not None or (making is not None and not making.failed)
    return {
        "claimed": claimed,
        "making": making,
        "refusing": refusing,
        "reload_url": url_for("decision.show", decision_id=decision.id, refresh=1) if waiting and not kept else "",
    }


def _acts(
    decision: Decision, account: Account, form: VersionForm | None, mistakes: Sequence[Mistake]
) -> dict[str, object]:
    """What the reader may do now, with the forms for it. Mistakes lead to their fields where those are on the page."""
    day, actions = today(), decision_actions_for(decision, account, today())
    free = frozenset() if _claimed(decision) else actions
    on_page = {NumberForm: actions & {DecisionAction.NUMBER}, SignForm: free & _SIGNATURES, RefuseForm: free & _REFUSE}
    led = form is not None and bool(on_page.get(type(form)))
    return {
        "actions": actions,
        "acting": bool(actions - _REFUSE),
        "mistakes": [mistake if led else Mistake(mistake.text) for mistake in mistakes],
        "may_retry": may_on_decision(account, Action.RETRY_RENDER, decision, day),
        "prospect": foresee_number(decision, today=day) if decision.state is DecisionState.PREPARED else None,
        "signers": possible_signers(decision.unit, day) if decision.state is DecisionState.PREPARED else [],
        "delegated_signer": delegated_signer(decision),
        "number_form": form if isinstance(form, NumberForm) else NumberForm(formdata=None, data={"dated": day}),
        "sign_form": form if isinstance(form, SignForm) else SignForm(formdata=None),
        "refuse_form": form if isinstance(form, RefuseForm) else RefuseForm(formdata=None),
        "reason_limit": REASON_LIMIT,
        "demo_passphrase": _demo_passphrase() if actions & _SIGNATURES else "",
    }


def _claimed(decision: Decision) -> datetime | None:
    """Until when somebody who is signing has it; None where nobody is."""
    return decision.claimed_until if decision.claimed_until and decision.claimed_until > now() else None


def _annex(decision: Decision) -> Annex | None:
    """None where there is nothing to show: the plan moved on, or the snapshot cannot be read, which bars no refusal."""
    if decision.state is DecisionState.WITHDRAWN:
        return None
    try:
        return read_annex(decision)
    except InvalidSnapshot:
        return None


def _verdict(file: DecisionFile | None) -> SpokenVerdict | None:
    """The verdict on the finished file as it lies in the database; None too while others' files take all places."""
    if file is None or file.stage is not Stage.SEALED:
        return None
    try:
        return speak(verify_file(file.content, trusted=trusted_roots()))
    except VerificationBusy:
        return None


def trusted_roots() -> tuple[bytes, ...]:
    """The root certificates this installation trusts."""
    config: Config = current_app.config["ALLOCAPP"]
    return read_trusted_roots(config.keys, demo=config.demo)


def _demo_passphrase() -> str:
    """The passphrase of the demonstration's keys, in demo mode alone."""
    config: Config = current_app.config["ALLOCAPP"]
    access = read_demo_access(config.instance) if config.demo else None
    return access.signing_passphrase if access else ""
