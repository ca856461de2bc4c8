"""Made-up customers and customers added in bulk."""

import re
from collections.abc import Iterator

import pytest

from paycombat_async.sandbox import Sandbox
from tests.sandbox.caller import CUSTOMER, PERSON, Caller, StandingClock


def profiles(seed: int, count: int) -> list[str]:
    with Sandbox(customers=count, seed=seed, clock=StandingClock()) as sandbox:
        documents = sandbox._state.customers.page(limit=count, skip=0)
        return [repr(document) for document in documents]


def test_the_same_seed_makes_the_same_customers() -> None:
    """In any number, and others for another seed."""
    ten, twenty, other = profiles(1, 10), profiles(1, 20), profiles(2, 10)

    assert ten == twenty[:10]
    assert set(ten).isdisjoint(other)


def test_made_up_customers_look_like_real_ones() -> None:
    """Ids of the provider's form, companies and people in turn, with Korean and accented names, ready for a wallet."""
    with Sandbox(customers=200) as sandbox:
        documents = sandbox._state.customers.page(limit=200, skip=0)

    assert all(re.fullmatch(r"customer_[0-9a-f]{32}", document["customer_id"]) for document in documents)
    assert len({document["customer_id"] for document in documents}) == 200
    assert [document["type"] for document in documents] == ["company", "individual"] * 100
    assert all(document["is_wallet_ready"] for document in documents)
    assert all(document[document["type"]]["phone_number_e164"].startswith("+") for document in documents)
    text = repr(documents)
    assert re.search("[가-힣]", text)
    assert re.search("[À-ž]", text)


@pytest.mark.parametrize(("customer_id", "kind"), [(CUSTOMER, "company"), (PERSON, "individual")])
async def test_added_customers_can_be_retrieved(caller: Caller, customer_id: str, kind: str) -> None:
    """They have the smallest profile of their kind."""
    data = await caller.retrieve(customer_id)

    assert (kind, True, False) == (data["type"], data["is_active"], data["is_wallet_ready"])
    assert data[kind]["address_country"] == "KR"


async def test_adding_a_known_id_changes_nothing(caller: Caller) -> None:
    """Neither the profile nor its place in the order."""
    await caller.update(description="kept")

    caller.sandbox.add_customers([PERSON, CUSTOMER, "customer_new"])

    assert (await caller.retrieve())["description"] == "kept"
    assert list(caller.sandbox.customer_ids) == [CUSTOMER, PERSON, "customer_new"]


def test_many_customers_can_be_added_and_walked_through() -> None:
    """Tens of thousands, from an iterator, in order."""
    ids = [f"customer_{number:032x}" for number in range(30_000)]
    with Sandbox() as sandbox:
        sandbox.add_customers(iter(ids))

        assert ids == list(sandbox.customer_ids)


def test_a_broken_iterator_adds_nothing() -> None:
    """Adding is all or nothing."""

    def breaking() -> Iterator[str]:
        yield CUSTOMER
        raise RuntimeError("broken")

    with Sandbox() as sandbox:
        with pytest.raises(RuntimeError, match="broken"):
            sandbox.add_customers(breaking())

        assert list(sandbox.customer_ids) == []
