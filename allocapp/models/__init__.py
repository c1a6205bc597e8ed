"""Tables with their constraints. Importing this package makes all of them known to the metadata."""

from allocapp.models import account, campaign, decision, event, job, notice, opinion, plan, results, review, unit

__all__ = [
    "account",
    "campaign",
    "decision",
    "event",
    "job",
    "notice",
    "opinion",
    "plan",
    "results",
    "review",
    "unit",
]
