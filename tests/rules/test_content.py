"""One content, one text, one hash."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocapp.rules.content import canonical_json, content_hash

LETTERS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=12,
)


def turned(obj: object) -> object:
    """The same content with every dict filled in the opposite order and every list made a tuple."""
    if isinstance(obj, dict):
        return {key: turned(obj[key]) for key in reversed(obj)}
    if isinstance(obj, list):
        return tuple(turned(part) for part in obj)
    return obj


def test_the_text_is_fixed() -> None:
    obj = {"b": [1, None, True], "a": "Xã Tân Lập", "ă": {}}
    assert canonical_json(obj) == '{"a":"Xã Tân Lập","b":[1,null,true],"ă":{}}'


def test_the_hash_is_fixed() -> None:
    """The stored hash of an approved plan must mean the same after every upgrade."""
    assert content_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert (
        content_hash({"targets": [8000, None], "unit": "Bắc Sơn"})
        == "d015ed034a0121f1955ceebccfb54224a3917f4892cfa760439d2c1d95d2bcc1"
    )


@given(PLAIN)
def test_order_of_keys_and_kind_of_sequence_do_not_matter(obj: object) -> None:
    assert canonical_json(turned(obj)) == canonical_json(obj)
    assert content_hash(turned(obj)) == content_hash(obj)
    assert json.loads(canonical_json(obj)) == obj


@given(PLAIN, PLAIN)
def test_another_content_has_another_hash(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (content_hash(one) == content_hash(other)) == same


@pytest.mark.parametrize(
    "obj", [0.8, float("nan"), Fraction(4, 5), Decimal("0.8"), {1: "a"}, {None: 1}, {"a"}, b"a", object()]
)
def test_values_without_one_exact_text_are_refused(obj: object) -> None:
    for wrapped in (obj, [obj], {"a": (obj,)}):
        with pytest.raises(TypeError):
            canonical_json(wrapped)
