"""A call over a real socket, against the bare HTTP client: `python -m benchmarks call`."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Final

from benchmarks._callers import (
    BARE,
    BY_SESSION,
    HTTPXES,
    LEAST,
    SDK,
    UNBOUNDED,
    WHOLE,
    Drive,
    at_once,
    callers,
    driven,
    rivals,
)
from benchmarks._harness import Effort, Samples, measure_async, measure_blocking
from benchmarks._peers import installed, left_out, load
from benchmarks._results import WALL, Goal, Row, Table, against, times_as_fast, times_the_cost
from benchmarks._server import running_server

_GOALS: Final = {"clean": Goal("<=", 0.80), "drifting": Goal("<=", 1.0)}
# A session's own work is one bare call, and what is above every transport takes 0.4 of one, see bench_instructions.py.
_SESSION_GOALS: Final = {"clean": Goal("<=", 1.7), "drifting": None}
_RATE_GOALS: Final = {HTTPXES["httpx2"]: Goal(">=", 4.0), HTTPXES["httpx"]: Goal(">=", 10.0)}
_AT_ONCE: Final = (1, 16, 128)
_WITH_GOAL: Final = (16, 128)
_ON_UVLOOP: Final = 16
_LOOPS: Final = ("asyncio", "uvloop")

_COST_WORK: Final = (
    f"{SDK}: draft, sign, send, decode into a Struct, with retries and deadline armed; {BARE}: bytes and headers made "
    f"beforehand, same session settings and limit, answer only read; {BY_SESSION}: {SDK} over a session like that; "
    f"{WHOLE}: that, json.dumps, hmac.new, json.loads; "
    f"{LEAST}: nothing checked, nothing odd tolerated"
)
_RATE_WORK: Final = (
    "all encode, sign, send and decode; httpx2 and httpx with json.dumps, hmac.new, json.loads and as many connections "
    "kept"
)
_UVLOOP_WORK: Final = "the same call on either loop, in turn"


def run(effort: Effort) -> list[Table]:
    """Processor time per call at several degrees of concurrency, the rate beside httpx, and both loops."""
    cost = Table("call", "Update Customer, asynchronous", "times the processor time of the named bare call")
    rate = Table("call", "Update Customer, asynchronous: rate", "times the rate of the named client")
    loops = Table("call", "Update Customer, asynchronous: uvloop", "times as fast as the same on asyncio")
    with running_server() as server:
        for concurrency in _AT_ONCE:
            cost.rows += asyncio.run(_cost(server.address, concurrency, effort))
        if installed(*HTTPXES):
            for concurrency in _WITH_GOAL:
                rate.rows += asyncio.run(_rate(f"{server.address}/clean", concurrency, effort))
        if installed("uvloop"):
            loops.rows += _loops(f"{server.address}/clean", effort)
        cost.remarks += [server.remark(), *left_out(*HTTPXES), *left_out("uvloop", extra="uvloop")]
    cost.work, rate.work, loops.work = (
        dict.fromkeys([table.rows[0].case] if table.rows else [], work)
        for table, work in ((cost, _COST_WORK), (rate, _RATE_WORK), (loops, _UVLOOP_WORK))
    )
    return [table for table in (cost, rate, loops) if table.rows]


async def _cost(base_url: str, concurrency: int, effort: Effort) -> list[Row]:
    async with AsyncExitStack() as stack:
        contenders: dict[str, Drive] = {}
        for answer in _GOALS:
            made = await stack.enter_async_context(callers(f"{base_url}/{answer}", concurrency))
            contenders |= {
                f"{answer}: {name}": at_once(concurrency, call)
                for name, call in made.items()
                if (answer, name) != ("drifting", LEAST)
            }
        samples = await measure_async(contenders, effort.rounds, _calls(effort, concurrency))
    rows: list[Row] = []
    for answer, limit in _GOALS.items():
        prefix = f"{answer}: "
        own = {name.removeprefix(prefix): taken for name, taken in samples.items() if name.startswith(prefix)}
        case = f"{answer} answer, {concurrency} at once: processor time"
        goals = {SDK: limit, BY_SESSION: _SESSION_GOALS[answer]} if concurrency in _WITH_GOAL else {}
        ordered = sorted(own, key=SDK.__eq__)  # itself last
        rows += [times_the_cost(case, own, of=name, base=BARE, goal=goals.get(name)) for name in ordered]
        rows += [times_the_cost(case, own, of=SDK, base=base) for base in (UNBOUNDED, WHOLE)]
    return rows


async def _rate(base_url: str, concurrency: int, effort: Effort) -> list[Row]:
    async with rivals(base_url, concurrency) as calls:
        contenders = {name: at_once(concurrency, call) for name, call in calls.items()}
        samples = await measure_async(contenders, effort.some_rounds(4), _calls(effort, concurrency))
    case = f"clean answer, {concurrency} at once: time on the wall"
    peers = [name for name in samples if name != SDK]
    rows = times_as_fast(case, samples, base=peers[0], goals={SDK: _RATE_GOALS[peers[0]]}, pick=WALL)
    others = {name: _RATE_GOALS[name] for name in peers[1:]}
    return rows + against(case, samples, ours=SDK, peers=others, pick=WALL)


def _loops(base_url: str, effort: Effort) -> list[Row]:
    """Both kinds of loop are kept, and take turns."""
    contenders: dict[str, Callable[[int], object]] = {}
    with ExitStack() as stack:
        for loop in _LOOPS:
            factory = load("uvloop").new_event_loop if loop == "uvloop" else None
            runner = stack.enter_context(asyncio.Runner(loop_factory=factory))
            connections = AsyncExitStack()
            calls = runner.run(connections.enter_async_context(callers(base_url, _ON_UVLOOP)))
            stack.callback(_end, runner, connections)
            for name in (BARE, SDK):
                contenders[f"{name}, {loop}"] = driven(runner, at_once(_ON_UVLOOP, calls[name]))
        samples = measure_blocking(contenders, effort.rounds, _calls(effort, _ON_UVLOOP))
    return [row for name in (BARE, SDK) for row in _beside(samples, name)]


def _beside(samples: dict[str, Samples], name: str) -> list[Row]:
    case = f"{name}, {_ON_UVLOOP} at once: processor time"
    pair = {loop: samples[f"{name}, {loop}"] for loop in _LOOPS}
    return against(case, pair, ours="uvloop", peers={"asyncio": None})


def _end(runner: asyncio.Runner, connections: AsyncExitStack) -> None:
    runner.run(connections.aclose())


def _calls(effort: Effort, concurrency: int) -> int:
    """Enough for each worker to have several of them, in a run that is meant seriously."""
    return max(effort.calls, effort.calls // 64 * concurrency)
