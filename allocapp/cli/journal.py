"""``flask journal verify``: does the journal still say what it said when its events were chained?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString

from allocapp.config import Config
from allocapp.rules.journal import Fault
from allocapp.services.journal_chain import Broken, Head, read_heads, verify_chain

commands = AppGroup("journal", help="The journal and its chain.")

WHOLE, BROKEN, UNREADABLE = 0, 1, 2

FAULT_TEXTS: Final[Mapping[Fault, LazyString]] = {
    Fault.CHANGED: lazy("the event or its link was changed"),
    Fault.DELETED: lazy("the event was deleted"),
    Fault.INSERTED: lazy("the event was inserted among chained ones"),
    Fault.REORDERED: lazy("the events stand in another order"),
    Fault.UNLINKED: lazy("a link was deleted"),
    Fault.CUT: lazy("a head noted outside is not there: the end was cut off, or the chain was made anew"),
}


@commands.command("verify")
@click.option("--head", "given", help="A hash noted outside, or a file of such lines; by default the file of heads.")
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@click.pass_context
def verify(context: click.Context, given: str | None, language: str) -> None:
    """Go through the chain and name the first broken link.

    Exit status: 0 where everything holds, 1 where a link is broken, 2 where the head that was given cannot be read.
    """
    with force_locale(language):
        heads = _heads(given)
        if heads is None:
            click.echo(_("%(head)s is neither a hash of 64 digits nor a file that holds one.", head=given), err=True)
            context.exit(UNREADABLE)
        context.exit(_verify(heads))


def _heads(given: str | None) -> list[Head] | None:
    """The heads to look for; None where what was given holds none."""
    config: Config = current_app.config["ALLOCAPP"]
    path = config.journal_heads if given is None else Path(given)
    try:
        heads = read_heads(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except (OSError, ValueError):
        heads = read_heads([given or ""])
    return heads if heads or given is None else None


def _verify(heads: Sequence[Head]) -> int:
    found = verify_chain(heads)
    click.echo(
        _("%(number)d events verified, %(waiting)d not chained yet.", number=found.verified, waiting=found.waiting)
    )
    if found.verified:
        click.echo(_("Head: %(position)d %(hash)s", position=found.verified, hash=found.head))
    if found.broken is None:
        click.echo(_("%(number)d heads noted outside are in the chain. Nothing is broken.", number=len(heads)))
        return WHOLE
    click.echo(_broken_text(found.broken))
    return BROKEN


def _broken_text(broken: Broken) -> str:
    if not broken.event_id:
        return _("BROKEN at link %(position)d: %(fault)s.", position=broken.position, fault=FAULT_TEXTS[broken.fault])
    return _(
        "BROKEN at link %(position)d, event %(event)d: %(fault)s.",
        position=broken.position,
        event=broken.event_id,
        fault=FAULT_TEXTS[broken.fault],
    )
