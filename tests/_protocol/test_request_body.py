"""A glance may doubt what is right; it must never pass what a closer look refuses."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    UNSET,
    AuthorizedUserDetails,
    CreateCompany,
    CreateCustomer,
    CreateIndividual,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
)
from paycombat_async._json.canonical import canonical_json
from paycombat_async._protocol.request_body import FAST_CHECKS, check_request
from paycombat_async.errors import InvalidRequest

KINDS = [
    AuthorizedUserDetails,
    CreateCompany,
    CreateCustomer,
    CreateIndividual,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
]
ODD = st.none() | st.booleans() | st.integers() | st.binary(max_size=3) | st.just(date(2026, 1, 2)) | st.just(["x"])
RIGHT = st.text(max_size=3) | st.sampled_from(["company", "individual", UNSET])


def of(kind: type[msgspec.Struct], values: st.SearchStrategy[object]) -> st.SearchStrategy[msgspec.Struct]:
    """Structs with any of these values in any field: constructors check nothing."""
    names = [name for name in kind.__struct_fields__ if name != "extra"]
    return st.fixed_dictionaries(dict.fromkeys(names, values)).map(lambda fields: kind(**fields))


PARTS = st.one_of(*(of(kind, RIGHT) for kind in KINDS[:2] + KINDS[3:5]))
VALUES = st.one_of(RIGHT, RIGHT, RIGHT, RIGHT, ODD, PARTS, st.dictionaries(st.text(max_size=2), st.text(max_size=2)))


@pytest.mark.promise("P11")
@given(st.one_of(*(of(kind, VALUES | RIGHT) for kind in KINDS)))
def test_what_passes_at_a_glance_passes_the_check(request_):
    """The check decodes the body again and compares: it is the one that decides."""
    try:
        body = canonical_json(request_)
    except InvalidRequest:
        return

    if FAST_CHECKS[type(request_)](request_):
        check_request(request_, body)


def whole(kind: type[msgspec.Struct], **others: object) -> msgspec.Struct:
    return kind(**({name: "x" for name in kind.__struct_fields__ if name != "extra"} | others))


OFFICER = whole(AuthorizedUserDetails)
REALISTIC = [
    OFFICER,
    UpdateCustomer(customer_id="c"),
    whole(UpdateCompany, authorized_user=OFFICER),
    whole(CreateCompany, authorized_user=UNSET),
    whole(UpdateCustomer, type="company", metadata={}, company=UpdateCompany(name="x"), individual=UNSET),
    whole(CreateCustomer, type="individual", metadata=UNSET, company=UNSET, individual=whole(CreateIndividual)),
]


@pytest.mark.parametrize("request_", REALISTIC, ids=map(str, range(len(REALISTIC))))
def test_ordinary_requests_pass_at_a_glance(request_):
    """Else the glance would be a cost and no gain."""
    assert FAST_CHECKS[type(request_)](request_)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    "request_",
    [
        UpdateCustomer(customer_id=""),
        UpdateCustomer(customer_id="c" * 256),
        UpdateCustomer(customer_id=UNSET),
        UpdateCustomer(customer_id="c", type="person"),
        UpdateCustomer(customer_id="c", description=b"x"),
        UpdateCustomer(customer_id="c", company=UpdateIndividual()),
        UpdateCustomer(customer_id="c", company=UpdateCompany(name=7)),
        UpdateCustomer(customer_id="c", metadata=[]),
        whole(CreateCompany, name=UNSET, authorized_user=UNSET),
    ],
    ids=map(str, range(9)),
)
def test_what_is_wrong_does_not(request_):
    """Each goes on to the check, which says what it is."""
    assert not FAST_CHECKS[type(request_)](request_)
