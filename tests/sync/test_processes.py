"""Clients in whole programs: loops, threads, forks, interrupts and exits, with every warning an error.

Each row is a process of its own. It must end by itself, with exit code 0 and nothing on stderr.
"""

import asyncio
import os
import queue
import signal
import sys

import pytest

from tests.processes import PATIENCE_S, Process
from tests.raw_server import Arrived, Serve, http

pytestmark = pytest.mark.promise("P8")

ANSWER = b'{"status": true, "data": {"customer_id": "customer_1", "description": "text of 1"}}'

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


class Goodbyes:
    """A script that does not answer the first `silent` requests, answers all others, and records what it sees."""

    def __init__(self, silent: int) -> None:
        self.silent = silent
        self.arrived: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.gone: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        self.arrived.put(None)
        self.silent -= 1
        if self.silent < 0:
            writer.write(http(200, ANSWER))
        try:
            self.gone.put(await reader.read(1))
        except ConnectionError:
            self.gone.put(b"")
        return False


async def answer_and_close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
    """Answers as if the connection were kept, and closes it."""
    writer.write(http(200, ANSWER))
    await writer.drain()
    return False


def start(name: str, base_url: str) -> Process:
    # Coverage would start threads and open files of its own in the process.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTHON"))}
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.sync.programs"]
    return Process(*command, name, base_url, env=environment)


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("three_loops_in_a_row", "60\n"),
        ("two_loops_at_once", "40\n"),
        ("loop_closed_by_hand", "60\n"),
        ("loop_never_closed", "20\n"),
        ("many_threads", "200\n"),
        ("a_new_thread_for_each_request", "20\n"),
        ("close_forgotten", "20\n"),
        (
            "inside_a_loop",
            "['PayCombat blocks the event loop that runs in this thread'] ['programs.py']\n3\n",
        ),
        ("inside_a_notebook", "3\n"),
        pytest.param("fork_before_use", "20 [0, 0] 20\n", marks=needs_fork),
        pytest.param("fork_after_use", "20 [0, 0] 20\n", marks=needs_fork),
        pytest.param("fork_and_close", "[0, 0] 20\n", marks=needs_fork),
        pytest.param("fork_beside_async_use", "0 0 20\n", marks=needs_fork),
    ],
)
def test_a_program_gets_its_answers_and_ends_quietly(program: str, printed: str, sandbox_url: str) -> None:
    """Each program uses one client from several loops, threads or processes, or in an unusual place."""
    assert (0, printed, "") == start(program, sandbox_url).end()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it counts in /proc")
def test_a_client_holds_one_thread_and_four_descriptors(sandbox_url: str) -> None:
    """As its docstring says: ten clients, with a connection each, hold ten and forty until they are closed."""
    printed = "unused 0 0\nused 10 40\nvariants 10 40\nclosed 0 0\n"

    assert (0, printed, "") == start("what_clients_hold", sandbox_url).end()


def test_connections_that_the_server_dropped_are_not_used_again(serve: Serve) -> None:
    """The loop runs between blocking calls and sees connections close: none of 20 unrepeatable calls fails."""
    assert (0, "20\n", "") == start("idle_connections_dropped", serve(answer_and_close)).end()


def test_ctrl_c_cuts_the_request(serve: Serve) -> None:
    """The caller is interrupted at once, the server sees the connection close, and the client works as before."""
    server = Goodbyes(silent=1)
    process = start("interrupted", serve(server))

    server.arrived.get(timeout=PATIENCE_S)
    process.signal(signal.SIGINT)
    said = process.line()
    left = server.gone.get(timeout=PATIENCE_S)

    assert ("interrupted\n", b"") == (said, left)
    assert (0, "1\n", "") == process.end("go on\n")


def test_a_call_under_way_does_not_hold_up_the_exit(serve: Serve) -> None:
    """A call of a daemon thread ends with the program, at once and without a traceback."""
    server = Goodbyes(silent=1)
    process = start("call_at_exit", serve(server))

    server.arrived.get(timeout=PATIENCE_S)

    assert (0, "", "") == process.end("exit\n")
    assert b"" == server.gone.get(timeout=PATIENCE_S)


def test_a_collected_client_leaves_nothing_behind(serve: Serve) -> None:
    """The thread and connections of a collected client end while the program runs on."""
    server = Goodbyes(silent=0)
    process = start("collected", serve(server))

    threads = process.line(), process.line()
    left = server.gone.get(timeout=PATIENCE_S)

    assert ("1 2\n", "1\n") == threads
    assert b"" == left
    assert (0, "", "") == process.end("exit\n")
