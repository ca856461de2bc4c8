"""A call that moves money and whose answer is lost: sent once, and the error says how to find out what became of it."""

import copy
import hashlib
import inspect
import pickle
import re
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from paycombat_async import (
    ApiError,
    Conflict,
    ConnectFailed,
    CreateCustomer,
    CreatePayin,
    Disconnected,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    Outcome,
    PayCombatError,
    ProviderError,
    TimedOut,
    TransportError,
    UnexpectedRedirect,
)
from paycombat_async.resources.payouts import Payouts
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from tests.calls import BY_NAME, CALLS, LOCAL, ONCE, PATHS, SAFE, payout

pytestmark = pytest.mark.promise("P3")

# how the answer is lost: a failure of the road, or a status and a body; and the error that comes of it
LOST: dict[str, tuple[TransportError | tuple[int, bytes], type[PayCombatError]]] = {
    "time-out": (TimedOut("no answer"), TimedOut),
    "disconnected": (Disconnected("broken"), Disconnected),
    "500": ((500, b'{"status":false,"message":"sorry"}'), ProviderError),
    "HTML 502": ((502, b"<html>Bad Gateway</html>"), ProviderError),
    "HTML 404": ((404, b"<html>Not Found</html>"), NotFound),
    "408": ((408, b'{"status":false}'), ApiError),
    "409": ((409, b'{"status":false}'), Conflict),
    "redirect": ((302, b""), UnexpectedRedirect),
    "cut JSON": ((200, b'{"status":true,"data":{"id":"payout_1","order'), InvalidResponse),
    "no JSON": ((200, b"OK"), InvalidResponse),
    "status of no answer": ((102, b""), InvalidResponse),
}
REFERENCES = {
    "payins.create": "reference-1",
    "payouts.create": "order-1",
    "customers.create": "organization-1",
}

each_money_call = pytest.mark.parametrize("name", ONCE)
each_loss = pytest.mark.parametrize(("loss", "kind"), LOST.values(), ids=LOST)


@pytest.fixture(name="client")
def _client(make_client: Callable[..., Any]) -> Any:
    return make_client(base_url=LOCAL, paths=PATHS)


@pytest.fixture(name="blocking_client")
def _blocking_client(transport: FakeTransport, clock: FakeClock) -> Iterator[PayCombat]:
    with PayCombat(token="snd_t", signature_key="snd_k", base_url=LOCAL, transport=transport, clock=clock) as client:
        yield client


def lose(transport: FakeTransport, loss: TransportError | tuple[int, bytes]) -> None:
    if isinstance(loss, TransportError):
        transport.fail(type(loss)(*loss.args))  # a new one for each test: the client writes into it
    else:
        transport.answer(*loss)


async def lost(name: str, client: Any, transport: FakeTransport, loss: Any = LOST["time-out"][0]) -> PayCombatError:
    """The error of this call, its answer lost."""
    lose(transport, loss)
    with pytest.raises(PayCombatError) as caught:
        await CALLS[name](client)
    return caught.value


def test_nine_calls_create_or_move_something() -> None:
    """Whatever the verb: PATCH creates here, too."""
    creating = {name for name in BY_NAME if re.search(r"\.(create|simulate)", name)}

    assert creating == set(ONCE)
    assert 9 == len(ONCE)


@each_money_call
@each_loss
async def test_a_money_call_whose_answer_is_lost_is_sent_once(name, loss, kind, client, transport):
    """And its error holds the merchant's own name for it, a digest of the body sent, and the advice."""
    error = await lost(name, client, transport, loss)

    [sent] = transport.drafts
    assert (kind, Outcome.UNKNOWN, 1) == (type(error), error.outcome, error.attempts)
    assert (name, REFERENCES.get(name)) == (error.endpoint, error.reference)
    assert hashlib.sha256(sent.body).hexdigest() == error.body_digest
    assert BY_NAME[name].find_out in error.advice


@each_money_call
async def test_the_advice_stands_in_the_traceback(name, client, transport):
    """Whoever finds it in a log at night reads what to do; `str` stays one line for the metrics."""
    error = await lost(name, client, transport)

    printed = "".join(traceback.format_exception(error))

    assert 1 == printed.count(error.advice)
    assert error.advice not in str(error)


TRAVELS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda error, p=p: pickle.loads(pickle.dumps(error, p)) for p in range(6)},
}


@each_loss
@pytest.mark.parametrize("travel", TRAVELS.values(), ids=TRAVELS)
async def test_what_the_error_knows_travels_with_it(travel, loss, kind, client, transport):
    """Into another process, with the note in its traceback."""
    error = await lost("payouts.create", client, transport, loss)

    arrived = travel(error)

    assert (kind, str(error), vars(error)) == (type(arrived), str(arrived), vars(arrived))
    assert [error.advice] == arrived.__notes__


def is_silent(error: PayCombatError) -> bool:
    return (None, None, None) == (error.reference, error.body_digest, error.advice) and not hasattr(error, "__notes__")


@pytest.mark.parametrize("name", SAFE)
async def test_a_call_that_may_be_repeated_needs_no_advice(name, client, transport):
    """It was repeated, and can be again."""
    for _ in range(2):
        transport.fail(TimedOut("no answer"))

    error = await lost(name, client, transport)

    assert (name, Outcome.UNKNOWN, 3) == (error.endpoint, error.outcome, len(transport.drafts))
    assert is_silent(error)


@each_money_call
async def test_a_call_that_never_left_needs_no_advice(name, client, transport):
    """It was tried again, and may be by the caller."""
    for _ in range(2):
        transport.fail(ConnectFailed("refused"))

    error = await lost(name, client, transport, ConnectFailed("refused"))

    assert (name, Outcome.NOT_SENT, 3) == (error.endpoint, error.outcome, error.attempts)
    assert is_silent(error)


@each_money_call
@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 422, 429])
async def test_a_call_that_was_refused_needs_no_advice(name, status, client, transport):
    """Nothing changed at the provider's."""
    error = await lost(name, client, transport, (status, b'{"status":false,"message":"no"}'))

    assert (name, Outcome.REJECTED, 1) == (error.endpoint, error.outcome, len(transport.drafts))
    assert is_silent(error)


@each_money_call
async def test_a_call_that_may_have_left_on_its_second_attempt_is_not_sent_a_third_time(name, client, transport):
    """The first never left; what became of the second nobody knows."""
    transport.fail(ConnectFailed("refused"))

    error = await lost(name, client, transport)

    first, second = transport.drafts
    assert first is second
    assert (Outcome.UNKNOWN, 2) == (error.outcome, error.attempts)
    assert hashlib.sha256(second.body).hexdigest() == error.body_digest


async def test_a_request_refused_before_sending_has_nothing_to_find_out(client, transport):
    """It never came to a call."""
    with pytest.raises(InvalidRequest) as caught:
        await client.payouts.create(payout(sender_amount=1.5))

    assert is_silent(caught.value)
    assert [] == transport.drafts


APPLIED = {
    "payouts.create": b'{"status":true,"data":"created"}',
    "checkouts.create_new": b'{"status":true}',
    "payins.create": b'{"success":true,"data":[]}',
}


@pytest.mark.parametrize(("name", "answer"), APPLIED.items(), ids=APPLIED)
async def test_a_call_that_was_carried_out_is_not_called_doubtful(name, answer, client, transport):
    """The provider says so; only what was made is not known, so the reference and the way to it are there."""
    error = await lost(name, client, transport, (200, answer))

    assert Outcome.APPLIED is error.outcome
    assert "may have been" not in error.advice
    assert "proves nothing" not in error.advice
    assert (REFERENCES.get(name), 64) == (error.reference, len(error.body_digest))
    assert [error.advice] == error.__notes__


async def test_what_has_no_name_of_its_own_has_no_reference(client, transport):
    """No order_id was given: there is nothing to compare, and the digest still says which body it was."""
    transport.fail(TimedOut("no answer"))

    with pytest.raises(TimedOut) as caught:
        await client.payouts.create(payout(order_id=msgspec.UNSET))

    assert caught.value.reference is None
    assert 64 == len(caught.value.body_digest)


@pytest.mark.parametrize("value", [7, "7"], ids=repr)
async def test_a_reference_is_text(value, client, transport):
    """Also where a number was sent as such, in `extra`."""
    transport.fail(TimedOut("no answer"))

    with pytest.raises(TimedOut) as caught:
        await client.payins.create(CreatePayin(extra={"order_reference": value}))

    assert "7" == caught.value.reference


async def test_the_error_shows_nothing_of_the_person(client, transport):
    """The digest says which body it was; the body itself stays out, and so do token and key."""
    transport.fail(TimedOut("no answer"))
    request = CreateCustomer(description="Kim Minjun", type="individual", organization_reference_id="organization-1")

    with pytest.raises(TimedOut) as caught:
        await client.customers.create(request)

    printed = f"{vars(caught.value)}{''.join(traceback.format_exception(caught.value))}"
    assert "Kim Minjun" not in printed
    assert "snd_" not in printed


@pytest.mark.parametrize("name", ["checkouts.create_new", "checkouts.create_virtual_account"])
@each_loss
async def test_a_checkout_token_is_on_no_error(name, loss, kind, client, transport):
    """It opens the page on which a customer pays, so it is no name to be logged; the caller has it anyway."""
    error = await lost(name, client, transport, loss)

    assert type(error) is kind
    assert "c0ffee" not in f"{error!r}{vars(error)}{''.join(traceback.format_exception(error))}"


def page(*order_ids: str | None) -> bytes:
    data = [{"id": f"payout_{order_id}", "order_id": order_id} for order_id in order_ids]
    return msgspec.json.encode({"status": True, "data": data})


FOUND = {
    "on the first page": ([page("order-7", "order-1"), page()], "payout_order-1"),
    "on the last page": ([page("order-7", None), page("order-1"), page()], "payout_order-1"),
    "nowhere": ([page("order-7", None), page("order-8"), page()], None),
    "no payouts yet": ([page()], None),
    "nearly": ([page("order-10", "Order-1"), page()], None),
}


@pytest.mark.parametrize(("pages", "found"), FOUND.values(), ids=FOUND)
async def test_listing_and_comparing_finds_a_payout_that_was_carried_out(pages, found, client, transport):
    """The documented way: every page of `list`, `order_id` compared here; the payout is not sent again."""
    error = await lost("payouts.create", client, transport)
    for answer in pages:
        transport.answer(200, answer)

    matches = [payout.id async for payout in client.payouts.list() if payout.order_id == error.reference]

    assert ([found] if found else []) == matches
    assert ["POST", *["GET"] * len(pages)] == [draft.method for draft in transport.drafts]


@pytest.mark.parametrize(("pages", "found"), FOUND.values(), ids=FOUND)
def test_the_blocking_client_finds_it_the_same_way(pages, found, blocking_client, transport):
    """The same error, the same words, the same loop without `async`."""
    transport.fail(TimedOut("no answer"))
    with pytest.raises(TimedOut) as caught:
        blocking_client.payouts.create(payout())
    for answer in pages:
        transport.answer(200, answer)

    matches = [payout.id for payout in blocking_client.payouts.list() if payout.order_id == caught.value.reference]

    assert ([found] if found else []) == matches
    assert ["POST", *["GET"] * len(pages)] == [draft.method for draft in transport.drafts]
    assert "proves nothing" in caught.value.advice


@each_money_call
async def test_every_way_to_find_out_says_what_it_does_not_prove(name, client, transport):
    """Not finding it is no leave to send it again."""
    error = await lost(name, client, transport)

    assert "proves nothing" in error.advice
    assert "not sent again" in error.advice


WORDS = {
    "payouts.create": ("list", "order_id", "reference"),
    "payins.create": ("webhook", "dashboard"),
    "payins.create_virtual_account": ("callback",),
    "payins.simulate": ("retrieve", "status"),
    "payouts.simulate": ("retrieve", "status"),
    "checkouts.create": ("list", "description"),
    "checkouts.create_new": ("list", "checkout_token", "payin_method_name"),
    "checkouts.create_virtual_account": ("list", "checkout_token", "payin_method_name"),
    "customers.create": ("list", "organization_reference_id", "reference"),
}


@pytest.mark.parametrize(("name", "words"), WORDS.items(), ids=WORDS)
def test_the_way_to_find_out_uses_what_the_client_has(name, words):
    """Lists where there are lists, the field to compare by its name, else where the news comes from."""
    assert [] == [word for word in words if word not in BY_NAME[name].find_out]
    assert set(WORDS) == set(ONCE)


def test_the_docstring_of_a_payout_says_so_too():
    """It is read before anything goes wrong."""
    words = " ".join(inspect.getdoc(Payouts.create).split())

    assert "Outcome.UNKNOWN" in words
    assert "order_id" in words
    assert "proves nothing" in words


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process can be set on POSIX only")
async def test_a_payout_is_found_by_its_time_in_any_zone(client, transport, monkeypatch):
    """A time without a zone is UTC: read as local time, a payout of the last hours would be left out."""
    made = {"id": "payout_1", "order_id": "order-1", "created_at": "2026-11-28T12:00:00.000"}
    transport.answer(200, msgspec.json.encode({"status": True, "data": [made]}))
    transport.answer(200, page())
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "KST-9")
        time.tzset()
        found = await client.payouts.find(order_id="order-1", since=datetime(2026, 11, 28, 11, tzinfo=UTC))
    time.tzset()

    assert ["payout_1"] == [payout.id for payout in found]
