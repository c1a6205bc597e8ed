"""``flask decisions verify FILE``: is this file a decision in force, as it was signed and sealed?"""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import force_locale
from flask_babel import gettext as _

from allocapp.config import Config
from allocapp.documents.verdict import MOST_BYTES
from allocapp.services.verification import read_trusted_roots, verify_file
from allocapp.views.verdict_words import SpokenVerdict, speak

commands = AppGroup("decisions", help="Decisions as files.")

AUTHENTIC, NOT_AUTHENTIC, UNREADABLE = 0, 1, 2


@commands.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@click.pass_context
def verify(context: click.Context, file: Path, language: str) -> None:
    """Print the verdict on FILE.

    Exit status: 0 for an authentic, unchanged decision in force; 1 for any other PDF; 2 where FILE cannot be read.
    """
    with force_locale(language):
        context.exit(_verify(file))


def _verify(file: Path) -> int:
    config: Config = current_app.config["ALLOCAPP"]
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        click.echo(_("%(file)s cannot be opened: %(reason)s", file=str(file), reason=error.strerror or ""), err=True)
        return UNREADABLE
    found = verify_file(content, trusted=read_trusted_roots(config.keys, demo=config.demo))
    _print(speak(found), file, found.sha256)
    if not found.readable:
        return UNREADABLE
    return AUTHENTIC if found.authentic else NOT_AUTHENTIC


def _print(spoken: SpokenVerdict, file: Path, sha256: str) -> None:
    click.echo(f"{file}: {spoken.headline}")
    for reason in spoken.reasons:
        click.echo(f"  - {reason}")
    for answer in spoken.answers:
        mark = _("good") if answer.good else _("not good")
        click.echo(f"{answer.question} [{mark}]: {answer.text}")
        for note in answer.notes:
            click.echo(f"  - {note}")
    click.echo(f"SHA-256: {sha256}")
