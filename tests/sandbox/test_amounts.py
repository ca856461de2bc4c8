"""Amounts from the wire: what is one, what is not, and sums that lose nothing."""

from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async.sandbox.amounts import minus, plus, read_amount, text_of
from paycombat_async.sandbox.refusals import Refused

AMOUNTS = st.decimals("0.000001", "999999999", places=6).filter(lambda amount: amount > 0)


@pytest.mark.parametrize(
    ("written", "amount"),
    [("1", "1"), ("0.000001", "0.000001"), ("999999999999999", "999999999999999"), ("1234567890.12345", None)],
    ids=["one", "smallest", "largest", "15 digits"],
)
def test_numbers_are_read_digit_by_digit(written: str, amount: str | None) -> None:
    """Up to what a double holds."""
    assert Decimal(amount or written) == read_amount(msgspec.Raw(written.encode()), "$.amount")


@pytest.mark.parametrize(
    "written",
    ["0", "-0", "-1", "0.0000009", "5e-7", "1e3", "1E3", "1000000000000000", "1234567890.123456", '"1"', "null", "[1]"],
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    """With 400 and the field's path, without the value."""
    with pytest.raises(Refused, match=r"^\$\.amount: expected") as refused:
        read_amount(msgspec.Raw(written.encode()), "$.amount")

    assert refused.value.status == 400


@given(AMOUNTS, AMOUNTS)
def test_sums_are_exact_in_any_context(one: Decimal, other: Decimal) -> None:
    """The caller's precision makes no difference, and what goes in comes out again."""
    with localcontext(prec=3):
        there = plus(one, other)
        back = plus(there, minus(other))

    assert one == back
    assert one == Decimal(text_of(one))


@pytest.mark.parametrize(("amount", "text"), [("10.50", "10.5"), ("1E+3", "1000"), ("0E-6", "0"), ("0.000001", None)])
def test_amounts_are_written_as_javascript_does(amount: str, text: str | None) -> None:
    """No exponent, no zeros at the end."""
    assert (text or amount) == text_of(Decimal(amount))


def test_sums_are_exact() -> None:
    """The largest and the smallest amount together have 21 digits; a rounded balance would hide a lost cent."""
    largest, smallest = Decimal(10**15 - 1), Decimal("0.000001")

    total = plus(largest, smallest)

    assert "999999999999999.000001" == text_of(total)
    assert smallest == plus(total, minus(largest))
