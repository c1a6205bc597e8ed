"""A person's own notifications: the list behind the bell, what was read, and which are e-mailed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from allocapp.access import ALLOWED, Action
from allocapp.clock import now
from allocapp.config import Config
from allocapp.db import transaction
from allocapp.errors import NotFound
from allocapp.forms.notice import ChoicesForm, ReadForm
from allocapp.models.notice import Mailing, Notice, NoticeKind
from allocapp.services.notice_reading import (
    choose_mailing,
    count_unread,
    list_notices,
    read_choices,
    read_notice,
    read_notices_until,
)
from allocapp.views.messages import Mistake, mistakes_of
from allocapp.views.notice_words import (
    MAILING_NAMES,
    WORDS,
    NoticeWords,
    chat_text,
    mail_words,
    next_step,
    notice_words,
)
from allocapp.views.visitor import signed_in_account

pages = Blueprint("notice", __name__, url_prefix="/notices")

ONE = "/<int(max=2147483647):notice_id>"
LAST_PAGE = 100_000


@dataclass(frozen=True)
class NoticeLine:
    """A notification as the page shows it."""

    notice: Notice
    words: NoticeWords
    url: str
    chat: str
    mail: str


@pages.get("/")
def index() -> ResponseReturnValue:
    """A page of the notifications, newest first."""
    page = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    notices, has_next = list_notices(signed_in_account(), page=page)
    lines = [_line(notice) for notice in notices]
    return render_template("notice/index.html", lines=lines, page=page, has_next=has_next)


@pages.post("/read")
def read_all() -> ResponseReturnValue:
    """Mark all as read, up to the newest that the page showed."""
    form = ReadForm()
    if not form.validate():
        raise NotFound
    actor = signed_in_account()
    with transaction():
        read_notices_until(form.newest.data, actor=actor, now=now())
    flash(_("All notifications up to the newest you saw are marked as read."))
    return redirect(url_for("notice.index"), 303)


@pages.post(f"{ONE}/read")
def read(notice_id: int) -> ResponseReturnValue:
    """Mark one as read."""
    _mark(notice_id)
    return redirect(url_for("notice.index"), 303)


@pages.post(f"{ONE}/open")
def open_(notice_id: int) -> ResponseReturnValue:
    """Mark one as read and go on with its next step."""
    endpoint, values = _mark(notice_id)
    return redirect(url_for(endpoint, **values), 303)


@pages.get("/choices")
def choices() -> ResponseReturnValue:
    """Which kinds are e-mailed, and where to."""
    account = signed_in_account()
    stored = {kind.value: mailing.value for kind, mailing in read_choices(account).items()}
    return _show_choices(ChoicesForm(formdata=None, data={"email": account.email, **stored}), [], 200)


@pages.post("/choices")
def choose() -> ResponseReturnValue:
    """Keep address and choices."""
    form, account_id = ChoicesForm(), signed_in_account().id
    if not form.validate():
        return _show_choices(form, mistakes_of(form), 422)
    with transaction():
        choose_mailing(account_id, email=form.email.data, choices=form.choices)
    flash(_("Your choices are kept."))
    return redirect(url_for("notice.choices"), 303)


def unread_notices() -> int:
    """How many the person signed in has not read: what the bell says. Where the database fails, pages come without."""
    return 0 if "without_database" in g else count_unread(current_user.account_id)


def _mark(notice_id: int) -> tuple[str, dict[str, Any]]:
    actor = signed_in_account()
    with transaction():
        notice = read_notice(notice_id, actor=actor, now=now())
        return next_step(notice)


def _line(notice: Notice) -> NoticeLine:
    endpoint, values = next_step(notice)
    return NoticeLine(notice, notice_words(notice), url_for(endpoint, **values), chat_text(notice), mail_words(notice))


def _concerns(kind: NoticeKind) -> bool:
    """Whether the person is ever told of that kind: the journal's heads are for those who read the journal."""
    readers = {role for role, actions in ALLOWED.items() if Action.READ_JOURNAL in actions}
    return kind is not NoticeKind.JOURNAL_HEAD or bool(readers & current_user.roles)


def _show_choices(form: ChoicesForm, mistakes: list[Mistake], status: int) -> ResponseReturnValue:
    config: Config = current_app.config["ALLOCAPP"]
    page = render_template(
        "notice/choices.html",
        form=form,
        mistakes=mistakes,
        kinds=[(form[kind.value], WORDS[kind].name) for kind in NoticeKind if _concerns(kind)],
        mailings=[(mailing.value, MAILING_NAMES[mailing]) for mailing in Mailing],
        mails=config.mail is not None,
    )
    return page, status
