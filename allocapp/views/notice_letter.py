"""Notifications as e-mails: one at once, or those of a day together; plain text in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _

from allocapp.clock import local_day
from allocapp.config import MailServer
from allocapp.mail import Letter, message_id
from allocapp.models.notice import Notice
from allocapp.views.formatting import day
from allocapp.views.notice_words import chat_text, notice_words, public_address


def notice_letter(notice: Notice, server: MailServer) -> Letter:
    """The e-mail about one notification."""
    with force_locale(notice.account.language):
        return Letter(
            to=notice.account.email,
            subject=_("[allocapp] %(title)s", title=notice_words(notice).title),
            text=_text(notice, [chat_text(notice)]),
            message_id=message_id(f"notice-{notice.id}-{_stamp(notice)}", server),
            at=notice.at,
        )


def digest_letter(notices: Sequence[Notice], server: MailServer, *, now: datetime) -> Letter:
    """The e-mail about all that one person was told since the last. It is named for the first of them."""
    first = notices[0]
    with force_locale(first.account.language):
        subject = _("[allocapp] Notifications until %(day)s: %(number)s", day=day(local_day(now)), number=len(notices))
        return Letter(
            to=first.account.email,
            subject=subject,
            text=_text(first, [chat_text(notice) for notice in notices]),
            message_id=message_id(f"digest-{first.id}-{_stamp(first)}", server),
            at=now,
        )


def _text(notice: Notice, parts: Sequence[str]) -> str:
    choices = public_address("notice.choices")
    return "\n\n".join(
        [
            _("To: %(name)s", name=notice.account.name),
            *parts,
            _("Figures and reasons are read in the application, after signing in."),
            _("Choose which notifications are e-mailed to you: %(address)s", address=choices),
        ]
    )


def _stamp(notice: Notice) -> int:
    """Keeps the numbers of two installations behind one sender apart."""
    return int(notice.at.timestamp() * 1_000_000)
