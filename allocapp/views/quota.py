"""What a unit was assigned: in one sentence, as a formula with its numbers, as a table, and by which decisions."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from allocapp.access import Action, load_unit, may_at_unit
from allocapp.clock import today
from allocapp.models.unit import Unit
from allocapp.services.adjustment import list_requests_of
from allocapp.services.quota import list_quota_units, read_quotas
from allocapp.views.opinion_words import lay_out_requests
from allocapp.views.visitor import signed_in_account

pages = Blueprint("quota", __name__, url_prefix="/quotas")


@pages.get("/")
def index() -> ResponseReturnValue:
    """The units whose targets the person may see; straight to the unit where there is only one."""
    units = list_quota_units(signed_in_account(), today=today())
    if len(units) == 1:
        return redirect(url_for("quota.show", unit_id=units[0].id))
    return render_template("quota/index.html", groups=_by_superior(units))


@pages.get("/<int(max=2147483647):unit_id>")
def show(unit_id: int) -> ResponseReturnValue:
    """A unit's targets in every campaign."""
    account = signed_in_account()
    unit = load_unit(account, unit_id, Action.VIEW_QUOTA, today=today())
    return render_template(
        "quota/show.html",
        unit=unit,
        quotas=read_quotas(unit),
        may_acknowledge=may_at_unit(account, Action.ACKNOWLEDGE, unit, today()),
        may_ask=may_at_unit(account, Action.ASK_ADJUSTMENT, unit, today()),
        requests=lay_out_requests(list_requests_of(unit)),
    )


def _by_superior(units: Sequence[Unit]) -> list[tuple[Unit | None, list[Unit]]]:
    """The units below each superior, in the order given; first those whose superior is not among them."""
    known = {unit.id: unit for unit in units}
    groups: dict[int | None, list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)
    return [(known[superior] if superior else None, below) for superior, below in groups.items()]
