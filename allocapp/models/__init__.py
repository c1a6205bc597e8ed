"""Tables with their constraints. Importing this package makes all of them known to the metadata."""

from allocapp.models import account, campaign, decision, event, job, plan, results, unit

__all__ = ["account", "campaign", "decision", "event", "job", "plan", "results", "unit"]
