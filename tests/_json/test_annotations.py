"""The one reader of the annotations of Structs, and the table of what is made for each type."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct, UnsetType

from paycombat_async._json.annotations import ByType, alternatives, declared, is_struct, members, struct_in

Short = Annotated[str, Meta(max_length=3, extra={"role": "identity"})]
Word = Literal["a", "b"]


class Part(Struct):
    pass


@pytest.mark.parametrize(
    ("annotation", "kinds", "types"),
    [
        (str, (str,), (str,)),
        (Short, (Short,), (str,)),
        (Short | UnsetType, (Short, UnsetType), (str, UnsetType)),
        (Annotated[str | None, Meta()], (Annotated[str | None, Meta()],), (str, type(None))),
        (Decimal | int, (Decimal, int), (Decimal, int)),
        (Word | UnsetType, (Word, UnsetType), (Word, UnsetType)),
        (list[Part] | None, (list[Part], type(None)), (list[Part], type(None))),
        (Mapping[str, object], (Mapping[str, object],), (Mapping[str, object],)),
    ],
    ids=str,
)
def test_an_annotation_is_taken_apart(annotation, kinds, types):
    """`alternatives` keeps the limits in `Annotated`, `members` removes them; neither looks into containers."""
    assert kinds == alternatives(annotation)
    assert types == members(annotation)


def test_a_struct_is_found_among_the_members():
    """Not one in a list, and no generic of a Struct: neither is the value's own type."""
    assert Part is struct_in(Part | UnsetType)
    assert struct_in(list[Part] | None) is None
    assert [True, False, False] == [is_struct(kind) for kind in (Part, Part(), list[Part])]


def test_declared_facts_are_found():
    """Only in the annotation's own `Annotated`; a constraint without `extra` declares nothing."""
    assert "identity" == declared(Short, "role")
    assert [None, None, None] == [declared(kind, "role") for kind in (str, Annotated[str, Meta()], Short | None)]


def test_by_type_makes_each_value_once():
    """The second look-up of a type finds what the first one made."""
    calls = []
    made = ByType(lambda kind: calls.append(kind) or kind.__name__)

    assert ["str", "str", "int"] == [made[str], made[str], made[int]]
    assert [str, int] == calls
