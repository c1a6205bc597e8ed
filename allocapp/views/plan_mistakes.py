"""What is wrong with a sheet, line by line for the error summary, each linking to its cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flask_babel import gettext as _

from allocapp.errors import AllocappError, StaleVersion, TransitionNotAllowed
from allocapp.forms.plan import TypedSheet
from allocapp.models.plan import Plan
from allocapp.rules.balance import Problem, ProblemCode
from allocapp.services.sheet import Key, Sheet
from allocapp.views.formatting import NOTHING, localized, moment
from allocapp.views.messages import Mistake, explain
from allocapp.views.plan_grid import is_below

# an error summary that lists everything is read by nobody
MOST_MISTAKES = 10


def fault_mistakes(sheet: Sheet, typed: TypedSheet) -> list[Mistake]:
    """One line of the error summary for each cell that cannot be read, linking to it."""
    names = {row.unit.id: row.unit.name for row in sheet.rows}
    columns = {column.indicator.id: localized(column.indicator, "short_name") for column in sheet.indicators}
    mistakes = []
    for (unit_id, indicator_id), fault in typed.faults.items():
        text = _(
            "%(unit)s, %(indicator)s: %(message)s",
            unit=names.get(unit_id, NOTHING),
            indicator=columns.get(indicator_id, NOTHING),
            message=explain(fault).in_full,
        )
        mistakes.append(Mistake(text, f"t-{unit_id}-{indicator_id}"))
    return _shortened(mistakes)


def obstacle_mistakes(sheet: Sheet, position: int, problems: Iterable[Problem]) -> list[Mistake]:
    """One line for each cell that keeps an indicator from balancing, linking to it."""
    names = {row.unit.id: row.unit.name for row in sheet.rows}
    indicator = sheet.indicators[position].indicator
    texts = {
        ProblemCode.MISSING_TARGET: _("enter a target, or the reason why none is assigned"),
        ProblemCode.NOT_ASSIGNED_WITH_WEIGHT: _("work is expected there, so a target has to be assigned"),
    }
    return _shortened(
        [
            Mistake(
                _(
                    "%(unit)s, %(indicator)s: %(message)s",
                    unit=names.get(problem.key, NOTHING),
                    indicator=localized(indicator, "short_name"),
                    message=texts.get(problem.code) or _("the expected figures are not usable"),
                ),
                f"t-{problem.key}-{indicator.id}",
            )
            for problem in problems
            if problem.key is not None
        ]
    )


def first_weak_cell(sheet: Sheet, position: int) -> str:
    """The field to go to where an indicator is short: the first target below the assigned one, else the first cell."""
    column = sheet.indicators[position]
    cells = [row.cells[position] for row in sheet.rows]
    if not cells:
        return ""
    weak = [cell for cell in cells if cell.target is not None and is_below(cell.target, column)]
    found = weak[0] if weak else cells[0]
    return f"t-{found.unit_id}-{found.indicator_id}"


def clash_mistakes(sheet: Sheet, clashes: Collection[Key]) -> list[Mistake]:
    """One line for each cell that two people changed, linking to it."""
    return _shortened(
        [
            Mistake(
                _(
                    "%(unit)s, %(indicator)s: both of you changed this target. Choose one of the two at the "
                    "cell; until then yours is not saved.",
                    unit=row.unit.name,
                    indicator=localized(column.indicator, "short_name"),
                ),
                f"t-{cell.unit_id}-{cell.indicator_id}",
            )
            for row in sheet.rows
            for cell, column in zip(row.cells, sheet.indicators, strict=True)
            if (cell.unit_id, cell.indicator_id) in clashes
        ]
    )


def what_next(error: AllocappError, plan: Plan) -> str:
    """What to do after a refusal. Sent twice, or overtaken by somebody: who was first, and that nothing was harmed."""
    if not isinstance(error, TransitionNotAllowed | StaleVersion):
        return explain(error).next_step
    return _(
        "The last step was taken by %(who)s on %(moment)s. What you sent now changed nothing.",
        who=plan.changed_by.name if plan.changed_by else _("the system"),
        moment=moment(plan.changed_at),
    )


def _shortened(mistakes: list[Mistake]) -> list[Mistake]:
    if len(mistakes) <= MOST_MISTAKES:
        return mistakes
    rest = len(mistakes) - MOST_MISTAKES
    return [*mistakes[:MOST_MISTAKES], Mistake(_("and %(num)d more cells", num=rest), mistakes[MOST_MISTAKES].field_id)]
