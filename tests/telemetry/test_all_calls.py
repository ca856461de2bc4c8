"""Every method of the client, with telemetry: named by its endpoint, and without anything of its request."""

import asyncio

import pytest

from paycombat_async import AsyncPayCombat, PayCombatError
from paycombat_async.testing import FakeTransport
from tests.calls import BY_NAME, CALLS, LOCAL, PATHS, good_answer
from tests.conftest import SIGNATURE_KEY, TOKEN

pytestmark = pytest.mark.promise("P17")

# What the calls and answers of tests.calls contain.
MARKS = (
    *("order-1", "reference-1", "organization-1", "063-000", "1234567", "au_bank_acct", "AUD", "KRW"),
    *("customer_1", "payout_1", "payin_1", "checkout_1", "va_1", TOKEN, SIGNATURE_KEY, "X-token", "signature"),
)


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_is_named_and_shows_nothing_of_its_request(name, recording) -> None:
    """Neither after a success, nor after a refusal that quotes the request."""
    for status, body in ((200, good_answer(name)), (400, " ".join(MARKS).encode())):
        transport = FakeTransport()
        for _ in range(3):
            transport.answer(status, body)
        client = AsyncPayCombat(
            token=TOKEN,
            signature_key=SIGNATURE_KEY,
            base_url=LOCAL,
            paths=PATHS,
            transport=transport,
            telemetry=recording.telemetry,
        )
        await asyncio.gather(CALLS[name](client), return_exceptions=status != 200)

    assert [name, name] == [span.name for span in recording.spans if span.kind == "INTERNAL"]
    endpoint, template = BY_NAME[name], PATHS.get(name, BY_NAME[name].path)
    attempts = [span for span in recording.spans if span.kind == "CLIENT"]
    assert {f"{endpoint.method} {template}"} == {span.name for span in attempts}
    assert {template} == {span.attributes["url.template"] for span in attempts}
    shown = "\n".join(recording.everything())
    assert [] == [mark for mark in MARKS if mark in shown]


async def test_the_marks_are_in_the_requests() -> None:
    """The test above is worth nothing if they are not."""
    sent = []

    class Noting(FakeTransport):
        async def send(self, draft, timeout):
            sent.append(f"{draft.url} {dict(draft.headers)} {(draft.body or b'').decode()}")
            return await super().send(draft, timeout)

    options = {"token": TOKEN, "signature_key": SIGNATURE_KEY, "base_url": LOCAL, "paths": PATHS}
    for name, call in CALLS.items():
        transport = Noting()
        transport.answer(200, good_answer(name))
        try:
            await call(AsyncPayCombat(**options, transport=transport))
        except PayCombatError as error:  # none is expected
            raise AssertionError(name) from error

    whole = "\n".join(sent)
    assert [SIGNATURE_KEY] == [mark for mark in MARKS if mark not in whole]
