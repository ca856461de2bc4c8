"""Objects, and the moves that they allow, by the control interface."""

from decimal import Decimal
from typing import Any

import pytest

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.moves import CHECKOUT_MOVES, moves_of
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.transitions import MOVES
from tests.sandbox.caller import CUSTOMER, PERSON, Caller
from tests.sandbox.checkouts.shopper import created
from tests.sandbox.control.steering import Control
from tests.sandbox.deliveries.receiver import receiving
from tests.sandbox.money import create_account, create_payin, create_payout, made, retrieve_payin


@pytest.fixture(name="control")
async def _control(caller: Caller) -> Control:
    return Control(caller.sandbox, caller.session)


async def object_of(control: Control, kind: str, object_id: str) -> Any:
    [found] = (await control.get(f"objects?kind={kind}&search={object_id}"))["objects"]
    return found


def test_every_transition_has_a_move() -> None:
    """What a Simulate call can do, the console can do: both read the same table."""
    for kind, by_status in MOVES.items():
        for status, targets in by_status.items():
            record = Record(
                id="", kind=kind, status=status, currency="", amount=Decimal(1), reference=None, body_digest="",
                webhook_url=None, document={},
            )  # fmt: skip
            extra = kind is Kind.PAYIN
            assert len(targets) + extra == len(moves_of(record))


async def test_objects_are_shown_with_their_moves(caller: Caller, control: Control) -> None:
    """Newest first, of one kind, with the number of each kind; a checkout's token is in its page's address only."""
    first, second = [made(await create_payout(caller, order_id=f"order-{number}")) for number in range(2)]
    account, checkout = made(await create_account(caller)), await created(caller)
    caller.sandbox.settle(first["id"], "SUCCESS")

    shown = await control.get("objects?kind=payouts")
    customers = await control.get("objects?kind=customers&limit=1")
    opened = await object_of(control, "checkouts", checkout["id"])

    assert [second["id"], first["id"]] == [each["id"] for each in shown["objects"]]
    assert [["settle", "fail"], ["return"]] == [each["moves"] for each in shown["objects"]]
    assert {"payins": 0, "payouts": 2, "virtual_accounts": 1, "checkouts": 1, "customers": 2} == shown["counts"]
    assert [PERSON] == [each["id"] for each in customers["objects"]]
    assert ["approve", "fail"] == (await object_of(control, "virtual_accounts", account["id"]))["moves"]
    assert (list(CHECKOUT_MOVES["OPEN"]), f"/checkout/{checkout['checkout_token']}") == (
        opened["moves"],
        opened["page"],
    )
    assert "checkout_token" not in opened["details"]
    assert CUSTOMER == (await object_of(control, "customers", CUSTOMER))["id"]
    assert [] == (await control.get("objects?kind=payouts&search=nonsense"))["objects"]


@pytest.mark.parametrize("kind", ["payouts", "customers", "checkouts"])
async def test_objects_are_found_in_any_case(caller: Caller, control: Control, kind: str) -> None:
    """By a text anywhere in them; an empty one finds all of a kind."""
    made(await create_payout(caller, order_id="first"))
    made(await create_payout(caller, order_id="other"))
    await created(caller)
    everything = (await control.get(f"objects?kind={kind}"))["objects"]
    word = everything[-1]["id"].upper()

    assert [everything[-1]] == (await control.get(f"objects?kind={kind}&search={word}"))["objects"]
    assert everything == (await control.get(f"objects?kind={kind}&search="))["objects"]
    assert everything[:1] == (await control.get(f"objects?kind={kind}&limit=1"))["objects"]


async def test_a_payout_is_settled_and_returned(caller: Caller, control: Control) -> None:
    """Then there is no further move, and the money is back."""
    payout = made(await create_payout(caller))
    for name in ("settle", "return"):
        assert {"moved": payout["id"]} == await control.post("move", {"id": payout["id"], "move": name})

    shown = await object_of(control, "payouts", payout["id"])
    status, refused = await control.send("POST", "move", {"id": payout["id"], "move": "settle"})

    assert ("RETURNED", []) == (shown["status"], shown["moves"])
    assert (409, "CONFLICT") == (status, refused["code"])
    assert Decimal(1_000_000) == caller.sandbox.balance("AUD")


@pytest.mark.parametrize(
    ("move", "status", "moves"),
    [
        ("pay", "PAID", []),
        ("expire", "EXPIRED", []),
        ("cancel", "CANCELLED", []),
        ("fail", "OPEN", ["pay", "fail", "expire", "cancel"]),
    ],
)
async def test_a_checkout_ends(caller: Caller, control: Control, move: str, status: str, moves: list[str]) -> None:
    """As by the buttons of its page."""
    checkout = await created(caller)

    await control.post("move", {"id": checkout["id"], "move": move})
    shown = await object_of(control, "checkouts", checkout["id"])

    assert (status, moves) == (shown["status"], shown["moves"])
    if not moves:
        assert 409 == (await control.send("POST", "move", {"id": checkout["id"], "move": "pay"}))[0]


async def test_a_part_is_paid(caller: Caller, control: Control) -> None:
    """The ledger and the webhook have the part; the webhook also has what was asked for."""
    async with receiving() as receiver:
        caller.sandbox.webhook_url = receiver.url
        payin = made(await create_payin(caller, amount=12.5))
        await control.post("move", {"id": payin["id"], "move": "pay_part", "amount": "9.25"})
        await caller.sandbox.drain()

    body = (await retrieve_payin(caller, payin["id"])).body["data"]
    [delivery] = caller.sandbox.deliveries
    assert ("SUCCESS", 9.25) == (body["status"], body["amount"])
    assert (9.25, 12.5) == (delivery.payload["amount"], delivery.payload["original_amount"])
    assert Decimal("1000009.25") == caller.sandbox.balance("AUD")


async def test_a_part_is_paid_from_code(caller: Caller) -> None:
    """By `settle(amount=…)`; what is no part of a payin is refused, and nothing changes."""
    payin, payout = made(await create_payin(caller, amount=12.5)), made(await create_payout(caller))
    for amount in ("12.5", "13", "0", "-1", "NaN", "1.1234567"):
        with pytest.raises(ConfigurationError, match=r"expected a part of 12\.5"):
            caller.sandbox.settle(payin["id"], "SUCCESS", amount=Decimal(amount))
    with pytest.raises(ConfigurationError, match="only a payin that succeeds"):
        caller.sandbox.settle(payin["id"], "FAILED", amount=Decimal(1))
    with pytest.raises(ConfigurationError, match="only a payin that succeeds"):
        caller.sandbox.settle(payout["id"], "SUCCESS", amount=Decimal(1))

    caller.sandbox.settle(payin["id"], "SUCCESS", amount=Decimal(5))

    assert Decimal(1_000_000 - 50 + 5) == caller.sandbox.balance("AUD")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "x", "move": "settle"}, 404),
        ({"id": "x", "move": "nonsense"}, 400),
        ({"id": "x", "move": "settle", "amount": 1}, 400),
        ({"id": "x", "move": "pay_part"}, 400),
        ({"id": "x", "move": "settle", "payin_method_name": "y"}, 400),
        ({"id": "x"}, 400),
    ],
)
async def test_what_cannot_be_moved_is_refused(control: Control, body: object, status: int) -> None:
    """With the reason."""
    assert status == (await control.send("POST", "move", body))[0]
