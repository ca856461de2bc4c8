"""Jobs whose instructions are counted, in a process of their own: `python -m benchmarks._counted ADDRESS N,N JOB …`.

ADDRESS is that of a running `benchmarks._server`. Once a job is prepared, and after each N operations of it, the
process calls `getppid`, which nothing else in it does: valgrind writes down there what it has counted.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from functools import partial
from itertools import repeat
from typing import Final

from benchmarks._callers import BARE, BY_SESSION, SDK, WHOLE, at_once, callers, driven
from benchmarks._data import KEY, REQUESTS, TOKEN, USUAL, account, clean_answer
from benchmarks._webhook_data import WEBHOOK, headers
from benchmarks.bench_batch import batch, requests_for
from benchmarks.bench_profile import AnswersAtOnce
from paycombat_async import AsyncPayCombat, RawReply, Signer, canonical_json, webhooks
from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.interpret import interpret
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_sync import PayCombat

AT_ONCE: Final = 16
CALL: Final = "call: "  # how the names of asynchronous calls begin
ABOVE: Final = f"{SDK} over a transport that answers at once"
_WARM_UP: Final = 40  # operations: the first ones compile, import and connect
_REQUEST: Final = REQUESTS[USUAL]

Drive = Callable[[int], object]


def main(address: str, numbers: str, *jobs: str) -> None:
    """Prepares each job, and carries out as many operations of it as each of the numbers says."""
    for job in jobs:
        with JOBS[job](address) as drive:
            drive(_WARM_UP)
            gc.collect()
            gc.freeze()  # what is there already is not walked through time and again
            os.getppid()
            for number in numbers.split(","):
                drive(int(number))
                os.getppid()


def _repeated(act: Callable[[], object]) -> Drive:
    def drive(operations: int) -> None:
        for _ in repeat(None, operations):
            act()

    return drive


@contextmanager
def _signing(_address: str) -> Generator[Drive]:
    signer = Signer(KEY)
    yield _repeated(lambda: signer.sign(canonical_json(_REQUEST)))


@contextmanager
def _drafting(_address: str) -> Generator[Drive]:
    ours = account("http://127.0.0.1")
    yield _repeated(lambda: draft(UPDATE_CUSTOMER, _REQUEST, {}, None, ours))


@contextmanager
def _reading(_address: str) -> Generator[Drive]:
    raw, redact = RawReply(200, {}, clean_answer()), account("http://127.0.0.1").redact
    yield _repeated(lambda: interpret(UPDATE_CUSTOMER, raw, now=SYSTEM_CLOCK.now, redact=redact))


@contextmanager
def _taking(_address: str) -> Generator[Drive]:
    taken, came = webhooks.Webhooks([KEY]), headers(Signer(KEY).sign(WEBHOOK))
    yield _repeated(lambda: taken.unwrap(WEBHOOK, came))


@contextmanager
def _calling(name: str, address: str) -> Generator[Drive]:
    """Calls of one of the callers, over a real socket."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        calls = runner.run(stack.enter_async_context(callers(f"{address}/clean", AT_ONCE)))
        yield driven(runner, at_once(AT_ONCE, calls[name]))
        runner.run(stack.aclose())


@contextmanager
def _above_transport(_address: str) -> Generator[Drive]:
    """Calls without a socket. Beside a bare call, this is what no transport can save."""
    client = AsyncPayCombat(token=TOKEN, signature_key=KEY, transport=AnswersAtOnce())
    with asyncio.Runner() as runner:
        yield driven(runner, at_once(AT_ONCE, lambda: client.customers.update(_REQUEST)))


@contextmanager
def _blocking(address: str) -> Generator[Drive]:
    with PayCombat(token=TOKEN, signature_key=KEY, base_url=f"{address}/clean") as client:
        yield _repeated(lambda: client.customers.update(_REQUEST))


@contextmanager
def _rows(_address: str) -> Generator[Drive]:
    """Rows of a batch, without a socket."""
    client = AsyncPayCombat(token=TOKEN, signature_key=KEY, transport=AnswersAtOnce())
    with asyncio.Runner() as runner:
        yield lambda rows: runner.run(batch(client, requests_for(rows), None))


JOBS: Final[Mapping[str, Callable[[str], AbstractContextManager[Drive]]]] = {
    "encode + sign 1.1 kB": _signing,
    "encode + sign, fields checked": _drafting,
    "read an answer": _reading,
    "take a webhook": _taking,
    **{CALL + name: partial(_calling, name) for name in (BARE, WHOLE, BY_SESSION, SDK)},
    CALL + ABOVE: _above_transport,
    "blocking call": _blocking,
    "row of a batch, without journal": _rows,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
