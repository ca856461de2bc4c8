"""What keeps the tests steady: processes are waited for within limits, and none outlives its test or the run."""

import os
import re
import signal
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import NoReturn

import pytest

from tests.processes import PATIENCE_S, ROOT, RUN, Process, alive, none_left, run

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="what is alive is seen in /proc")

AN_HOUR = "import time; time.sleep(3600)"
ORPHAN = f"""
import os, sys
if os.fork():
    print("forked", flush=True)
    sys.exit()
{AN_HOUR}
"""


def of_session(process: Process) -> list[int]:
    return [one.pid for one in alive(os.environ[RUN]) if one.session == process.pid]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_that_keeps_a_pipe_open_is_named_and_ended() -> None:
    """Its parent is gone, and it holds the other end of what is read: that is over at the limit."""
    process = Process(sys.executable, "-c", ORPHAN)
    assert "forked\n" == process.line()

    with pytest.raises(pytest.fail.Exception, match=r"has not come to an end within 0\.3 s; alive were \['process \d+"):
        process.end(limit=0.3)

    assert [] == of_session(process)


def test_a_program_that_says_nothing_is_not_waited_for_any_longer() -> None:
    """The failure shows what it said instead, and the program is ended."""
    process = Process(sys.executable, "-c", f"print('ready\\nhalf', end='', flush=True); {AN_HOUR}")
    assert "ready\n" == process.line()

    with pytest.raises(pytest.fail.Exception, match=r"does not say what is waited for .*printed 'half'"):
        process.line(limit=0.3)

    assert [] == of_session(process)


def test_whatever_was_started_ends_with_its_test() -> None:
    """With all that it started itself, also when the test fails."""
    started: list[Process] = []

    def fail() -> NoReturn:
        started.append(Process(sys.executable, "-c", ORPHAN))
        started[0].line()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), none_left():
        fail()

    assert [] == of_session(started[0])


def test_words_go_in_and_come_out_whatever_their_number() -> None:
    """More than a pipe holds, both ways at once; lines asked for one by one are not among the rest."""
    program = "import sys; print('one'); print('two', flush=True); sys.stdout.write(sys.stdin.read())"
    many = "é" * 1_000_000
    with Process(sys.executable, "-X", "utf8", "-c", program) as process:
        first = process.line()
        ended = process.end(many)

    assert "one\n" == first
    assert (0, f"two\n{many}", "") == ended


def test_a_bad_end_is_a_failure_where_a_good_one_is_asked_for() -> None:
    """With what the program complained of."""
    with pytest.raises(pytest.fail.Exception, match="exit code 1: no good"):
        run(sys.executable, "-c", "import sys; sys.exit('no good')", check=True)


WITH_LIMITS = """
from tests.conftest import _test_ends_what_it_started
pytest_plugins = ["tests.limits"]
"""
HANGS = f"""
import asyncio, sys, threading
from pathlib import Path
import pytest
from hypothesis import given, settings, strategies
from tests.processes import Process

def start(name):
    Path(name).write_text(str(Process(sys.executable, "-c", {AN_HOUR!r}).pid))

def test_blocking():
    start("blocking")
    threading.Event().wait()

async def test_in_a_loop():
    start("loop")
    await asyncio.Event().wait()

@settings(deadline=None, database=None)
@given(strategies.integers())
def test_in_an_example(number):
    start("example")
    threading.Event().wait()

@pytest.fixture
def never_over():
    yield
    start("fixture")
    threading.Event().wait()

def test_behind_a_failure(never_over):
    raise ZeroDivisionError
"""


def test_a_test_that_hangs_fails_at_its_limit(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it hangs, in the workers of pytest-xdist; what it had started is ended."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(WITH_LIMITS)
    pytester.makepyfile(HANGS)

    options = ("-n", "2", "--timeout", "3", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider")
    result = pytester.runpytest_subprocess(*options, timeout=1.5 * PATIENCE_S)

    result.assert_outcomes(failed=4, errors=1)
    ends = [line for line in result.outlines if re.match(r"E .*(Failed|OverLimit): Timeout \(>3\.0s\)", line)]
    assert 4 == len(ends)  # the summary at the end repeats them where lines are not cut, as with CI or COLUMNS set
    started = [int((pytester.path / name).read_text()) for name in ("blocking", "loop", "example", "fixture")]
    assert not any(map(is_alive, started))


KILLED = f"""
import os, signal, sys
from tests.processes import Process
print(Process(sys.executable, "-c", {ORPHAN!r}).line() == "forked\\n", os.environ["TESTS_RUN"], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_what_a_test_started_ends_also_when_the_run_is_killed() -> None:
    """In its middle, without a word: nobody of the run is there any more to look after it."""
    ended = run(sys.executable, "-c", KILLED, env={**os.environ, RUN: "killed", "PYTHONPATH": str(ROOT)})

    assert (-signal.SIGKILL, "True killed\n", "") == ended
    until = monotonic() + PATIENCE_S
    while alive("killed") and monotonic() < until:
        sleep(0.01)
    assert [] == alive("killed")


LEAVES_ONE = f"""
import subprocess, sys
from pathlib import Path

def test_careless():
    process = subprocess.Popen([sys.executable, "-c", {AN_HOUR!r}], start_new_session=True)
    Path("left").write_text(str(process.pid))
    process.returncode = 0  # nor does it complain when it is collected
"""
AT_ONCE = """
from tests import leftovers
leftovers.GRACE_S = 0.1
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_run_that_leaves_a_process_behind_fails_and_names_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """Although all its tests passed, and whoever started the process; then the process is ended."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(AT_ONCE)
    pytester.makepyfile(LEAVES_ONE)

    options = ("-n", workers, "-p", "tests.leftovers", "-p", "no:cacheprovider")
    result = pytester.runpytest_subprocess(*options, timeout=PATIENCE_S)

    left = (pytester.path / "left").read_text()
    result.assert_outcomes(passed=1)
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.fnmatch_lines(["*processes left behind*", f"process {left} of session {left}: *time.sleep(3600)*"])
    assert not is_alive(int(left))


def is_alive(pid: int) -> bool:
    """Whether it runs; of one that was killed, only its number may be left for a moment."""
    try:
        return bool(Path(f"/proc/{pid}/environ").read_bytes())
    except OSError:
        return False
