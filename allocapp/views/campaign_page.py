"""The campaign's page: what its template is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import render_template
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from allocapp.access import Action, may_at_unit
from allocapp.clock import today
from allocapp.forms.campaign import FIGURES, CloseForm, ExtendForm, TypedDays, TypedPolicy
from allocapp.models.account import Account
from allocapp.models.campaign import Authority, Campaign, StageName
from allocapp.models.unit import Unit
from allocapp.rules.workflow import CampaignState
from allocapp.services.campaign_road import Policy, lacks_of, read_policy, unfinished_plans
from allocapp.services.reminder import Waiting, last_reminded, may_remind, waiting_units
from allocapp.services.stage import days_stamp, extensions, stage_days
from allocapp.services.unit import allocating_units
from allocapp.views.campaign_words import AUTHORITY_MEANINGS, AUTHORITY_NAMES, LACKS, stage_name, time_left
from allocapp.views.formatting import day, entered, points
from allocapp.views.messages import Mistake
from allocapp.views.visitor import signed_in_account


@dataclass(frozen=True)
class StageLine:
    """A stage of the campaign: its day as it is set and as it was typed, and who is still waited for."""

    name: StageName
    title: str
    due: str
    text: str
    left: str
    late: bool
    waiting: Sequence[WaitingLine]


@dataclass(frozen=True)
class WaitingLine:
    """A unit that is waited for."""

    waiting: Waiting
    left: str
    late: bool
    reminded_at: datetime | None
    can_remind: bool
    can_read: bool


def campaign_page(
    campaign: Campaign,
    *,
    days: TypedDays | None = None,
    policy: TypedPolicy | None = None,
    extend_form: ExtendForm | None = None,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    """The page, with what was typed where something was refused."""
    account, stored = signed_in_account(), stage_days(campaign)
    manages = may_at_unit(account, Action.MANAGE_CAMPAIGN, campaign.root, today(), root_id=campaign.root_id)
    open_ = campaign.state is CampaignState.OPEN
    page = render_template(
        "campaign/show.html",
        campaign=campaign,
        manages=manages,
        stages=[_stage(campaign, name, stored, days, account, manages=manages) for name in StageName],
        days_seen=days_stamp(stored),
        extensions=extensions(campaign) if manages else (),
        extend_form=_extend_form(campaign, extend_form) if manages and open_ else None,
        close_form=CloseForm() if manages and open_ else None,
        unfinished=unfinished_plans(campaign) if manages and open_ else (),
        lacks=[str(LACKS[lack]) for lack in lacks_of(campaign, today=today())],
        authority=(AUTHORITY_NAMES[campaign.authority], AUTHORITY_MEANINGS[campaign.authority]),
        authorities=[(one.value, AUTHORITY_NAMES[one], AUTHORITY_MEANINGS[one]) for one in Authority],
        settings=_settings(campaign, policy),
        policy_seen=read_policy(campaign).stamp,
        wrong={mistake.field_id: mistake.text for mistake in mistakes if mistake.field_id},
        mistakes=list(mistakes),
    )
    return page, status


def _stage(
    campaign: Campaign,
    name: StageName,
    stored: Mapping[StageName, date],
    typed: TypedDays | None,
    account: Account,
    *,
    manages: bool,
) -> StageLine:
    due = stored.get(name)
    lines = _waiting_lines(campaign, name, account, manages=manages) if campaign.state is CampaignState.OPEN else []
    return StageLine(
        name=name,
        title=stage_name(name),
        due=day(due) if due else "",
        text=typed.texts[name] if typed else (day(due) if due else ""),
        left=time_left(due, today()) if due else "",
        late=bool(due and due < today() and lines),
        waiting=lines,
    )


def _waiting_lines(campaign: Campaign, name: StageName, account: Account, *, manages: bool) -> list[WaitingLine]:
    """Who is waited for, as far as the person may see: a unit sees itself and those below it."""
    found = [
        waiting
        for waiting in waiting_units(campaign, name)
        if manages or may_at_unit(account, Action.VIEW_PLAN, waiting.unit, today())
    ]
    reminded = last_reminded(campaign, [waiting.unit.id for waiting in found]) if found else {}
    return [
        WaitingLine(
            waiting,
            time_left(waiting.due, today()) if waiting.due else "",
            bool(waiting.due and waiting.due < today()),
            reminded.get(waiting.unit.id),
            name is not StageName.REVIEWS_END and may_remind(account, waiting.unit, campaign, today()),
            may_at_unit(account, Action.VIEW_PLAN, waiting.unit, today()),
        )
        for waiting in found
    ]


def _extend_form(campaign: Campaign, typed: ExtendForm | None) -> ExtendForm:
    form = typed or ExtendForm(formdata=None)
    form.stage.choices = [SelectChoice(name.value, stage_name(name)) for name in stage_days(campaign)]
    form.unit_id.choices = [
        SelectChoice(str(unit.id), _indented(unit, campaign)) for unit in allocating_units(campaign)
    ]
    return form


def _indented(unit: Unit, campaign: Campaign) -> str:
    depth = len(unit.ancestor_ids) - len(campaign.root.ancestor_ids)
    return "\u00a0\u00a0" * depth + unit.name


def _settings(campaign: Campaign, typed: TypedPolicy | None) -> Mapping[str, str]:
    """The settings' fields with what stands in them."""
    return typed.texts if typed else _texts(campaign, read_policy(campaign))


def _texts(campaign: Campaign, policy: Policy) -> dict[str, str]:
    texts = {
        "authority": policy.authority.value,
        "jump_deviations": points(policy.jump_deviations),
        "jump_rows": str(policy.jump_rows),
        "remind_days": ", ".join(str(days) for days in policy.remind_days),
    }
    for column in campaign.indicators:
        for figure in FIGURES:
            value = getattr(policy.indicators[column.indicator_id], figure)
            texts[f"{figure}-{column.indicator_id}"] = entered(value, column.indicator.kind)
    return texts
