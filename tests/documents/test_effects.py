"""What a decision that amends or revokes prints beside, or in place of, the usual annex."""

from __future__ import annotations

from typing import Any

import pytest

from allocapp.documents.decision import render_decision
from allocapp.errors import InvalidSnapshot
from tests.documents.measure import joined, pages
from tests.documents.snapshots import annex, decision, row

NOTE = "(*) Chỉ tiêu được sửa đổi, bổ sung so với Quyết định số 05/QĐ-UBND ngày 05 tháng 6 năm 2022"


def amending(**changes: object) -> dict[str, object]:
    """A decision whose annex marks the first target of the first row as changed."""
    changed = row("Ủy ban nhân dân xã Một", [8600, 6005]) | {"changed": [True, False]}
    rows = [changed, row("Ủy ban nhân dân xã Hai", [7950, 6010])]
    return decision(annex=annex([("Các xã", rows)]) | {"notes": [NOTE]} | changes)


def test_changed_targets_are_marked_and_the_mark_explained() -> None:
    printed = joined(pages(render_decision(amending()))[-1])
    assert printed.count("(*)") == 2, "the one target, and what the mark means"
    assert "86% (*)" in printed
    assert f"{NOTE}." in printed


def test_a_decision_that_revokes_has_no_annex() -> None:
    whole = pages(render_decision(decision()))
    printed = pages(render_decision(decision(annex=None)))
    assert any("Kèm theo Quyết định số" in joined(page) for page in whole)
    assert not any("Kèm theo Quyết định số" in joined(page) for page in printed)
    assert len(printed) < len(whole)


@pytest.mark.parametrize(("changed", "path"), [([True], "changed"), ([1, 0], "changed"), ("yes", "changed")])
def test_marks_that_do_not_fit_are_refused(changed: object, path: str) -> None:
    rows: list[dict[str, Any]] = [row("Ủy ban nhân dân xã Một", [8600, 6005]) | {"changed": changed}]
    with pytest.raises(InvalidSnapshot) as caught:
        render_decision(decision(annex=annex([("Các xã", rows)])))
    assert path in caught.value.path


def test_an_annex_that_is_missing_is_no_annex_that_there_is_none() -> None:
    snapshot = decision()
    del snapshot["annex"]
    with pytest.raises(InvalidSnapshot):
        render_decision(snapshot)
