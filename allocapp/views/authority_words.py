"""Who decides on a plan, and what that word is worth in the campaign: in sentences, and on the buttons of a review."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from allocapp.access import authority_over
from allocapp.models.campaign import Authority
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit


@dataclass(frozen=True)
class ReviewWords:
    """What a review's two outcomes are called, what they mean, and what is said once they are given."""

    asks_opinion: bool
    approve: str
    approve_title: str
    approve_means: str
    approved: str
    returning: str
    reason: str
    returned: str


def superior_of(unit: Unit) -> str:
    """Who a plan is submitted to: the superior body; a root's plan goes to its own leaders."""
    if unit.parent is None:
        return leaders_of(unit)
    return unit.parent.body_name


def leaders_of(unit: Unit) -> str:
    """The unit's own leaders, who decide where nobody above does."""
    return _("the leaders of %(body)s", body=unit.body_name)


def decider_of(plan: Plan) -> str:
    """Who looks at the plan once it is submitted: the superior body, or the unit's own leaders where these decide."""
    return leaders_of(plan.unit) if authority_over(plan) is Authority.COPY else superior_of(plan.unit)


def authority_text(plan: Plan) -> str:
    """Which authority holds for this plan, in one sentence."""
    names = {"unit": plan.unit.body_name, "superior": superior_of(plan.unit)}
    authority = authority_over(plan)
    if authority is Authority.OPINION:
        text = _(
            "%(superior)s gives an opinion on this plan; %(unit)s decides and answers for what it issues.", **names
        )
    elif authority is Authority.COPY:
        text = _("%(unit)s approves this plan itself; %(superior)s receives a copy.", **names)
    else:
        text = _("%(superior)s approves this plan.", **names)
    return text[:1].upper() + text[1:]


def review_words(plan: Plan) -> ReviewWords:
    """The words of the review page for the authority that holds."""
    unit = plan.unit.body_name
    if authority_over(plan) is Authority.OPINION:
        return ReviewWords(
            asks_opinion=True,
            approve=_("Give the opinion: agreed"),
            approve_title=_("Agree"),
            approve_means=_(
                "Agreeing means: there is nothing against exactly the targets above. %(unit)s decides, answers for "
                "what it issues, and its clerk takes the number.",
                unit=unit,
            ),
            approved=_("Opinion given: agreed. The decision waits for its number."),
            returning=_("Give the opinion: to be completed"),
            reason=_("What should be completed, and why"),
            returned=_("Opinion given: to be completed."),
        )
    return ReviewWords(
        asks_opinion=False,
        approve=_("Approve the plan"),
        approve_title=_("Approve"),
        approve_means=_(
            "Approving means: exactly the targets above become the decision of %(unit)s. Its clerk then takes the "
            "number, and it is signed and sealed. Until it has a number it can be reopened.",
            unit=unit,
        ),
        approved=_("Approved: the decision waits for its number."),
        returning=_("Return for completion"),
        reason=_("Reason for returning"),
        returned=_("Returned for completion."),
    )
