"""Where the time goes, step by step, and what is the least it could take: `python -m benchmarks profile`."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import msgspec

from benchmarks._callers import BARE, LEAST, SDK, UNBOUNDED, Call, at_once, callers
from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL, account, clean_answer
from benchmarks._harness import Effort, measure, measure_async, measure_blocking
from benchmarks._peers import bare_signer
from benchmarks._results import Row, Table, times_the_cost
from benchmarks._server import running_server
from benchmarks._webhook_data import WEBHOOK, headers
from benchmarks.bench_batch import CONCURRENCY, bare, batch, journals, requests_for
from paycombat_async import AsyncPayCombat, Customer, Draft, RawReply, Signer, canonical_json, webhooks
from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._json.canonical import is_json_safe_object
from paycombat_async._protocol.decode import null_normalizer
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.request_body import FAST_CHECKS
from paycombat_async.batch.rows.row import row_from_request
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.schemas.envelope import Wrapped
from paycombat_async.schemas.payins import Payin
from paycombat_async.transport import AiohttpTransport
from paycombat_sync import PayCombat

_REQUEST: Final = REQUESTS[USUAL]
_AT_ONCE: Final = 16
_TIMEOUT_S: Final = 30.0
_ENCODE: Final = "msgspec writes the bytes"
_HMAC: Final = "two hash copies sign them"
_STEPS_WORK: Final = (
    "each step by itself, over and over; within a call, where the processor comes back from the kernel and has "
    "forgotten all, it takes two to three times as long: see the calls"
)
_CALL_WORK: Final = (
    "the least is what no client can do without, with nothing checked, limited or retried; from the transport on, each "
    f"line is the one before and a step more; {SDK} adds the engine and the method"
)

_AWAITED: Final = f"customers.update, awaited by {CONCURRENCY} workers"
_AROUND_WORK: Final = (
    "a transport that answers at once, so that only the SDK's own work is left; a batch also prepares each row, tells "
    "two of one customer apart and writes down what became of it, partly in a thread beside the loop"
)

Action = Callable[[], object]


def run(effort: Effort) -> list[Table]:
    """The parts of each job beside the whole, then whole calls, from the bare one up."""
    steps = Table("profile", "Where the time goes: steps", "share of the whole")
    for case, parts in _JOBS.items():
        samples = measure(parts(), effort)
        whole = list(samples)[-1]
        steps.rows += [times_the_cost(case, samples, of=name, base=whole) for name in samples]
    steps.work[steps.rows[0].case] = _STEPS_WORK
    calls = Table("profile", "Where the time goes: calls", f"times the processor time of {BARE}")
    with running_server() as server:
        calls.rows += asyncio.run(_ladder(f"{server.address}/clean", effort))
        calls.remarks.append(server.remark())
    calls.work[calls.rows[0].case] = _CALL_WORK
    around = Table("profile", "Where the time goes: around the call", f"times the processor time of {_AWAITED}")
    around.rows += _around(effort)
    around.work[around.rows[0].case] = _AROUND_WORK
    return [steps, calls, around]


def _signing() -> dict[str, Action]:
    encode, sign, signer = msgspec.json.Encoder().encode, bare_signer(KEY.encode()), Signer(KEY)
    body = canonical_json(_REQUEST)
    return {
        _ENCODE: lambda: encode(_REQUEST),
        _HMAC: lambda: sign(body),
        "a look at the metadata": lambda: is_json_safe_object(_REQUEST.metadata),
        "whole: canonical_json and Signer.sign": lambda: signer.sign(canonical_json(_REQUEST)),
    }


def _drafting() -> dict[str, Action]:
    parts, ours = _signing(), account("http://127.0.0.1")
    return {
        _ENCODE: parts[_ENCODE],
        _HMAC: parts[_HMAC],
        "every field checked": lambda: FAST_CHECKS[type(_REQUEST)](_REQUEST),
        "whole: draft": lambda: draft(UPDATE_CUSTOMER, _REQUEST, {}, None, ours),
    }


def _reading() -> dict[str, Action]:
    raw, redact = RawReply(200, {}, clean_answer()), account("http://127.0.0.1").redact
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(Wrapped[Customer]).decode
    settle, settled = null_normalizer(Customer), decode(raw.body).data
    return {
        "msgspec reads envelope and Struct": lambda: decode(raw.body),
        "fields looked at for {}": lambda: settle(settled),
        "whole: interpret": lambda: interpret(UPDATE_CUSTOMER, raw, now=SYSTEM_CLOCK.now, redact=redact),
    }


def _taking() -> dict[str, Action]:
    taken, came, sign = webhooks.Webhooks([KEY]), headers(Signer(KEY).sign(WEBHOOK)), bare_signer(KEY.encode())
    decode = msgspec.json.Decoder(Payin).decode
    payin, settle = decode(WEBHOOK), null_normalizer(Payin)
    return {
        "two hash copies sign it": lambda: sign(WEBHOOK),
        "msgspec reads it, seven Decimals in it": lambda: decode(WEBHOOK),
        "amounts looked at for NaN": lambda: settle(payin),
        "verify: header found, signed, compared": lambda: taken.verify(WEBHOOK, came),
        "whole: Webhooks.unwrap": lambda: taken.unwrap(WEBHOOK, came),
    }


def _preparing_a_row() -> dict[str, Action]:
    return {
        "canonical_json": lambda: canonical_json(_REQUEST),
        "whole: a row of a batch, before the journal": lambda: row_from_request(1, _REQUEST),
    }


_JOBS: Final[Mapping[str, Callable[[], dict[str, Action]]]] = {
    "encode + sign 1.1 kB": _signing,
    "encode + sign, fields checked": _drafting,
    "read an answer": _reading,
    "take a webhook": _taking,
    "prepare a row": _preparing_a_row,
}


async def _ladder(base_url: str, effort: Effort) -> list[Row]:
    async with AsyncExitStack() as stack:
        known = await stack.enter_async_context(callers(base_url, _AT_ONCE))
        transport = AiohttpTransport(base_url=base_url, max_connections=_AT_ONCE)
        stack.push_async_callback(transport.aclose)
        calls = {name: known[name] for name in (BARE, UNBOUNDED, LEAST)}
        calls |= _steps(base_url, transport) | {SDK: known[SDK]}
        contenders = {name: at_once(_AT_ONCE, call) for name, call in calls.items()}
        samples = await measure_async(contenders, effort.rounds, effort.calls)
    case = f"clean answer, {_AT_ONCE} at once: processor time"
    return [times_the_cost(case, samples, of=name, base=BARE) for name in samples]


def _steps(base_url: str, transport: AiohttpTransport) -> dict[str, Call]:
    ours = account(base_url)
    prepared = draft(UPDATE_CUSTOMER, _REQUEST, {}, None, ours)

    async def sent() -> object:
        return await transport.send(prepared, _TIMEOUT_S)

    async def drafted() -> RawReply:
        return await transport.send(draft(UPDATE_CUSTOMER, _REQUEST, {}, None, ours), _TIMEOUT_S)

    async def understood() -> object:
        return interpret(UPDATE_CUSTOMER, await drafted(), now=SYSTEM_CLOCK.now, redact=ours.redact)

    return {"transport": sent, "transport, draft": drafted, "transport, draft, interpret": understood}


class AnswersAtOnce:
    """Answers without any road."""

    _answer: Final = RawReply(200, {}, clean_answer())

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ARG002, ASYNC109  # the protocol's signature
        """As `Transport`; lets others run in between, as a road does."""
        await asyncio.sleep(0)
        return self._answer


def _around(effort: Effort) -> list[Row]:
    """What the blocking client and a batch add to a call."""
    client = AsyncPayCombat(token=TOKEN, signature_key=KEY, transport=AnswersAtOnce())
    with (
        asyncio.Runner() as runner,
        journals() as new_journal,
        PayCombat(token=TOKEN, signature_key=KEY, transport=AnswersAtOnce()) as blocking,
    ):
        contenders: dict[str, Callable[[int], object]] = {
            _AWAITED: lambda calls: runner.run(bare(client, calls)),
            "sync_customers without journal": lambda rows: runner.run(batch(client, requests_for(rows), None)),
            "sync_customers with journal": lambda rows: runner.run(batch(client, requests_for(rows), new_journal())),
            "the blocking client, one by one": lambda calls: _one_by_one(blocking, calls),
        }
        samples = measure_blocking(contenders, effort.some_rounds(2), effort.rows)
    case = "without a socket: processor time per call"
    return [times_the_cost(case, samples, of=name, base=_AWAITED) for name in samples]


def _one_by_one(client: PayCombat, calls: int) -> None:
    for _ in range(calls):
        client.customers.update(_REQUEST)
