"""Credentials that are replaced while a client is in use: whole for each call, shared by twins, and never shown."""

import hashlib
import hmac
import os
import signal
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from paycombat_async import (
    AsyncPayCombat,
    ConfigurationError,
    Disconnected,
    Draft,
    PayCombatError,
    RawReply,
    SignatureMismatch,
    UpdateCustomer,
)
from paycombat_async._secrets import Redactor, Secret
from paycombat_async.intents import IntentState, MemoryIntents
from paycombat_async.testing import FakeClock, FakeTransport, SecretCanary
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.conftest import SIGNATURE_KEY, TOKEN

pytestmark = pytest.mark.promise("P15")

NEW_TOKEN, NEW_KEY = "snd_new-token-canary", "snd_new-key-canary"
UPDATED = b'{"status":true,"data":{"customer_id":"customer_1"}}'
EVENT = b'{"id":"payout_1","status":"SUCCESS"}'
UPDATE = UpdateCustomer(customer_id="customer_1", description="VIP")
DAY_S = 24 * 3600


def signature(body: bytes, key: str) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def signed_by(draft: Draft) -> tuple[str, str]:
    """The token of a request, and which of the keys has signed it."""
    keys = {signature(draft.body or b"", key): key for key in (SIGNATURE_KEY, NEW_KEY)}
    return draft.headers["X-token"], keys[draft.headers["signature"]]


def verifies(client: Any, key: str) -> bool:
    try:
        return client.webhooks.verify(EVENT, {"X-Signature": signature(EVENT, key)}) == EVENT
    except SignatureMismatch:
        return False


async def test_calls_from_then_on_have_the_new_credentials(make_client, transport: FakeTransport) -> None:
    """Also those of clients that were made before, by `with_options` or for a batch, whichever is asked."""
    client = make_client()
    twin, observed = client.with_options(timeout=5), client.observed(lambda attempt: None)
    for _ in range(4):
        transport.answer(200, UPDATED)

    await client.customers.update(UPDATE)
    twin.replace_credentials(token=NEW_TOKEN, signature_key=NEW_KEY)
    await client.customers.update(UPDATE)
    await twin.customers.update(UPDATE)
    await observed.send(*_update())

    assert [(TOKEN, SIGNATURE_KEY), *[(NEW_TOKEN, NEW_KEY)] * 3] == [signed_by(draft) for draft in transport.drafts]


def _update() -> Any:
    from paycombat_async.endpoints import UPDATE_CUSTOMER

    return UPDATE_CUSTOMER, UPDATE


async def test_one_of_the_two_may_be_replaced_alone(make_client, transport: FakeTransport) -> None:
    """The other stays; a second time changes nothing."""
    client = make_client()
    for change in ({"token": NEW_TOKEN}, {"token": NEW_TOKEN}, {"signature_key": Secret(NEW_KEY)}):
        transport.answer(200, UPDATED)
        client.replace_credentials(**change)
        await client.customers.update(UPDATE)

    assert [(NEW_TOKEN, SIGNATURE_KEY)] * 2 + [(NEW_TOKEN, NEW_KEY)] == [signed_by(each) for each in transport.drafts]


async def test_a_call_under_way_keeps_its_credentials(make_client, transport: FakeTransport, clock: FakeClock) -> None:
    """In its further attempts too: what was signed is what is sent."""
    client = make_client()
    transport.fail(Disconnected("lost"))
    transport.answer(200, UPDATED)

    async def rotate(seconds: float) -> None:
        client.replace_credentials(token=NEW_TOKEN, signature_key=NEW_KEY)

    clock.sleep = rotate
    await client.customers.update(UPDATE)

    assert [(TOKEN, SIGNATURE_KEY)] * 2 == [signed_by(draft) for draft in transport.drafts]


@pytest.mark.promise("P13")
async def test_a_payout_under_way_is_recorded_all_the_same(make_client) -> None:
    """Its record has nothing to do with the credentials, and neither has the second call's."""
    store = MemoryIntents()

    class Rotating(FakeTransport):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            client.replace_credentials(token=NEW_TOKEN, signature_key=NEW_KEY)
            return await super().send(draft, timeout)

    transport = Rotating()
    transport.answer(200, b'{"status":true,"data":{"id":"payout_1","order_id":"order-1"}}')
    client = make_client(transport=transport, intents=store)
    first, second = [await client.payouts.create(payout(order_id="order-1")) for _ in range(2)]

    assert (first, 1) == (second, len(transport.drafts))
    assert [IntentState.APPLIED] == [intent.state for intent in await store.find("order-1")]


def test_webhooks_take_the_old_key_for_a_day(make_client, clock: FakeClock) -> None:
    """As long as the provider repeats a delivery; whoever has kept `client.webhooks` has the new key, too."""
    client = make_client()
    kept = client.webhooks
    client.replace_credentials(token=NEW_TOKEN, signature_key=NEW_KEY)
    client.replace_credentials(signature_key=NEW_KEY)

    assert kept is client.with_options(timeout=1).webhooks
    assert [True, True] == [verifies(client, key) for key in (SIGNATURE_KEY, NEW_KEY)]
    assert "SUCCESS" == kept.unwrap(EVENT, {"signature": signature(EVENT, SIGNATURE_KEY)}).status
    clock.time += DAY_S - 1
    assert [True, True] == [verifies(client, key) for key in (SIGNATURE_KEY, NEW_KEY)]
    clock.time += 1
    assert [False, True] == [verifies(client, key) for key in (SIGNATURE_KEY, NEW_KEY)]


def test_each_key_has_a_day_of_its_own(make_client, clock: FakeClock) -> None:
    """The oldest ends first; the time of a key begins when it is replaced."""
    client = make_client()
    keys = [SIGNATURE_KEY, *(f"snd_key-{number}" for number in range(3))]
    for key in keys[1:]:
        client.replace_credentials(signature_key=key)
        clock.time += 3600

    clock.time += DAY_S - 3 * 3600
    for ended in range(1, 4):
        assert [False] * ended + [True] * (4 - ended) == [verifies(client, key) for key in keys]
        clock.time += 3600
    assert [False, False, False, True] == [verifies(client, key) for key in keys]


def test_of_many_keys_the_newest_four_verify_webhooks(make_client, clock: FakeClock) -> None:
    """A key that comes back is the current one again."""
    client = make_client()
    keys = [f"snd_key-{number}" for number in range(6)]
    for key in (*keys, keys[4]):
        client.replace_credentials(signature_key=key)
        clock.time += 60

    assert [False, False, True, True, True, True] == [verifies(client, key) for key in keys]
    clock.time += DAY_S
    assert [False] * 4 + [True, False] == [verifies(client, key) for key in keys]


def test_a_key_that_is_replaced_while_a_webhook_is_verified_is_not_lost(make_client, clock: FakeClock) -> None:
    """Another thread replaces it at the moment at which the first one's time is over."""
    client = make_client()
    client.replace_credentials(signature_key=NEW_KEY)
    clock.time += DAY_S
    keys = [f"snd_key-{number}" for number in range(3)]
    left = iter(keys)

    def monotonic() -> float:
        clock.monotonic = lambda: clock.time
        if key := next(left, None):
            client.replace_credentials(signature_key=key)
            clock.monotonic = monotonic
        return clock.time

    clock.monotonic = monotonic
    for _ in range(5):
        assert verifies(client, NEW_KEY)

    assert [True] * 3 == [verifies(client, key) for key in keys]
    assert not verifies(client, SIGNATURE_KEY)


@pytest.mark.parametrize("where", ["argument", "environment"])
def test_webhook_keys_of_ones_own_stay(make_client, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """They are not the signature key, and are rotated on their own."""
    if where == "environment":
        monkeypatch.setenv("PAYCOMBAT_WEBHOOK_KEY", "snd_own")
    client = make_client(**({"webhook_keys": ["snd_own"]} if where == "argument" else {}))
    client.replace_credentials(token=NEW_TOKEN, signature_key=NEW_KEY)

    assert [True, False, False] == [verifies(client, key) for key in ("snd_own", NEW_KEY, SIGNATURE_KEY)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "needs token=, signature_key= or both"),
        ({"token": "", "signature_key": NEW_KEY}, "token is empty"),
        ({"token": 5}, "token is empty or no text"),
        ({"token": NEW_TOKEN, "signature_key": " padded-canary"}, "white space"),
        ({"token": "snd_a\r\nb-canary"}, "characters that no header may have"),
        ({"token": "live-canary", "signature_key": "live-canary"}, "this client is for the sandbox"),
        ({"token": NEW_TOKEN, "signature_key": "live-canary"}, "this client is for the sandbox"),
        ({"signature_key": "live-canary"}, "this client is for the sandbox"),
    ],
)
@pytest.mark.promise("P7")
async def test_what_cannot_be_used_changes_nothing(make_client, transport, change, words) -> None:
    """One sentence, without the credentials, in both clients; neither token nor webhook key is replaced."""
    for client in (make_client(), PayCombat(token=TOKEN, signature_key=SIGNATURE_KEY)):
        with pytest.raises(ConfigurationError, match=words) as caught:
            client.replace_credentials(**change)
        assert [] == SecretCanary(more={"bad": "canary"}).sightings(caught.value)
        assert [True, False] == [verifies(client, key) for key in (SIGNATURE_KEY, NEW_KEY)]
    transport.answer(200, UPDATED)
    client = make_client()
    with pytest.raises(ConfigurationError):
        client.replace_credentials(**change)
    await client.customers.update(UPDATE)

    assert [(TOKEN, SIGNATURE_KEY)] == [signed_by(draft) for draft in transport.drafts]


def test_a_live_client_takes_no_credentials_of_the_sandbox() -> None:
    """Whoever means to pay would not."""
    client = AsyncPayCombat(token="live", signature_key="live-key")
    with pytest.raises(ConfigurationError, match="this client is for the live account"):
        client.replace_credentials(token=NEW_TOKEN, signature_key=NEW_KEY)
    client.replace_credentials(token="other", signature_key="other-key")

    assert not client.is_sandbox


@pytest.mark.promise("P7")
async def test_neither_old_nor_new_credentials_are_shown(make_client, transport: FakeTransport) -> None:
    """Neither by the client nor in an error that quotes both of them, however often they were replaced."""
    old = {"token": "snd_old-canary", "signature_key": "snd_old-key-canary"}
    client = make_client(**old, webhook_keys=["snd_webhook-canary"])
    for number in range(40):
        client.replace_credentials(token=f"{NEW_TOKEN}-{number}", signature_key=f"{NEW_KEY}-{number}")
    shown = f"{NEW_TOKEN}-39 {NEW_KEY}-39 {NEW_TOKEN}-38 {' '.join(old.values())} snd_webhook-canary"
    transport.answer(400, f'{{"status":false,"message":"{shown}"}}'.encode())
    with pytest.raises(PayCombatError) as caught:
        await client.customers.update(UPDATE)

    canary = SecretCanary(more={"any": "canary"})
    assert [] == canary.sightings(caught.value, repr(client), repr(client.webhooks))


def test_a_redactor_learns_and_forgets() -> None:
    """The same secret twice takes one place, so that repeating forgets nothing; what was known at first stays."""
    redact = Redactor((Secret("first-one"),))
    for number in range(20):
        for _ in range(3):
            redact = redact.with_more([Secret(f"secret-{number:02}")])

    assert "*** *** *** secret-11" == redact("first-one secret-19 secret-12 secret-11")


def test_threads_never_see_half_of_a_pair() -> None:
    """Each call is signed with the key that belongs to its token, while another thread replaces both."""
    key_of = {f"snd_token-{number}": f"snd_key-{number}" for number in range(2)}
    stop = threading.Event()
    drafts: list[Draft] = []

    class Recording:
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            drafts.append(draft)
            return RawReply(200, {}, UPDATED)

    with PayCombat(token="snd_token-0", signature_key="snd_key-0", transport=Recording()) as client:

        def rotate() -> None:
            while not stop.is_set():
                for token, key in key_of.items():
                    client.replace_credentials(token=token, signature_key=key)

        rotating = [threading.Thread(target=rotate) for _ in range(2)]
        for thread in rotating:
            thread.start()
        for _ in range(300):
            client.customers.update(UPDATE)
        stop.set()
        for thread in rotating:
            thread.join()

    seen = [draft.headers["X-token"] for draft in drafts]
    assert all(signature(each.body, key_of[each.headers["X-token"]]) == each.headers["signature"] for each in drafts)
    assert any(one != other for one, other in pairwise(seen))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_that_was_forked_during_a_replacement_can_replace(make_client: Callable[..., AsyncPayCombat]) -> None:
    """The lock that a thread of its parent holds is not the child's."""
    client = make_client()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with client._engine.credentials._lock():
            held.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    if (child := os.fork()) == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10)  # a child that waits for the lock for ever ends, too
        client.replace_credentials(token=NEW_TOKEN)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    release.set()
    holder.join()

    assert 0 == os.waitstatus_to_exitcode(status)
