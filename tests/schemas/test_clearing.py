"""`""` clears, says the provider's page "Update Customer", without an exception: every field of the request can be."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from paycombat_async import (
    AuthorizedUserDetails,
    InvalidRequest,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
    canonical_json,
)
from paycombat_async._protocol.request_body import FAST_CHECKS, encode_body
from paycombat_async.endpoints import CREATE_CUSTOMER, UPDATE_CUSTOMER
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat
from tests.calls import CUSTOMER

pytestmark = pytest.mark.promise("P5")

PARTS: list[tuple[type[Struct], list[str]]] = [
    (UpdateCustomer, []),
    (UpdateCompany, ["company"]),
    (UpdateIndividual, ["individual"]),
    (AuthorizedUserDetails, ["company", "authorized_user"]),
]
FIELDS = [
    [*path, field.name]
    for kind, path in PARTS
    for field in msgspec.structs.fields(kind)
    if field.name not in {"customer_id", "extra"}
]


def cleared(path: list[str]) -> dict[str, Any]:
    """The body of an update that clears the field at this path."""
    inner: Any = ""
    for name in reversed(path):
        inner = {name: inner}
    return {"customer_id": "c", **inner}


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_every_field_can_be_cleared(path: list[str]) -> None:
    """From plain data and in a Struct, checked fast and slowly."""
    request = UpdateCustomer.from_mapping(cleared(path))

    assert json.dumps(cleared(path), separators=(",", ":")).encode() == encode_body(UPDATE_CUSTOMER, request)
    assert FAST_CHECKS[UpdateCustomer](request) is request
    slowly = msgspec.structs.replace(request, extra={"more": 1})
    assert cleared(path) | {"more": 1} == json.loads(encode_body(UPDATE_CUSTOMER, slowly))
    assert cleared(path) == request.to_dict()


def test_a_field_that_clears_stands_beside_others() -> None:
    """Also where the rest of the request needs the slow check."""
    request = UpdateCustomer(customer_id="c", type="", metadata="", company=UpdateCompany(authorized_user=""))
    body = b'{"customer_id":"c","type":"","metadata":"","company":{"authorized_user":""}}'

    assert body == canonical_json(request) == encode_body(UPDATE_CUSTOMER, request)


WRONG: dict[str, Any] = {
    "type": "person",
    "metadata": "x",
    "company": "x",
    "individual": " ",
}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("field", WRONG)
def test_no_other_text_is_taken(field: str) -> None:
    """Neither from plain data nor in a Struct; nor does a new customer take what clears."""
    with pytest.raises(InvalidRequest) as from_data:
        UpdateCustomer.from_mapping({"customer_id": "c", field: WRONG[field]})
    with pytest.raises(InvalidRequest) as sent:
        encode_body(UPDATE_CUSTOMER, UpdateCustomer(customer_id="c", **{field: WRONG[field]}))
    with pytest.raises(InvalidRequest):
        encode_body(CREATE_CUSTOMER, msgspec.structs.replace(CUSTOMER, **{field: ""}))

    assert f"$.{field}" == from_data.value.path == sent.value.path


def test_the_sandbox_clears_them() -> None:
    """What it shows afterwards is null; a customer without a type has no wallet."""
    with (
        Sandbox(customers=1) as sandbox,
        PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client,
    ):
        [made] = client.customers.list()
        client.customers.update(
            UpdateCustomer(
                customer_id=made.customer_id,
                metadata={"a": "b"},
                individual=UpdateIndividual(first_name="Ana"),
                company=UpdateCompany(name="x"),
            )
        )

        changed = client.customers.update(
            UpdateCustomer(customer_id=made.customer_id, type="", metadata="", individual="", company="")
        )

    assert (None, None, None) == (changed.type, changed.individual, changed.company)
    assert not changed.metadata
    assert changed.is_wallet_ready is False
