"""The form that applies a previewed copy: the plan's version and the stamp of what was shown."""

from __future__ import annotations

from allocapp.forms.plan import SeenForm


class CopyForm(SeenForm):
    """Copy what the preview showed; ``seen_hash`` is the preview's stamp."""
