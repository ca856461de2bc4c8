"""Many calls at once for some seconds, by tasks of one event loop or by threads: rate, latency, memory and fairness."""

import asyncio
import threading
import time
from array import array
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from benchmarks._callers import Call, caller
from benchmarks._processes import MEMORY_IS_KNOWN, open_sockets, peak_mb, raise_file_limit, resident_mb
from benchmarks._statistics import share_below
from benchmarks._sync_callers import blocking_callers

SHARES: Final = (0.5, 0.9, 0.99, 1.0)  # of the calls, of which the longest is told
_WARM_UP_S: Final = 60.0  # the longest time for the first call of each task, which connects
_PATIENCE_S: Final = 60.0  # for threads at the end, who finish their call


class Load(Struct):
    """What happened. `latency_ms` are the longest of so many of the calls, see `SHARES`; memory is beyond idle."""

    rate: float
    cpu_us: float  # of this process, for each call
    latency_ms: list[float]
    failed: int
    sockets: int
    memory_mb: float
    slowest: int  # calls of the task that had fewest of them
    fastest: int


class _Tally:
    """Seconds of each call, and calls of each task; those that end after `until` are in neither."""

    def __init__(self, tasks: int, until: float) -> None:
        self.until = until
        self.cpu = 0.0
        self.latencies = array("d")
        self.calls = [0] * tasks
        self.failed = 0

    def note(self, task: int, begun: float) -> bool:
        """Whether there is time for another call."""
        now = time.perf_counter()
        if now > self.until:
            return False
        self.latencies.append(now - begun)
        self.calls[task] += 1
        return True

    def load(self, seconds: float, sockets: int, idle_mb: float) -> Load:
        ordered = sorted(self.latencies)
        return Load(
            rate=len(ordered) / seconds,
            cpu_us=self.cpu / max(1, len(ordered)) * 1e6,
            latency_ms=[share_below(ordered, share) * 1e3 for share in SHARES] if ordered else [],
            failed=self.failed,
            sockets=sockets,
            memory_mb=peak_mb() - idle_mb if MEMORY_IS_KNOWN else 0.0,
            slowest=min(self.calls),
            fastest=max(self.calls),
        )


def by_tasks(name: str, base_url: str, tasks: int, seconds: float) -> Load:
    """Each task makes one call after the other."""
    return asyncio.run(_by_tasks(name, base_url, tasks, seconds))


async def _by_tasks(name: str, base_url: str, tasks: int, seconds: float) -> Load:
    async with caller(name, base_url, tasks) as call:
        idle_mb = resident_mb() if MEMORY_IS_KNOWN else 0.0
        with suppress(TimeoutError):
            async with asyncio.timeout(_WARM_UP_S):
                await asyncio.gather(*(call() for _ in range(tasks)), return_exceptions=True)
        tally, cpu = _Tally(tasks, time.perf_counter() + seconds), time.process_time()
        working = [asyncio.create_task(_work(call, tally, task)) for task in range(tasks)]
        await asyncio.wait(working, timeout=seconds)
        tally.cpu, sockets = time.process_time() - cpu, open_sockets()
        for task in working:  # the calls under way: a client that serves some first keeps others waiting for long
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
    return tally.load(seconds, sockets, idle_mb)


async def _work(call: Call, tally: _Tally, task: int) -> None:
    is_time_left = True
    while is_time_left:
        begun = time.perf_counter()
        try:
            await call()
        except Exception:  # noqa: BLE001  # whatever the client raises: it is counted
            tally.failed += 1
            is_time_left = time.perf_counter() < tally.until
        else:
            is_time_left = tally.note(task, begun)


def by_threads(name: str, base_url: str, threads: int, seconds: float) -> Load:
    """Each thread makes one call after the other."""
    with blocking_callers(name, base_url, threads) as calls:
        idle_mb = resident_mb() if MEMORY_IS_KNOWN else 0.0
        tally = _Tally(threads, 0.0)
        begin = threading.Barrier(threads + 1, lambda: setattr(tally, "until", time.perf_counter() + seconds))

        def work(call: Callable[[], object], thread: int) -> None:
            call()
            begin.wait(_WARM_UP_S)
            is_time_left = True
            while is_time_left:
                begun = time.perf_counter()
                call()
                is_time_left = tally.note(thread, begun)

        working = [threading.Thread(target=work, args=(call, number)) for number, call in enumerate(calls)]
        for thread in working:
            thread.start()
        begin.wait(_WARM_UP_S)
        cpu = time.process_time()
        time.sleep(seconds)
        tally.cpu, sockets = time.process_time() - cpu, open_sockets()
        for thread in working:
            thread.join(_PATIENCE_S)
    return tally.load(seconds, sockets, idle_mb)


KINDS: Final[Mapping[str, Callable[[str, str, int, float], Load]]] = {"tasks": by_tasks, "threads": by_threads}


def main(kind: str, name: str, base_url: str, number: str, seconds: str) -> None:
    """Prints the load as JSON. It needs a process of its own, whose memory nobody else has used before."""
    raise_file_limit()
    print(msgspec.json.encode(KINDS[kind](name, base_url, int(number), float(seconds))).decode())
