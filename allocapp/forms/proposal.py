"""Forms of proposed weights and of the verdict on them. Shape only; meaning is the rules' affair."""

from __future__ import annotations

import re

from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Optional, Regexp

from allocapp.forms import Form
from allocapp.forms.plan import printable
from allocapp.rules.percent import parse_count

_SEPARATORS = re.compile(r"[\s,;]+")


class ProposalForm(Form):
    """Another weight, or the codes of another service set, and why."""

    weight = StringField(validators=[Optional()], filters=[lambda text: printable(text or "")])
    services = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])
    reason = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])

    @property
    def codes(self) -> list[str]:
        """The codes written, one a line or otherwise apart."""
        return [code for code in _SEPARATORS.split(self.services.data or "") if code]

    def read_weight(self) -> int:
        """The weight written. Raises InvalidCount."""
        return parse_count(self.weight.data or "")


class VerdictForm(Form):
    """Accept or refuse: the proposal as it was seen, and a refusal's reason."""

    seen = StringField(validators=[InputRequired(), Regexp(r"[0-9a-f]{64}\Z")])
    reason = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])
