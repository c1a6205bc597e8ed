"""The words of a decision: the campaign's own, or those here where it has none for decisions of that kind.

Campaigns have words for the decision that assigns. What amends, replaces or revokes it is signed by the same people on
the same legal bases, so only what differs stands here, in one place: its subject and its articles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import DocumentTextMissing
from allocapp.models.campaign import DecisionKind, DocumentText
from allocapp.models.plan import Plan

Articles = list[dict[str, object]]

_AS_IN_ARTICLE: Final = re.compile(r"Như Điều \d+")


@dataclass(frozen=True)
class Words:
    """What a decision says; ``{…}`` are filled in with the number. ``articles`` as in DocumentText."""

    subject: str
    authority: str
    bases: tuple[str, ...]
    proposal: str
    articles: Articles
    recipients: tuple[str, ...]
    archive: str
    signer_lines: tuple[str, ...]
    signer_name: str
    annex_title: str


def _article(text: str) -> dict[str, object]:
    return {"text": text, "clauses": []}


_AFFECTED_BASIS: Final = "Căn cứ {affected_decision} {affected_subject}"

_AMEND_SUBJECT: Final = "Sửa đổi, bổ sung một số chỉ tiêu giao tại {affected_decision}"
_AMEND_ARTICLES: Final = (
    "Sửa đổi, bổ sung một số chỉ tiêu giao tại {affected_decision} {affected_subject}; các chỉ tiêu sau khi sửa đổi, "
    "bổ sung được thực hiện theo Phụ lục kèm theo Quyết định này, thay thế Phụ lục kèm theo {latest_number}",
    "Các nội dung khác của {affected_number} không được sửa đổi, bổ sung tại Quyết định này tiếp tục có hiệu lực thi "
    "hành",
    "Quyết định có hiệu lực từ ngày ký. Các cơ quan, đơn vị được giao chỉ tiêu tại Phụ lục và các tổ chức, cá nhân có "
    "liên quan chịu trách nhiệm thi hành Quyết định này",
)
_AMEND_ANNEX: Final = " (sau khi sửa đổi, bổ sung)"

_REPLACE_ARTICLE: Final = "Quyết định này thay thế {affected_decision} {affected_subject}"

_REVOKE_SUBJECT: Final = "Bãi bỏ {affected_decision}"
_REVOKE_ARTICLES: Final = (
    "Bãi bỏ {affected_decision} {affected_subject}.\nLý do bãi bỏ: {reason}",
    "Các chỉ tiêu đã giao tại {affected_number} không còn là căn cứ để thực hiện và đánh giá kết quả kể từ ngày Quyết "
    "định này có hiệu lực",
    "Quyết định có hiệu lực từ ngày ký. Các cơ quan, đơn vị đã được giao chỉ tiêu tại {affected_number} và các tổ "
    "chức, cá nhân có liên quan chịu trách nhiệm thi hành Quyết định này",
)


def words_for(plan: Plan, kind: DecisionKind) -> Words:
    """The campaign's words for such a decision of a unit of this kind, else the usual ones. Raises DocumentTextMissing.

    The usual words of a kind rest on the campaign's words for the decision that assigns.
    """
    found = {
        text.decision_kind: text
        for text in db.session.scalars(
            select(DocumentText).where(
                DocumentText.campaign_id == plan.campaign_id, DocumentText.unit_kind_code == plan.unit.kind_code
            )
        )
    }
    if kind in found:
        return _given(found[kind])
    if DecisionKind.ASSIGN not in found:
        raise DocumentTextMissing(plan.unit.name)
    return usual_words(_given(found[DecisionKind.ASSIGN]), kind)


def usual_words(assigning: Words, kind: DecisionKind) -> Words:
    """The words of a decision of that kind, made from those of the decision that assigns."""
    if kind is DecisionKind.ASSIGN:
        return assigning
    words = replace(assigning, bases=(*assigning.bases, _AFFECTED_BASIS))
    if kind is DecisionKind.REPLACE:
        # before the last article, which says from when and by whom: so the numbers before it stay what they were
        articles = [*assigning.articles[:-1], _article(_REPLACE_ARTICLE), *assigning.articles[-1:]]
        return _with_articles(words, articles)
    if kind is DecisionKind.AMEND:
        words = replace(words, subject=_AMEND_SUBJECT, annex_title=assigning.annex_title + _AMEND_ANNEX)
        return _with_articles(words, [_article(text) for text in _AMEND_ARTICLES])
    # a superior's decision that is named here may itself be revoked by now, so only what needs no filling is kept
    bases = tuple(base for base in assigning.bases if "{superior" not in base)
    words = replace(words, subject=_REVOKE_SUBJECT, bases=(*bases, _AFFECTED_BASIS))
    return _with_articles(words, [_article(text) for text in _REVOKE_ARTICLES])


def _with_articles(words: Words, articles: Articles) -> Words:
    """With those articles; the recipients "as in Article n", the last one, follow its number."""
    recipients = tuple(_AS_IN_ARTICLE.sub(f"Như Điều {len(articles)}", text) for text in words.recipients)
    return replace(words, articles=articles, recipients=recipients)


def _given(text: DocumentText) -> Words:
    return Words(
        subject=text.subject,
        authority=text.authority,
        bases=tuple(text.bases),
        proposal=text.proposal,
        articles=list(text.articles),
        recipients=tuple(text.recipients),
        archive=text.archive,
        signer_lines=tuple(text.signer_lines),
        signer_name=text.signer_name,
        annex_title=text.annex_title,
    )
