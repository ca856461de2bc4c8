"""Schemas of customers against the provider's own page and the record of its fields."""

import copy
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_args

import msgspec
import pytest
from msgspec import UNSET, Struct

from paycombat_async._json.canonical import canonical_json
from paycombat_async.errors import InvalidRequest, Outcome
from paycombat_async.schemas._base import EmptyObject
from paycombat_async.schemas.customers import (
    AuthorizedUserDetails,
    CreateCompany,
    CreateCustomer,
    CreateIndividual,
    Customer,
    CustomerType,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
)
from paycombat_async.schemas.envelope import Envelope
from tests.json_cases import SafeText, vectors
from tests.record import UPSTREAM

PAGE_REQUEST = {**vectors("update-customer-request.json"), "type": "company"}
PAGE_RESPONSE = vectors("update-customer-response.json")
RECORD = vectors("customer-fields.json")
PLANTED = "S3CRET"


def structs_in(annotation: object) -> Iterator[type[Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, Struct) and annotation is not EmptyObject:
        yield annotation
    for member in get_args(annotation):
        yield from structs_in(member)


def flattened(kind: type[Struct], prefix: str = "") -> dict[str, msgspec.structs.FieldInfo]:
    """Every field as a dotted path, as the record writes them."""
    found: dict[str, msgspec.structs.FieldInfo] = {}
    for field in msgspec.structs.fields(kind):
        found[prefix + field.encode_name] = field
        for inner in structs_in(field.type):
            found |= flattened(inner, f"{prefix}{field.encode_name}.")
    return found


def leaves(value: object, prefix: str = "$") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{prefix}.{key}")
    else:
        yield prefix, value


def at(value: object, path: str) -> object:
    for name in path.split(".")[1:]:
        value = getattr(value, name)
    return value


def refusal(kind: type[Any], data: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        kind.from_mapping(data)
    return caught.value


def test_the_pages_request_is_encoded_in_the_pages_order() -> None:
    """The example of "Update Customer", with a type that exists, comes out byte for byte."""
    body = canonical_json(UpdateCustomer.from_mapping(PAGE_REQUEST))

    assert json.dumps(PAGE_REQUEST, separators=(",", ":")).encode() == body


def test_the_order_of_the_caller_does_not_matter() -> None:
    """Keys handed in backwards are sent in the page's order all the same."""

    def backwards(value: Any) -> Any:
        return {key: backwards(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    expected = canonical_json(UpdateCustomer.from_mapping(PAGE_REQUEST))
    assert expected == canonical_json(UpdateCustomer.from_mapping(backwards(PAGE_REQUEST)))


REQUESTS = [(CreateCustomer, "create_request"), (UpdateCustomer, "update_request")]


@pytest.mark.parametrize(("kind", "table"), REQUESTS, ids=[table for _, table in REQUESTS])
def test_requests_have_the_fields_on_record_and_no_others(kind: type[Struct], table: str) -> None:
    """Each recorded field can be set, and nothing is offered that the record does not show, but `extra`."""
    assert {row["path"] for row in RECORD[table]} == set(flattened(kind)) - {"extra"}


@pytest.mark.parametrize(("kind", "table"), REQUESTS, ids=[table for _, table in REQUESTS])
def test_a_field_is_required_where_the_record_requires_it(kind: type[Struct], table: str) -> None:
    """Nobody is made to send more than the provider asks for; an update needs only to know whom."""
    recorded = {row["path"] for row in RECORD[table] if row["required"] == "yes"}
    by_nature = {"customer_id"} if kind is UpdateCustomer else set()

    assert recorded | by_nature == {path for path, field in flattened(kind).items() if field.required}


def test_answers_have_the_fields_on_record() -> None:
    """Every field of the two pages that show a customer can be read; a person has those of an authorized user too."""
    rows = [*RECORD["update_response"], *RECORD["detail_response"]]
    recorded = {row["path"].removeprefix("data.") for row in rows if row["path"].startswith("data.")}
    offered = set(flattened(Customer))

    assert recorded - offered == set()
    assert {path for path in offered - recorded if not path.startswith("individual.")} == {*UPSTREAM["Customer"]}


def test_envelopes_have_the_fields_on_record() -> None:
    """What wraps a customer on the two pages is known, so that it is no drift."""
    rows = [*RECORD["update_response"], *RECORD["detail_response"]]
    wrapping = {row["path"] for row in rows if not row["path"].startswith("data.")}

    assert wrapping - set(flattened(Envelope)) == set()


JSON_TYPES = {"string": "text", "boolean": True, "object": {}, "unknown": ["text"]}


@pytest.mark.parametrize("table", ["update_response", "detail_response"])
def test_answers_take_the_recorded_type_of_each_field(table: str) -> None:
    """Each field of the record decodes alone, in the type on record, and null where the record says nullable."""
    for row in RECORD[table]:
        if not row["path"].startswith("data."):
            continue
        names = row["path"].split(".")[1:]
        values = [JSON_TYPES[row["type"]], *([None] if row["nullable"] == "yes" else [])]
        for value in values:
            document = value
            for name in reversed(names):
                document = {name: document}

            decoded = msgspec.json.decode(json.dumps(document), type=Customer)

            read = at(decoded, ".".join(("$", *names)))
            assert read == value or (value == {} and isinstance(read, Struct)), row["path"]


def test_the_pages_answer_decodes() -> None:
    """Every text of the page's example is where it belongs; `{}` is accepted exactly where the page writes it."""
    customer = msgspec.json.decode(json.dumps(PAGE_RESPONSE["data"]), type=Customer)

    for path, value in leaves(PAGE_RESPONSE["data"]):
        expected = EmptyObject() if value == {} and path != "$.metadata" else value
        assert expected == at(customer, path), path


@pytest.mark.parametrize("path", ["$.company.name", "$.created_at", "$.company.authorized_user.email"])
def test_an_empty_object_elsewhere_is_no_text(path: str) -> None:
    """Where the record shows no `{}`, it is a drift and must not pass as text unseen."""
    document: object = {}
    for name in reversed(path.split(".")[1:]):
        document = {name: document}

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(document), type=Customer)


@pytest.mark.promise("P5")
def test_unset_is_omitted_and_empty_is_kept() -> None:
    """Leaving a field alone and clearing it are two things on the wire."""
    request = UpdateCustomer(
        customer_id="c", description="", company=UpdateCompany(name=UNSET, address_line2="", phone_number="1")
    )

    assert canonical_json(request) == (
        b'{"customer_id":"c","description":"","company":{"address_line2":"","phone_number":"1"}}'
    )


@pytest.mark.promise("P5")
@pytest.mark.parametrize("kind", [UpdateCompany, UpdateIndividual, AuthorizedUserDetails])
def test_every_part_of_an_update_may_be_left_out(kind: type[Struct]) -> None:
    """A request without any field set is encoded as `{}`."""
    assert canonical_json(kind()) == b"{}"


CREATE_COMPANY = dict.fromkeys(("name", "registration_number", "incorporation_country", "address_country"), "x")
CREATE_INDIVIDUAL = dict.fromkeys(("first_name", "last_name", "address_country"), "x")
WHOLE: dict[type[Any], dict[str, object]] = {
    CreateCustomer: {
        "description": "d",
        "type": "company",
        "company": {**CREATE_COMPANY, "authorized_user": {}},
        "individual": CREATE_INDIVIDUAL,
    },
    UpdateCustomer: {"customer_id": "c", "company": {"authorized_user": {}}, "individual": {}},
}
EVERY_FIELD = [(kind, row["path"]) for kind, table in REQUESTS for row in RECORD[table]]


@pytest.mark.promise("P5", "P11")
@pytest.mark.parametrize(("kind", "path"), EVERY_FIELD, ids=[f"{kind.__name__} {path}" for kind, path in EVERY_FIELD])
def test_none_is_refused_in_every_field(kind: type[Any], path: str) -> None:
    """The API knows no null: None is neither "leave alone" nor "clear", so it is refused by name."""
    *parents, last = path.split(".")
    data: Any = copy.deepcopy(WHOLE[kind])
    part = data
    for name in parents:
        part = part[name]
    part[last] = None

    error = refusal(kind, data)

    assert f"$.{path}" == error.path
    assert str(error).startswith(f"$.{path}: ")
    assert error.outcome is Outcome.NOT_SENT


@pytest.mark.promise("P5")
def test_none_inside_metadata_is_null() -> None:
    """Metadata is the merchant's own: null means there what they want it to mean."""
    request = UpdateCustomer.from_mapping({"customer_id": "c", "metadata": {"a": None}})

    assert canonical_json(request) == b'{"customer_id":"c","metadata":{"a":null}}'


VALID = {"customer_id": "c"}
LOOP: list[object] = []
LOOP.append(LOOP)
BAD: dict[str, tuple[object, str]] = {
    "misspelt key": ({**VALID, "desciption": PLANTED}, "$"),
    "unknown key further in": ({**VALID, "company": {"adress": PLANTED}}, "$.company"),
    "no customer_id": ({"description": PLANTED}, "$"),
    "empty customer_id": ({"customer_id": ""}, "$.customer_id"),
    "endless customer_id": ({"customer_id": PLANTED * 50}, "$.customer_id"),
    "number for text": ({**VALID, "description": 53}, "$.description"),
    "huge number for text": ({**VALID, "description": 10**5000}, "$.description"),
    "text for an object": ({**VALID, "company": PLANTED}, "$.company"),
    "list for an object": ({**VALID, "metadata": [PLANTED]}, "$.metadata"),
    "list for extra": ({**VALID, "extra": [PLANTED]}, "$.extra"),
    "bytes": ({**VALID, "description": PLANTED.encode()}, "$.description"),
    "bytes further in": ({**VALID, "company": {"name": PLANTED.encode()}}, "$.company.name"),
    "wrong type": ({**VALID, "type": PLANTED}, "$.type"),
    "wrong type of two lines": ({**VALID, "type": f"{PLANTED}\n{PLANTED}"}, "$.type"),
    "wrong type that looks like a path": ({**VALID, "type": f"{PLANTED}' - at `$.{PLANTED}`"}, "$.type"),
    "wrong type, a number": ({**VALID, "type": 53}, "$.type"),
    "wrong type, half a surrogate pair": ({**VALID, "type": f"{PLANTED}\ud800"}, "$.type"),
    "half a surrogate pair in a key": ({**VALID, "k\ud800": PLANTED}, "$.extra"),
    "half a surrogate pair in a misspelt key": ({**VALID, "description\ud800": PLANTED}, "$"),
    "key twice": ({**VALID, "status": PLANTED, "extra": {"status": PLANTED}}, "$"),
    "calculated float in an unknown key": ({**VALID, "limit": [0.1 + 0.2]}, "$.extra.limit[0]"),
    "what contains itself in an unknown key": ({**VALID, "limit": LOOP}, "$.extra.limit" + "[0]" * 31),
    "half a surrogate pair in a key further in": ({**VALID, "company": {"k\ud800": PLANTED}}, "$.company"),
    "number as a key": ({**VALID, 5: PLANTED}, "$"),
    "number as a key of metadata": ({**VALID, "metadata": {5: PLANTED}}, "$.metadata"),
    "list": ([("customer_id", PLANTED)], "$"),
    "text": (PLANTED, "$"),
    "bytes of JSON": (b'{"customer_id":"c"}', "$"),
    "None": (None, "$"),
    "number": (10**5000, "$"),
    "object": (object(), "$"),
}


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("data", "path"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_clear_error(data: object, path: str) -> None:
    """The one error type, with the path, in one line, without the value, and with nothing hanging behind it."""
    error = refusal(UpdateCustomer, data)

    assert path == error.path
    assert str(error).startswith(f"{path}: ")
    assert PLANTED not in f"{error!r}{vars(error)}"
    assert error.__context__ is None
    assert len(str(error).splitlines()) == 1
    assert str(error).encode() != b""


def itself() -> dict[str, object]:
    data: dict[str, object] = {"customer_id": "c"}
    data["company"] = data
    return data


def abyss() -> dict[str, object]:
    levels: dict[str, object] = {}
    for _ in range(100_000):
        levels = {"a": levels}
    return {"customer_id": "c", "metadata": levels}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("data", [itself(), abyss()], ids=["holds itself", "abyss"])
def test_bottomless_data_is_refused_at_the_latest_when_it_is_encoded(data: dict[str, object]) -> None:
    """No RecursionError on the way, and no endless loop."""
    with pytest.raises(InvalidRequest):
        canonical_json(UpdateCustomer.from_mapping(data))


@pytest.mark.promise("P11")
def test_a_huge_number_in_metadata_is_refused_when_it_is_encoded() -> None:
    """Five thousand digits neither slip through nor break the message."""
    request = UpdateCustomer.from_mapping({"customer_id": "c", "metadata": {"n": 10**5000}})

    with pytest.raises(InvalidRequest) as caught:
        canonical_json(request)

    assert caught.value.path == "$.metadata.n"


@pytest.mark.parametrize(
    "data",
    [
        MappingProxyType(PAGE_REQUEST),
        {**PAGE_REQUEST, "type": CustomerType.COMPANY},
        {**PAGE_REQUEST, "description": SafeText("string")},
        {**PAGE_REQUEST, "metadata": MappingProxyType({})},
    ],
    ids=["another mapping", "enum", "subclass of str", "another mapping inside"],
)
def test_plain_data_of_related_types_is_taken(data: Mapping[str, object]) -> None:
    """What web frameworks hand out means the same as dict and str."""
    expected = canonical_json(UpdateCustomer.from_mapping(PAGE_REQUEST))

    assert expected == canonical_json(UpdateCustomer.from_mapping(data))


def test_from_mapping_builds_the_nested_parts() -> None:
    """Plain data and constructors lead to equal requests."""
    built = CreateCustomer.from_mapping(
        {
            "description": "d",
            "type": "company",
            "company": {
                "name": "n",
                "registration_number": "r",
                "incorporation_country": "KR",
                "address_country": "KR",
            },
        }
    )

    company = CreateCompany(name="n", registration_number="r", incorporation_country="KR", address_country="KR")
    assert built == CreateCustomer(description="d", type="company", company=company)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("kind", "missing", "given"),
    [
        (CreateCustomer, "type", {"description": "d"}),
        (CreateCustomer, "description", {"type": "company"}),
        (CreateCompany, "address_country", {"name": "n", "registration_number": "r", "incorporation_country": "c"}),
        (CreateIndividual, "first_name", {"last_name": "l", "address_country": "c"}),
    ],
)
def test_a_missing_field_is_named(kind: type[Any], missing: str, given: dict[str, str]) -> None:
    """The message says which field to add."""
    assert f"`{missing}`" in str(refusal(kind, given))


def test_requests_are_frozen_and_take_no_positions() -> None:
    """A request handed to a call cannot change under it, and the order of fields is no API."""
    request = UpdateCustomer(customer_id="c")

    with pytest.raises(AttributeError):
        request.description = "d"  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        UpdateCustomer("c")  # type: ignore[call-arg,arg-type]  # the point of the test
