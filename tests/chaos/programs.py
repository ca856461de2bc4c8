"""Programs of users under faults, one function each: `python -m tests.chaos.programs NAME BASE_URL`.

What they print is what test_lifetimes.py and test_cancellation.py expect.
"""
# ruff: noqa: T201  # as the docstring says

import asyncio
import atexit
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import NoReturn

from paycombat_async import AsyncPayCombat, ConfigurationError, Transport
from paycombat_sync import PayCombat, _loop_thread
from tests.chaos.processes import BY_SESSION
from tests.sync.programs import (
    CALLS,
    PATIENT,
    customer,
    exit_code,
    fork,
    right_answers,
    right_async_answers,
    settings,
)

kept: list[object] = []  # to the very end, as in a module of a web application


def transport() -> Transport | None:
    """None for the client's own; in a program started with `BY_SESSION`, one over sessions of the program's."""
    if BY_SESSION not in os.environ:
        return None
    from aiohttp import ClientSession

    from paycombat_async.transport import SessionTransport

    return SessionTransport(ClientSession)


def blocking(base_url: str) -> PayCombat:
    kept.append(PayCombat(**settings(base_url), timeout=PATIENT, transport=transport()))
    return kept[-1]  # type: ignore[return-value]  # put there above


def awaiting(base_url: str) -> AsyncPayCombat:
    kept.append(AsyncPayCombat(**settings(base_url), timeout=PATIENT, transport=transport()))
    return kept[-1]  # type: ignore[return-value]  # put there above


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def fifty_loops_in_a_row(base_url: str) -> None:
    client = awaiting(base_url)
    right = asyncio.run(right_async_answers(client, 1, 2))
    before = open_files()
    right += sum(asyncio.run(right_async_answers(client, number, 2)) for number in range(49))
    print(right, open_files() - before)


def fifty_loops_at_once(base_url: str) -> None:
    client = awaiting(base_url)
    with ThreadPoolExecutor(50) as pool:
        print(sum(pool.map(lambda number: asyncio.run(right_async_answers(client, number, 2)), range(50))))


def closed_in_another_loop(base_url: str) -> None:
    client = awaiting(base_url)
    with asyncio.Runner() as runner:
        right = runner.run(right_async_answers(client, 1))
        asyncio.run(client.aclose())
    print(right)


def uvloop_three_times(base_url: str) -> None:
    import uvloop  # not everywhere

    client = awaiting(base_url)
    print(sum(uvloop.run(right_async_answers(client, number)) for number in range(3)))


def pagers_left_in_the_middle(base_url: str) -> None:
    client, other = awaiting(base_url), blocking(base_url)

    async def first() -> str:
        async for one in client.customers.list(page_size=10):
            return one.customer_id
        return ""

    print(asyncio.run(first()) == next(iter(other.customers.list(page_size=10))).customer_id)


def threads_outlive_main(base_url: str) -> None:
    client = blocking(base_url)
    right: list[int] = []
    threads = [threading.Thread(target=lambda n=n: right.append(right_answers(client, n, 4))) for n in range(50)]

    def tell() -> None:
        for thread in threads:
            thread.join()
        print(sum(right))

    for thread in [*threads, threading.Thread(target=tell)]:
        thread.start()


def calls_at_exit(base_url: str) -> None:
    """Two exit handlers call: one runs before the client's own handler, and one after it."""

    def call() -> None:
        try:
            print(right_answers(client, 1, 3))
        except ConfigurationError:  # from Python 3.12 on, no thread can be started any more
            print(3)

    atexit.register(call)
    client = blocking(base_url)
    right_answers(client, 1, 1)
    atexit.register(call)


def tasks_in_flight(base_url: str) -> None:
    client = awaiting(base_url)

    async def main() -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(right_async_answers(client, number, 1)) for number in range(10)]
        await asyncio.to_thread(sys.stdin.readline)
        return tasks

    print({task.cancelled() for task in asyncio.run(main())})


def exit_in_a_coroutine(base_url: str) -> None:
    client = awaiting(base_url)

    async def main() -> NoReturn:
        kept.append(asyncio.create_task(right_async_answers(client, 1, 10)))
        await asyncio.to_thread(sys.stdin.readline)
        sys.exit(3)

    asyncio.run(main())


def loop_in_a_daemon_thread(base_url: str) -> None:
    client = awaiting(base_url)
    threading.Thread(target=lambda: asyncio.run(right_async_answers(client, 1, 10)), daemon=True).start()
    sys.stdin.readline()


def interrupted_loop(base_url: str) -> None:
    try:
        asyncio.run(right_async_answers(awaiting(base_url), 1, 1))
    except KeyboardInterrupt:
        sys.exit(130)


def interrupt_not_caught(base_url: str) -> None:
    right_answers(blocking(base_url), 1, 1)


def terminated(base_url: str) -> None:
    right_answers(blocking(base_url), 1, 1)


def terminated_loop(base_url: str) -> None:
    asyncio.run(right_async_answers(awaiting(base_url), 1, 1))


def terminated_as_exit(base_url: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    right_answers(blocking(base_url), 1, 1)


def terminated_as_cancel(base_url: str) -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await right_async_answers(awaiting(base_url), 1, 1)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        sys.exit(143)


def interrupted_twice(base_url: str) -> None:
    """The second interrupt comes while the first cuts the request."""
    client = blocking(base_url)
    signal.signal(signal.SIGINT, _interrupt_again)
    try:
        right_answers(client, 1, 1)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    sys.stdin.readline()
    print(right_answers(client, 2, 3))


def _interrupt_again(*_: object) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
    raise KeyboardInterrupt


def fork_before_async_use(base_url: str) -> None:
    async_family(awaiting(base_url))


def fork_after_async_use(base_url: str) -> None:
    client = awaiting(base_url)
    asyncio.run(right_async_answers(client, 3))
    async_family(client)


def async_family(client: AsyncPayCombat) -> None:
    """Children that end as programs do, while the parent calls."""
    children = [fork(lambda n=n: asyncio.run(right_async_answers(client, n)) == CALLS) for n in (1, 2)]
    right = asyncio.run(right_async_answers(client, 3))
    print(right, [exit_code(pid) for pid in children], asyncio.run(right_async_answers(client, 3)))


def fork_during_a_call(base_url: str) -> None:
    client = blocking(base_url)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(right_answers, client, 1, 1)
        sys.stdin.readline()
        child = fork(lambda: right_answers(client, 2) == CALLS, os._exit)
        print(exit_code(child), under_way.result(), right_answers(client, 3, 1))


def fork_during_an_async_call(base_url: str) -> None:
    client = awaiting(base_url)

    async def main() -> tuple[int, int, int]:
        under_way = asyncio.create_task(right_async_answers(client, 1, 1))
        await asyncio.to_thread(sys.stdin.readline)
        child = fork(lambda: asyncio.run(right_async_answers(client, 2)) == CALLS, os._exit)
        code = await asyncio.to_thread(exit_code, child)
        return code, await under_way, await right_async_answers(client, 3, 1)

    print(*asyncio.run(main()))


def fork_in_c(base_url: str) -> None:
    """A server written in C forks, as uWSGI does: Python runs no at-fork functions. The child calls, and closes."""
    client = blocking(base_url)
    right = right_answers(client, 1)
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        is_right = right_answers(client, 2) == CALLS
        client.close()
        os._exit(0 if is_right else 1)
    print(right, exit_code(child), right_answers(client, 3))


def fork_in_c_and_close(base_url: str) -> None:
    """The child closes the client without a call of its own."""
    client = blocking(base_url)
    right = right_answers(client, 1)
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        client.close()
        os._exit(0)
    print(right, exit_code(child), right_answers(client, 3))


def fork_after_uvloop_install(base_url: str) -> None:
    """With uvloop's loop in the client's thread, the child that makes no call would end by a segmentation fault."""
    import uvloop  # not everywhere

    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*(uvloop|policy)")
    uvloop.install()
    client = blocking(base_url)
    right = right_answers(client, 1)
    children = [fork(lambda: right_answers(client, 2) == CALLS), fork(lambda: True)]
    print(right, [exit_code(pid) for pid in children], right_answers(client, 3))


def closed_by_a_signal_handler(base_url: str) -> None:
    client = blocking(base_url)

    def leave(*_: object) -> NoReturn:
        client.close()
        sys.exit(143)

    signal.signal(signal.SIGTERM, leave)
    right_answers(client, 1, 1)


def hook_hangs(base_url: str) -> None:
    """The hook blocks the loop for ever; how long an interrupt waits for the loop is cut short for the test."""
    _loop_thread._CANCEL_GRACE_S = 0.1

    def hook(_attempt: object) -> None:
        print("hook", flush=True)
        threading.Event().wait()

    client = PayCombat(**settings(base_url), timeout=PATIENT, on_attempt=hook)
    kept.append(client)
    try:
        right_answers(client, 1, 1)
    except KeyboardInterrupt:
        print("interrupted")


def fork_and_forget(base_url: str) -> None:
    """The child frees all it inherited, as at the end of a program; the parent's loop and connections still work."""
    held = {"client": AsyncPayCombat(**settings(base_url), timeout=PATIENT)}
    loops = {"loop": asyncio.new_event_loop()}

    def forget() -> bool:
        held.clear()
        loops.clear()
        return gc.collect() >= 0

    right = loops["loop"].run_until_complete(right_async_answers(held["client"], 1))
    code = exit_code(fork(forget, os._exit))
    print(right, code, loops["loop"].run_until_complete(right_async_answers(held["client"], 1)))
    loops["loop"].run_until_complete(held["client"].aclose())
    loops["loop"].close()


def pool_of_processes(base_url: str) -> None:
    client = blocking(base_url)
    right_answers(client, 1)
    fork(lambda: True, os._exit)  # it also keeps Python's complaint about threads out of the way
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("fork")) as pool:
        print(sum(pool.map(_in_a_worker, range(12))), right_answers(client, 1, 1))


def _in_a_worker(number: int) -> int:
    client = kept[0]
    assert isinstance(client, PayCombat)
    return right_answers(client, number, 5)


def interrupted_at_any_moment(base_url: str) -> None:
    """Real interrupts, each at some moment of a call. Prints how many calls were cut, and how many answers wrong."""
    client = blocking(base_url)
    random = Random(sys.argv[3])
    rounds = int(sys.argv[4])
    cut = wrong = 0
    for number in range(rounds):
        answered = False
        interrupter = threading.Thread(target=_interrupt_later, args=(random.choice((0, 20, 400)),))
        try:
            interrupter.start()
            wrong += client.customers.update(customer(number)).customer_id != f"customer_{number}"
            answered = True
            threading.Event().wait(PATIENT)
        except KeyboardInterrupt:
            cut += not answered
        interrupter.join()
    print(cut, wrong, client.customers.retrieve("customer_1").customer_id, threading.active_count())


def _interrupt_later(spins: int) -> None:
    for _ in range(spins):
        os.sched_yield()
    os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    # asyncio's debug mode reports slow steps, and a busy machine is slow; its errors still count.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    program: Callable[[str], None] = globals()[sys.argv[1]]
    program(sys.argv[2])


if __name__ == "__main__":
    main()
