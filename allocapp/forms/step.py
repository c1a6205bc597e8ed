"""The form of a unit's own steps: up to three lines, each handed back as it was typed.

Fields of line n: ``name-n`` what the step is about, ``person-n`` the account's id, ``days-n`` how many days. A line
without a name and a person is no step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict
from wtforms import StringField
from wtforms.validators import InputRequired, Regexp

from allocapp.forms import Form
from allocapp.forms.plan import printable
from allocapp.services.step import MOST_STEPS, StepSetting

_ID = re.compile(r"[1-9][0-9]{0,8}")
_DAYS = re.compile(r"[0-9]{1,3}")


class StepsForm(Form):
    """The form's own field: the stamp of the steps that the page was made from."""

    seen = StringField(validators=[InputRequired(), Regexp(r"[0-9a-f]{64}\Z")])


@dataclass(frozen=True)
class TypedStep:
    """A line as typed."""

    line: int
    name: str = ""
    person: str = ""
    days: str = ""

    @property
    def empty(self) -> bool:
        """Whether it is no step."""
        return not self.name and not self.person

    @property
    def setting(self) -> StepSetting:
        """What the line asks for; what is no number is none."""
        person = int(self.person) if _ID.fullmatch(self.person) else None
        return StepSetting(self.name, person, int(self.days) if _DAYS.fullmatch(self.days) else None)


def read_steps(form: MultiDict[str, str]) -> Sequence[TypedStep]:
    """Every line that came back, empty ones too."""
    return [
        TypedStep(
            line,
            " ".join(printable(form.get(f"name-{line}", "")).split()),
            form.get(f"person-{line}", "").strip(),
            form.get(f"days-{line}", "").strip(),
        )
        for line in range(1, MOST_STEPS + 1)
    ]
