"""Programs whose loops, processes and signals start and end at bad moments, with every warning an error. Each row is a
process that must end by itself with nothing on stderr. The plain cases are in tests/sync/test_processes.py.
"""

import os
import signal

import pytest

from tests.chaos.processes import Held, program
from tests.processes import PATIENCE_S
from tests.raw_server import Serve
from tests.sync.programs import CALLS

pytestmark = [
    pytest.mark.promise("P8"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX only: forks and signals"),
]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("fifty_loops_in_a_row", "100 0\n"),
        ("fifty_loops_at_once", "100\n"),
        ("closed_in_another_loop", "20\n"),
        ("uvloop_three_times", "60\n"),
        ("pagers_left_in_the_middle", "True\n"),
        ("threads_outlive_main", "200\n"),
        ("calls_at_exit", "3\n3\n"),
        ("fork_before_async_use", "20 [0, 0] 20\n"),
        ("fork_after_async_use", "20 [0, 0] 20\n"),
        ("fork_and_forget", "20 0 20\n"),
        ("fork_in_c", "20 0 20\n"),
        ("fork_in_c_and_close", "20 0 20\n"),
        ("fork_after_uvloop_install", "20 [0, 0] 20\n"),
        ("pool_of_processes", "60 1\n"),
    ],
)
def test_a_program_gets_its_answers_and_ends_quietly(name: str, printed: str, sandbox_url: str) -> None:
    """Each program, named after its function in programs.py, prints its right answers and ends with exit code 0."""
    if "uvloop" in name:
        pytest.importorskip("uvloop")

    assert (0, printed, "") == program(name, sandbox_url).end()


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("fifty_loops_in_a_row", "100 0\n"),
        ("closed_in_another_loop", "20\n"),
        ("uvloop_three_times", "60\n"),
        ("calls_at_exit", "3\n3\n"),
        ("fork_after_async_use", "20 [0, 0] 20\n"),
        ("fork_in_c_and_close", "20 0 20\n"),
    ],
)
def test_so_does_a_program_with_sessions_of_its_own(name: str, printed: str, sandbox_url: str) -> None:
    """A function that makes sessions is called in each loop, and what it made ends with the loop."""
    if "uvloop" in name:
        pytest.importorskip("uvloop")

    assert (0, printed, "") == program(name, sandbox_url, by_session=True).end()


@pytest.mark.parametrize(
    ("name", "calls", "code", "printed"),
    [
        ("tasks_in_flight", 10, 0, "{True}\n"),
        ("exit_in_a_coroutine", 10, 3, ""),
        ("loop_in_a_daemon_thread", 10, 0, ""),
    ],
)
def test_a_program_ends_in_the_middle_of_its_calls(
    name: str, calls: int, code: int, printed: str, serve: Serve
) -> None:
    """A program that ends during its calls ends at once and quietly, and the server sees each connection close."""
    server = Held(silent=calls)
    process = program(name, serve(server))
    for _ in range(calls):
        server.arrived.get(timeout=PATIENCE_S)

    assert (code, printed, "") == process.end("end\n")

    assert [b""] * calls == [server.gone.get(timeout=PATIENCE_S) for _ in range(calls)]
    assert calls == len(server.bodies)


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        ("interrupted_loop", signal.SIGINT, 130),
        ("terminated", signal.SIGTERM, -signal.SIGTERM),
        ("terminated_loop", signal.SIGTERM, -signal.SIGTERM),
        ("terminated_as_exit", signal.SIGTERM, 143),
        ("terminated_as_cancel", signal.SIGTERM, 143),
    ],
)
def test_a_signal_ends_the_program_and_the_call(name: str, number: int, code: int, serve: Serve) -> None:
    """The exit code is that of the signal; the request arrived once, and its connection is closed."""
    server = Held()
    process = program(name, serve(server))
    server.arrived.get(timeout=PATIENCE_S)

    process.signal(number)

    assert (code, "", "") == process.end()
    assert b"" == server.gone.get(timeout=PATIENCE_S)
    assert ["customer_1"] == server.customers


def test_a_signal_handler_may_close_the_client_and_exit(serve: Serve) -> None:
    """The handler interrupts a call of the same client; its exit code is the program's, and nothing is printed."""
    server = Held()
    process = program("closed_by_a_signal_handler", serve(server))
    server.arrived.get(timeout=PATIENCE_S)

    process.signal(signal.SIGTERM)

    assert (143, "", "") == process.end()
    assert b"" == server.gone.get(timeout=PATIENCE_S)


def test_ctrl_c_ends_a_program_whose_hook_hangs(sandbox_url: str) -> None:
    """Neither the interrupted call nor the exit waits for the blocked loop longer than the limit."""
    process = program("hook_hangs", sandbox_url)
    assert "hook\n" == process.line()

    process.signal(signal.SIGINT)

    assert (0, "interrupted\n", "") == process.end()


def test_an_interrupt_nobody_catches_is_an_ordinary_one(serve: Serve) -> None:
    """Python prints one traceback, without secrets, and the process ends by SIGINT."""
    server = Held()
    process = program("interrupt_not_caught", serve(server))
    server.arrived.get(timeout=PATIENCE_S)

    process.signal(signal.SIGINT)
    code, printed, complaint = process.end()

    assert (-signal.SIGINT, "") == (code, printed)
    assert 1 == complaint.count("Traceback")
    assert complaint.endswith("\nKeyboardInterrupt\n")
    assert "snd_" not in complaint


def test_an_impatient_second_interrupt_does_no_harm(serve: Serve) -> None:
    """Ctrl-C while the first one is being handled: the request is cut, and the client works as before."""
    server = Held()
    process = program("interrupted_twice", serve(server))
    server.arrived.get(timeout=PATIENCE_S)

    process.signal(signal.SIGINT)
    left = server.gone.get(timeout=PATIENCE_S)

    assert b"" == left
    assert (0, "interrupted\n3\n", "") == process.end("go on\n")


@pytest.mark.parametrize("name", ["fork_during_a_call", "fork_during_an_async_call"])
def test_a_fork_leaves_the_call_under_way_alone(name: str, serve: Serve) -> None:
    """The child has its own connections; the parent's call gets its answer after all those of the child."""
    server = Held(others=CALLS)
    process = program(name, serve(server))
    server.arrived.get(timeout=PATIENCE_S)

    assert (0, "0 1 1\n", "") == process.end("fork\n")

    assert ["customer_1", *["customer_2"] * CALLS, "customer_3"] == server.customers
