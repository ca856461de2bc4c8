"""Programs of users, one function each, run as processes of their own: `python -m tests.sync.programs NAME BASE_URL`.

What they print is what test_processes.py expects.
"""
# ruff: noqa: T201  # as the docstring says

import asyncio
import gc
import logging
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from paycombat_async import AsyncPayCombat
from paycombat_sync import Customer, PayCombat, UpdateCustomer

CALLS = 20
PATIENT = 600.0  # seconds: a time-out must not do what is asked of an interrupt or an exit
kept: list[PayCombat] = []  # to the very end, as in a module of a web application


def settings(base_url: str) -> dict[str, str]:
    return {"token": "snd_token", "signature_key": "snd_key", "base_url": base_url}


def customer(number: int) -> UpdateCustomer:
    return UpdateCustomer(customer_id=f"customer_{number}", description=f"text of {number}")


def is_right(number: int, answer: Customer) -> bool:
    return (answer.customer_id, answer.description) == (f"customer_{number}", f"text of {number}")


def right_answers(client: PayCombat, number: int, calls: int = CALLS) -> int:
    return sum(is_right(number, client.customers.update(customer(number))) for _ in range(calls))


async def right_async_answers(client: AsyncPayCombat, number: int, calls: int = CALLS) -> int:
    answers = await asyncio.gather(*(client.customers.update(customer(number)) for _ in range(calls)))
    return sum(is_right(number, answer) for answer in answers)


def three_loops_in_a_row(base_url: str) -> None:
    client = AsyncPayCombat(**settings(base_url))
    print(sum(asyncio.run(right_async_answers(client, number)) for number in range(3)))


def two_loops_at_once(base_url: str) -> None:
    client = AsyncPayCombat(**settings(base_url))
    with ThreadPoolExecutor(2) as pool:
        print(sum(pool.map(lambda number: asyncio.run(right_async_answers(client, number)), range(2))))


def loop_closed_by_hand(base_url: str) -> None:
    client = AsyncPayCombat(**settings(base_url))
    right = 0
    for number in range(3):
        loop = asyncio.new_event_loop()
        right += loop.run_until_complete(right_async_answers(client, number))
        loop.close()  # without shutdown_asyncgens
    print(right)


def loop_never_closed(base_url: str) -> None:
    client = AsyncPayCombat(**settings(base_url))
    loop = asyncio.new_event_loop()
    print(loop.run_until_complete(right_async_answers(client, 1)))
    # The loop itself grumbles when it is freed: that is the program's fault, and must be its only one.
    warnings.filterwarnings("ignore", "unclosed event loop", ResourceWarning)
    warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)


def what_clients_hold(base_url: str) -> None:
    right_answers(PayCombat(**settings(base_url)), 0, 1)
    gc.collect()
    before = _held()
    clients = [PayCombat(**settings(base_url)) for _ in range(10)]
    print("unused", *_more_than(before))
    for client in clients:
        right_answers(client, 1, 1)
    print("used", *_more_than(before))
    for client in clients:
        right_answers(client.with_options(timeout=5.0), 1, 1)
    print("variants", *_more_than(before))
    for client in clients:
        client.close()
    print("closed", *_more_than(before))


def _held() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def _more_than(before: tuple[int, int]) -> list[int]:
    return [now - then for then, now in zip(before, _held(), strict=True)]


def many_threads(base_url: str) -> None:
    client = PayCombat(**settings(base_url))
    with ThreadPoolExecutor(50) as pool:
        print(sum(pool.map(lambda number: right_answers(client, number, 4), range(50))))
    client.close()


def a_new_thread_for_each_request(base_url: str) -> None:
    client = PayCombat(**settings(base_url))
    kept.append(client)
    right: list[int] = []
    for number in range(CALLS):
        thread = threading.Thread(target=lambda number=number: right.append(right_answers(client, number, 1)))
        thread.start()
        thread.join()
    print(sum(right))


def close_forgotten(base_url: str) -> None:
    client = PayCombat(**settings(base_url))
    kept.append(client)
    print(right_answers(client, 1))


def call_at_exit(base_url: str) -> None:
    """The program ends while a daemon thread waits for an answer that never comes."""
    client = PayCombat(**settings(base_url), timeout=PATIENT)
    kept.append(client)
    threading.Thread(target=client.customers.retrieve, args=("customer_1",), daemon=True).start()
    sys.stdin.readline()


def interrupted(base_url: str) -> None:
    client = PayCombat(**settings(base_url), timeout=PATIENT)
    try:
        client.customers.update(customer(1))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    sys.stdin.readline()
    print(right_answers(client, 1, 1))


def collected(base_url: str) -> None:
    client = PayCombat(**settings(base_url))
    print(right_answers(client, 1, 1), threading.active_count())
    del client
    gc.collect()
    print(threading.active_count(), flush=True)
    sys.stdin.readline()


def inside_a_loop(base_url: str) -> None:
    client = PayCombat(**settings(base_url))

    async def main() -> int:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            right = right_answers(client, 1, 3)
        print([str(one.message).split(";")[0] for one in caught], [Path(one.filename).name for one in caught])
        return right

    print(asyncio.run(main()))


def inside_a_notebook(base_url: str) -> None:
    notebook = types.ModuleType("IPython")
    notebook.get_ipython = object
    sys.modules["IPython"] = notebook
    client = PayCombat(**settings(base_url))

    async def cell() -> int:
        return right_answers(client, 1, 3)

    print(asyncio.run(cell()))


def fork(work: Callable[[], bool], leave: Callable[[int], NoReturn] = sys.exit) -> int:
    """The id of a child that does the work and ends, by default as Python programs do, exit handlers and all."""
    # From Python 3.12 on, any thread beside a fork is warned of; that it goes well is what these programs show.
    warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
    pid = os.fork()
    if pid == 0:
        leave(0 if work() else 1)
    return pid


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def family(client: PayCombat) -> None:
    children = [fork(lambda number=number: right_answers(client, number) == CALLS) for number in (1, 2)]
    right = right_answers(client, 3)
    codes = [exit_code(pid) for pid in children]
    print(right, codes, right_answers(client, 3))


def fork_before_use(base_url: str) -> None:
    family(PayCombat(**settings(base_url)))


def fork_after_use(base_url: str) -> None:
    client = PayCombat(**settings(base_url))
    right_answers(client, 3)
    family(client)


def fork_and_close(base_url: str) -> None:
    """A child that never calls, and one that closes the client: the parent's goes on."""
    client = PayCombat(**settings(base_url))
    right_answers(client, 3)
    codes = [exit_code(fork(work)) for work in (lambda: True, lambda: client.close() is None)]
    print(codes, right_answers(client, 3))


def fork_beside_async_use(base_url: str) -> None:
    """The async client, with a loop that the parent keeps. The children leave it alone, as multiprocessing does."""
    client = AsyncPayCombat(**settings(base_url))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(right_async_answers(client, 1))
    idle = exit_code(fork(lambda: gc.collect() >= 0, os._exit))
    busy = exit_code(fork(lambda: asyncio.run(right_async_answers(client, 2)) == CALLS, os._exit))
    print(idle, busy, loop.run_until_complete(right_async_answers(client, 1)))
    loop.run_until_complete(client.aclose())
    loop.close()


def idle_connections_dropped(base_url: str) -> None:
    """Of calls that must not be repeated, none fails, although the server closes after each answer."""
    client = PayCombat(**settings(base_url), max_retries=0)
    pause = threading.Event()
    right = 0
    for _ in range(CALLS):
        reply = client.request("POST", "/api/v1/thing", body={"a": "b"})
        right += reply.attempts == 1
        pause.wait(0.01)  # real time: the server's goodbye has to arrive
    print(right)


def main() -> None:
    # asyncio's debug mode reports slow steps, and a busy machine is slow; its errors still count.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    program: Callable[[str], None] = globals()[sys.argv[1]]
    program(sys.argv[2])


if __name__ == "__main__":
    main()
