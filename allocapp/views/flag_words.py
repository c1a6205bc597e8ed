"""Flags in words: short on a tag, whole in a list, each with the figure that makes it one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from allocapp.rules.balance import Kind
from allocapp.rules.flag import Flag, FlagCode
from allocapp.views.formatting import count, points, signed_count, signed_points, target

FLAG_NAMES: Final[Mapping[FlagCode, LazyString]] = MappingProxyType(
    {
        FlagCode.OUT_OF_BALANCE: lazy("No longer balances"),
        FlagCode.PROPOSED: lazy("Another weight proposed"),
        FlagCode.BELOW_BASELINE: lazy("Worse than last year's result"),
        FlagCode.BELOW_LAST: lazy("Worse than last year's target"),
        FlagCode.JUMP: lazy("Unusual jump"),
        FlagCode.FLOOR_BELOW: lazy("Not guaranteed for distinct services"),
        FlagCode.BEYOND_BUFFER: lazy("More than the buffer"),
        FlagCode.ALL_IDENTICAL: lazy("All targets the same"),
        FlagCode.REMARKS_OPEN: lazy("Remarks not dealt with"),
        FlagCode.LATE: lazy("Submitted late"),
    }
)


def flag_name(code: str) -> str:
    """A kind of flag in a few words."""
    return str(FLAG_NAMES[FlagCode(code)])


def flag_text(flag: Flag, kind: Kind | None = None) -> str:
    """What is unusual and by how much. ``kind`` is that of the flag's indicator, where it has one."""
    figure = flag.figure or 0
    rate = kind is Kind.RATE
    amount = _("%(points)s percentage points", points=points(figure)) if rate else count(figure)
    jump = _("%(points)s percentage points", points=signed_points(figure)) if rate else signed_count(figure)
    texts = {
        FlagCode.OUT_OF_BALANCE: lambda: _("The superior's later decision moved what it has to meet."),
        FlagCode.PROPOSED: lambda: _("Another weight or set of services is proposed: accept or refuse it."),
        FlagCode.BELOW_BASELINE: lambda: _("Worse than last year's result by %(amount)s.", amount=amount),
        FlagCode.BELOW_LAST: lambda: _("Worse than last year's target by %(amount)s.", amount=amount),
        FlagCode.JUMP: lambda: _("Its jump from last year's result, %(jump)s, stands out from the others.", jump=jump),
        FlagCode.FLOOR_BELOW: lambda: _(
            "The targets may be reached and the common target missed: what is guaranteed lies below it."
        ),
        FlagCode.BEYOND_BUFFER: lambda: _(
            "%(amount)s are assigned beyond the target, more than the campaign allows.", amount=amount
        ),
        FlagCode.ALL_IDENTICAL: lambda: _(
            "Every receiver has the same target, %(target)s.", target=target(figure, kind or Kind.QUANTITY)
        ),
        FlagCode.REMARKS_OPEN: lambda: ngettext(
            "%(num)d remark is not ticked off.", "%(num)d remarks are not ticked off.", figure
        ),
        FlagCode.LATE: lambda: ngettext(
            "Submitted %(num)d day after the deadline.", "Submitted %(num)d days after the deadline.", figure
        ),
    }
    return texts[flag.code]()


def register_flag_filters(app: Flask) -> None:
    """Make them known to the templates."""
    app.jinja_env.filters["flag_name"] = flag_name
