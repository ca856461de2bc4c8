"""What every request and answer shows of itself: its class, ids and status, and no personal data."""

import io
import pprint
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
import pytest
from msgspec import Struct
from rich.console import Console

from paycombat_async import Customer, CustomerType, Page, Payout, UpdateCustomer, UpdateIndividual
from paycombat_async._json.annotations import is_struct, members
from paycombat_async.schemas import customers, envelope, merchant, methods
from paycombat_async.schemas._base import EmptyObject, PublicResponse
from paycombat_async.schemas._data import Data
from paycombat_async.testing.canary import find_leaks
from tests.calls import payout

pytestmark = pytest.mark.promise("P7")

MARK = "QuillfeatherCanary19900102"  # without a space, so that its form alone does not hide it
# Fields that name an object or its state, and nothing of a person.
HARMLESS = re.compile(r"(.*_)?id|status|type|is_active|order_reference|(payin|payout)_method_name|amount|currency")
# Answers that concern no person, written down here so that a new one is a decision.
WITHOUT_PERSONS = {
    *(customers.WalletReadiness, customers.DeletedCustomer, merchant.PayoutBalance, envelope.Page),
    *(methods.RequiredField, methods.PayinMethod, methods.BeneficiaryFields, methods.PayoutMethod),
}


def below(kind: type[Struct]) -> Iterator[type[Struct]]:
    for sub in kind.__subclasses__():
        if sub.__module__.startswith("paycombat"):
            yield sub
            yield from below(sub)


KINDS = sorted(set(below(Data)) - set(below(PublicResponse)) - {PublicResponse}, key=lambda kind: kind.__name__)


def filled(kind: type[Struct]) -> Any:
    """A Struct in which every field holds the mark, save those that name an object; its parts are filled alike."""
    return kind(**{field.name: value_for(field) for field in msgspec.structs.fields(kind)})


def value_for(field: msgspec.structs.FieldInfo) -> object:
    for kind in members(field.type):
        if is_struct(kind) and kind is not EmptyObject:
            return filled(kind)
        if get_origin(kind) is list and is_struct(get_args(kind)[0]):
            return [filled(get_args(kind)[0])]
    if HARMLESS.fullmatch(field.name):
        return f"{field.name}-1"
    return {MARK: MARK} if field.name in {"metadata", "extra"} else MARK


def in_rich(value: object) -> str:
    console = Console(file=io.StringIO(), width=4_000, color_system=None)
    console.print(value)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_request_and_no_answer_shows_personal_data(kind):
    """Neither itself nor in a list, printed by repr, str, format, pprint and rich; nor do the Structs in it."""
    found = filled(kind)
    outputs = (found, [found], {"local": found}, pprint.pformat(found), f"{found}", in_rich(found), in_rich([found]))

    assert [] == find_leaks({"person": MARK}, *outputs)
    assert repr(found).startswith(f"{kind.__name__}(")


def test_answers_that_show_all_their_fields_concern_no_person():
    """Lists of methods are read in a notebook, so they are shown in full."""
    assert set(below(PublicResponse)) == WITHOUT_PERSONS
    assert "payin_method_name='au_bank_npp'" in repr(methods.PayinMethod(payin_method_name="au_bank_npp"))


SHOWN = {
    "UpdateCustomer(customer_id='c', ***)": UpdateCustomer(
        customer_id="c", individual=UpdateIndividual(first_name="Ana"), metadata={"a": "b"}
    ),
    "UpdateCustomer(customer_id='c', type='company', ***)": UpdateCustomer(customer_id="c", type=CustomerType.COMPANY),
    "CreatePayout(order_id='order-1', payout_method_name='au_bank_acct', ***)": payout(order_id="order-1"),
    "Customer(customer_id='c', type='individual', is_active=True, ***)": Customer(
        customer_id="c", type="individual", is_active=True, description="Ana"
    ),
    "Payout(id='', ***)": Payout(payee_name="Ana"),
    "Page(items=[Payout(id='p', status='SUCCESS', ***)], total=1, unread=0)": Page(
        items=[Payout(id="p", status="SUCCESS", payee_name="Ana")], total=1
    ),
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_shown_says_which_object_it_is(text):
    """Class, ids and status are enough to find it; what is not set is not shown."""
    assert text == repr(SHOWN[text]) == str(SHOWN[text])


@pytest.mark.parametrize("misplaced", [{"name": MARK}, "Ana Reyes", "zoe@canary.example", "홍길동", ["c"]])
def test_what_does_not_belong_in_an_id_is_not_shown(misplaced):
    """A constructor checks nothing, and an answer may hold anything: a profile may be where the id should be."""
    assert "UpdateCustomer(customer_id='***', ***)" == repr(UpdateCustomer(customer_id=misplaced))


def test_a_long_id_is_clipped():
    """Whoever sends a megabyte does not fill the log."""
    assert f"Payout(id='{'1' * 64}…', ***)" == repr(Payout(id="1" * 100))
