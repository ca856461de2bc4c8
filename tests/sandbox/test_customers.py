"""What the customer endpoints do, and what each answers in which envelope."""

import re
from typing import Any

import pytest

from tests.sandbox.caller import CUSTOMER, PERSON, UPDATE, Caller, StandingClock

PATH = "/api/v1/customer"
COMPANY = {"name": "한빛무역", "registration_number": "1", "incorporation_country": "KR", "address_country": "KR"}
INDIVIDUAL = {"first_name": "Zoë", "last_name": "김", "address_country": "FR"}
UPDATED_FIELDS = [
    *("company", "created_at", "created_by", "customer_id", "description", "gca_activated_at"),
    *("gca_activation_status", "is_active", "is_gca_enabled", "is_wallet_ready", "metadata", "org_id"),
    *("organization_reference_id", "type", "updated_at", "webhook_url"),
]
COMPANY_FIELDS = [
    *("company_domain", "name", "registration_number", "incorporation_country", "address_country", "address_state"),
    *("address_city", "address_line1", "address_line2", "address_zip_code", "phone_number", "phone_country_code"),
    *("phone_number_e164", "email", "authorized_user"),
]
USER_FIELDS = [
    *("first_name", "last_name", "dob", "email", "nationality", "address_country", "address_state", "address_city"),
    *("address_line1", "address_line2", "address_zip_code", "country_of_residence", "phone_number"),
    *("phone_country_code", "phone_number_e164", "identification_type", "identification_custom_type"),
    "identification_value",
]
ENVELOPE_B = ["data", "request_id", "request_time", "status_code", "status_text", "success"]


def assert_is_envelope_b(envelope: Any, *, status: int = 200, text: str = "OK") -> None:
    assert list(envelope) == ENVELOPE_B
    assert re.fullmatch(r"[0-9a-f]{32}", envelope["request_id"])
    assert (status, text, True) == (envelope["status_code"], envelope["status_text"], envelope["success"])
    assert envelope["request_time"] == "2025-11-24T16:00:00.250Z"


async def test_an_update_answers_in_envelope_b_with_the_fields_of_its_page(caller: Caller) -> None:
    """Every field of the provider's page is there, in its order."""
    answer = await caller.update(company={"authorized_user": {"first_name": "Zoë"}})

    assert_is_envelope_b(answer.body)
    data = answer.body["data"]
    assert list(data) == UPDATED_FIELDS
    assert list(data["company"]) == COMPANY_FIELDS
    assert list(data["company"]["authorized_user"]) == USER_FIELDS


async def test_an_update_changes_only_what_was_sent(caller: Caller) -> None:
    """Fields that were not sent stay, at every depth."""
    await caller.update(
        description="before",
        organization_reference_id="REF-1",
        company={"address_city": "서울", "authorized_user": {"first_name": "Zoë", "last_name": "김"}},
    )

    await caller.update(description="after", company={"name": "새이름", "authorized_user": {"last_name": "이"}})

    data = await caller.retrieve()
    company = data["company"]
    assert (data["description"], data["organization_reference_id"], data["type"]) == ("after", "REF-1", "company")
    assert (company["name"], company["address_city"], company["address_country"]) == ("새이름", "서울", "KR")
    assert (company["authorized_user"]["first_name"], company["authorized_user"]["last_name"]) == ("Zoë", "이")


async def test_empty_text_clears(caller: Caller) -> None:
    """A cleared field reads back as `{}` where the page of the update shows that, and as null elsewhere."""
    user = {"address_line2": "floor 3", "first_name": "Zoë"}
    await caller.update(description="x", company={"address_line2": "floor 2", "authorized_user": user})

    answer = await caller.update(
        description="",
        company={"address_line2": "", "name": "", "authorized_user": {"address_line2": "", "first_name": ""}},
    )

    data = answer.body["data"]
    assert data["description"] is None
    assert data["company"]["name"] is None
    assert data["company"]["authorized_user"]["first_name"] is None
    assert data["company"]["address_line2"] == {}
    assert data["company"]["authorized_user"]["address_line2"] == {}


async def test_nothing_is_shown_as_an_object_where_the_page_does_so(caller: Caller) -> None:
    """Three fields of the update's page have `{}` for nothing; no other field has."""
    answer = await caller.update(company={"authorized_user": {"first_name": "Zoë"}})

    data = answer.body["data"]
    found = [
        name
        for part in (data, data["company"], data["company"]["authorized_user"])
        for name in part
        if part[name] == {}
    ]
    assert sorted(found) == ["address_line2", "address_line2", "company_domain", "identification_custom_type"]


async def test_the_detail_page_shows_null_for_nothing(caller: Caller) -> None:
    """There it is null everywhere, and the company's domain stands beside the company."""
    await caller.update(company={"authorized_user": {"first_name": "Zoë"}})

    data = await caller.retrieve()

    assert data["company_domain"] is None
    assert "company_domain" not in data["company"]
    assert data["company"]["address_line2"] is None
    assert data["company"]["authorized_user"]["identification_custom_type"] is None
    assert data["payin_sender_id_list"] is None
    assert data["is_sender_validation_enabled"] is False


async def test_a_retrieval_answers_in_envelope_a(caller: Caller) -> None:
    """The customer is at `data`, with the part of its type only."""
    answer = await caller.send("GET", f"{PATH}/customer/{PERSON}")

    assert answer.body | {"data": None} == {"status": True, "message": "OK", "data": None}
    data = answer.body["data"]
    assert (data["customer_id"], data["type"], data["is_active"]) == (PERSON, "individual", True)
    assert list(data["individual"]) == USER_FIELDS
    assert "company" not in data


async def test_metadata_is_replaced_as_a_whole(caller: Caller) -> None:
    """Keys are not merged, and its values may be anything JSON has, null and empty text too."""
    await caller.update(metadata={"old": 1})
    # Numbers on which Python and JavaScript agree: a body in Python's form of others would be refused.
    metadata = {"2": [1.5, 1e-10, True, None], "a": {"b": ""}, "한": "값", "": 9007199254740991}

    answer = await caller.update(metadata=metadata)

    assert metadata == answer.body["data"]["metadata"] == (await caller.retrieve())["metadata"]


async def test_the_company_email_is_answered_as_email(caller: Caller) -> None:
    """The request's name and the answer's name differ; clearing it works too."""
    answer = await caller.update(company={"company_email": "a@example.com"})
    cleared = await caller.update(company={"company_email": ""})

    assert answer.body["data"]["company"]["email"] == "a@example.com"
    assert "company_email" not in answer.body["data"]["company"]
    assert cleared.body["data"]["company"]["email"] is None


@pytest.mark.parametrize(
    ("phone", "e164"),
    [
        pytest.param({"phone_country_code": "82", "phone_number": "10 1234-5678"}, "+821012345678", id="plain"),
        pytest.param(
            {"phone_country_code": "+82", "phone_number": "010-1234-5678"}, "+821012345678", id="trunk-prefix"
        ),
        pytest.param({"phone_number": "1012345678"}, None, id="no-country"),
        pytest.param({"phone_country_code": "82"}, None, id="no-number"),
        pytest.param({"phone_country_code": "KR", "phone_number": "1"}, None, id="no-digits"),
    ],
)
async def test_the_international_number_is_worked_out(caller: Caller, phone: dict[str, str], e164: str | None) -> None:
    """From country code and number, for the company and its user alike."""
    answer = await caller.update(company={**phone, "authorized_user": phone})

    company = answer.body["data"]["company"]
    assert e164 == company["phone_number_e164"] == company["authorized_user"]["phone_number_e164"]


async def test_the_international_number_follows_a_later_change(caller: Caller) -> None:
    """Changing or clearing one half of it is enough."""
    await caller.update(company={"phone_country_code": "82", "phone_number": "1012345678"})

    moved = await caller.update(company={"phone_country_code": "33"})
    cleared = await caller.update(company={"phone_number": ""})

    assert moved.body["data"]["company"]["phone_number_e164"] == "+331012345678"
    assert cleared.body["data"]["company"]["phone_number_e164"] is None


async def test_the_time_of_the_update_moves(caller: Caller, clock: StandingClock) -> None:
    """`updated_at` is the time of the last update, `created_at` stays."""
    clock.seconds += 1.5

    answer = await caller.update(description="x")

    data = answer.body["data"]
    assert (data["created_at"], data["updated_at"]) == ("2025-11-24T16:00:00.250Z", "2025-11-24T16:00:01.750Z")


async def test_an_update_may_change_the_type(caller: Caller) -> None:
    """Both parts are taken, as on the page; the one of the type is shown."""
    answer = await caller.update(type="individual", individual=INDIVIDUAL, company={"name": "kept"})
    back = await caller.update(type="company")

    assert answer.body["data"]["individual"]["first_name"] == "Zoë"
    assert "company" not in answer.body["data"]
    assert back.body["data"]["company"]["name"] == "kept"


async def test_a_part_that_was_never_given_is_null(caller: Caller) -> None:
    """A customer may be of a type whose part it does not have."""
    as_person = await caller.update(type="individual")
    await caller.update(customer_id=PERSON, type="company")

    assert as_person.body["data"]["individual"] is None
    assert (await caller.retrieve(PERSON))["company"] is None


@pytest.mark.parametrize(
    "text",
    ["123456789012345680000", "1e+21", "9223372036854776000", "18446744073709552000", "5e-324", "1.5e-7", "-0.000001"],
)
async def test_numbers_in_metadata_keep_their_value(caller: Caller, text: str) -> None:
    """In any form in which JavaScript writes them."""
    body = f'{{"customer_id":"{CUSTOMER}","metadata":{{"n":{text}}}}}'.encode()

    answer = await caller.send("PATCH", UPDATE, body=body)

    assert float(text) == float(answer.body["data"]["metadata"]["n"])


async def test_only_updates_that_were_carried_out_are_counted(caller: Caller) -> None:
    """Refused ones, other calls and other customers do not count."""
    await caller.update(description="1")
    await caller.update(description="2")
    await caller.update(description=3)
    await caller.retrieve()
    await caller.send("PATCH", f"{PATH}/disable/{CUSTOMER}")

    counts = [caller.sandbox.executions(each) for each in (CUSTOMER, PERSON, "customer_unknown")]

    assert counts == [2, 0, 0]


@pytest.mark.parametrize(
    ("kind", "part"), [("company", COMPANY), ("individual", INDIVIDUAL)], ids=["company", "person"]
)
async def test_a_creation_answers_in_envelope_b(caller: Caller, kind: str, part: dict[str, str]) -> None:
    """The new customer has an id of the provider's form, and can be retrieved."""
    answer = await caller.create(description="new", type=kind, metadata={"a": 1}, **{kind: part})

    assert answer.status == 201
    assert_is_envelope_b(answer.body, status=201, text="Created")
    data = answer.body["data"]
    assert re.fullmatch(r"customer_[0-9a-f]{32}", data["customer_id"])
    assert part.items() <= data[kind].items()
    assert (await caller.retrieve(data["customer_id"]))["metadata"] == {"a": 1}


async def test_created_customers_have_ids_of_their_own(caller: Caller) -> None:
    """Also after the latest one was deleted."""
    first = await caller.create(description="a", type="individual", individual=INDIVIDUAL)
    await caller.send("DELETE", f"{PATH}/delete/{first.body['data']['customer_id']}")

    second = await caller.create(description="a", type="individual", individual=INDIVIDUAL)

    assert first.body["data"]["customer_id"] != second.body["data"]["customer_id"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"type": "company", "company": COMPANY}, "$: object missing required field `description`", id="description"
        ),
        pytest.param({"description": "a", "company": COMPANY}, "$: object missing required field `type`", id="type"),
        pytest.param(
            {"description": "a", "type": "company"}, "$.company: required when type is 'company'", id="company"
        ),
        pytest.param(
            {"description": "a", "type": "individual", "company": COMPANY},
            "$.individual: required when type is 'individual'",
            id="other-part",
        ),
        pytest.param(
            {"description": "a", "type": "company", "company": {"name": "n"}},
            "$.company: object missing required field `registration_number`",
            id="field-of-company",
        ),
        pytest.param(
            {"description": "a", "type": "individual", "individual": INDIVIDUAL | {"last_name": ""}},
            "$.individual.last_name: required, so it must not be empty",
            id="empty-field",
        ),
        pytest.param(
            {"description": "", "type": "company", "company": COMPANY},
            "$.description: required, so it must not be empty",
            id="empty-description",
        ),
    ],
)
async def test_a_creation_without_a_required_field_is_refused(
    caller: Caller, fields: dict[str, object], message: str
) -> None:
    """The field is named, and nothing is created."""
    answer = await caller.create(**fields)

    assert (400, message) == (answer.status, answer.message)
    assert len(list(caller.sandbox.customer_ids)) == 2


@pytest.mark.parametrize(("verb", "is_active"), [("disable", False), ("enable", True)])
async def test_enabling_and_disabling_answer_in_envelope_c(caller: Caller, verb: str, *, is_active: bool) -> None:
    """The customer is at `data.data`, and its state lasts."""
    answer = await caller.send("PATCH", f"{PATH}/{verb}/{CUSTOMER}")

    assert list(answer.body) == ["status", "message", "data"]
    assert_is_envelope_b(answer.body["data"])
    assert answer.body["data"]["data"] == await caller.retrieve()
    assert is_active is answer.body["data"]["data"]["is_active"]


async def test_a_disabled_customer_can_be_updated(caller: Caller) -> None:
    """It stays disabled."""
    await caller.send("PATCH", f"{PATH}/disable/{CUSTOMER}")

    answer = await caller.update(description="still")

    assert (
        answer.status,
        answer.body["data"]["description"],
        answer.body["data"]["is_active"],
    ) == (200, "still", False)


async def test_wallet_readiness_names_what_is_missing(caller: Caller) -> None:
    """In envelope C, until nothing is missing any more."""
    path = caller.sandbox.paths["customers.check_wallet_ready"].format(customer_id=PERSON)
    before = await caller.send("GET", path)
    missing = [name.removeprefix("individual.") for name in before.body["data"]["data"]["missing_field"]]
    update = {"customer_id": PERSON, "individual": dict.fromkeys(missing, "x")}

    updated = await caller.update(**update)

    after = await caller.send("GET", path)
    assert missing == ["dob", "email", "nationality", "address_line1", "address_city"]
    assert before.body["data"]["data"]["is_wallet_ready"] is False
    assert updated.body["data"]["is_wallet_ready"] is True
    assert after.body["data"]["data"] == {"is_wallet_ready": True, "missing_field": []}
    assert_is_envelope_b(after.body["data"])


async def test_a_deleted_customer_is_gone(caller: Caller) -> None:
    """The answer says so, and every later call is refused with 404."""
    deleted = await caller.send("DELETE", f"{PATH}/delete/{CUSTOMER}")

    later = [
        await caller.send("GET", f"{PATH}/customer/{CUSTOMER}"),
        await caller.update(description="x"),
        await caller.send("PATCH", f"{PATH}/enable/{CUSTOMER}"),
        await caller.send("GET", caller.sandbox.paths["customers.check_wallet_ready"].format(customer_id=CUSTOMER)),
        await caller.send("DELETE", f"{PATH}/delete/{CUSTOMER}"),
    ]
    assert deleted.body["data"]["data"] == {"customer_id": CUSTOMER, "is_active": False}
    assert [answer.status for answer in later] == [404] * 5
    assert list(caller.sandbox.customer_ids) == [PERSON]


async def test_lists_come_in_pages(caller: Caller) -> None:
    """Pages count from 1, keep the order of adding, say the total, and end with an empty one."""
    ids = [f"customer_{number:032x}" for number in range(100, 145)]
    caller.sandbox.add_customers(ids)
    await caller.send("DELETE", f"{PATH}/delete/{PERSON}")

    pages = [await caller.send("GET", f"{PATH}/customer?page={number}&limit=20") for number in (1, 2, 3, 4)]

    found = [[item["customer_id"] for item in page.body["data"]["data"]] for page in pages]
    assert [len(page) for page in found] == [20, 20, 6, 0]
    assert [CUSTOMER, *ids] == [customer_id for page in found for customer_id in page]
    assert {page.body["data"]["total"] for page in pages} == {46}
    assert pages[0].body | {"data": None} == {"status": True, "message": "OK", "data": None}
    assert pages[0].body["data"]["data"][0] == await caller.retrieve()


async def test_a_page_has_ten_unless_asked_otherwise(caller: Caller) -> None:
    """And never more than a hundred."""
    caller.sandbox.add_customers(f"customer_{number:032x}" for number in range(100, 250))

    usual = await caller.send("GET", f"{PATH}/customer")
    largest = await caller.send("GET", f"{PATH}/customer?limit=100")

    assert (len(usual.body["data"]["data"]), len(largest.body["data"]["data"])) == (10, 100)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=ten", "limit=", "page=0", "page=1.5", "page=99999999999999999999"],
)
async def test_a_page_that_cannot_be_is_refused(caller: Caller, query: str) -> None:
    """The message names the parameter."""
    answer = await caller.send("GET", f"{PATH}/customer?{query}")

    assert answer.status == 400
    assert answer.message.startswith(f"{query.split('=', maxsplit=1)[0]}: expected a whole number from 1 to ")
