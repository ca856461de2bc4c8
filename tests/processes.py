"""Processes that tests start: each in a session of its own, heard within a limit, and ended with its test.

`run` runs one to its end; `Process` is one under way, to be talked to, interrupted or killed. Whatever a process starts
in its turn is in its session, and ends with it.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Any, NamedTuple, NoReturn, Self

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE_S = 60  # a bound and no measurement: for a machine that has much else to do
RUN = "TESTS_RUN"  # in the environment of all that a run of the tests starts: which run it was

_started: list["Process"] = []
_GUARD = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    groups ^= {int(line)}
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Ended(NamedTuple):
    """How a process ended, and all that it said."""

    returncode: int
    stdout: str
    stderr: str


class Process:
    """A process under way. Nothing that it does, or fails to do, is waited for without a limit."""

    def __init__(
        self,
        *command: object,
        env: dict[str, str] | None = None,
        cwd: Path | None = ROOT,
        stdin: int = subprocess.PIPE,
        stdout: int = subprocess.PIPE,
        encoding: str = "utf-8",
    ) -> None:
        self.command = [str(word) for word in command]
        self._popen = subprocess.Popen(
            self.command,
            env={RUN: os.environ.get(RUN, ""), **(os.environ if env is None else env)},
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _started.append(self)
        self.pid = self._popen.pid
        guard.note(self.pid)
        self.is_over = False  # with all that it started
        self._encoding = encoding
        self._out, self._err = _Pipe(self._popen.stdout), _Pipe(self._popen.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    def signal(self, number: int) -> None:
        """To the process itself, as somebody outside sends it."""
        self._popen.send_signal(number)

    def say(self, words: str) -> None:
        """Write them to its stdin."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(words.encode(self._encoding))
        self._popen.stdin.flush()

    def line(self, limit: float = PATIENCE_S) -> str:
        """The next line of its stdout, or what there is of it when that ends."""
        return self._heard(self._out, "\n", limit)

    def complaint(self, last: str = "\n", limit: float = PATIENCE_S) -> str:
        """The next line of its stderr, or what comes until another text."""
        return self._heard(self._err, last, limit)

    def end(self, last_words: str | bytes = "", limit: float = PATIENCE_S) -> Ended:
        """Once it has ended by itself, and nobody whom it started can say a word any more."""
        until = monotonic() + limit
        written = last_words if isinstance(last_words, bytes) else last_words.encode(self._encoding)
        threading.Thread(target=self._take_leave, args=(written,), daemon=True).start()
        try:
            code = self._popen.wait(limit)
            self._out.wait_for_end(until)
            self._err.wait_for_end(until)
        except (TimeoutError, subprocess.TimeoutExpired):
            self._give_up("has not come to an end", limit)
        self.kill()
        return Ended(code, self._text(self._out), self._text(self._err))

    def kill(self) -> None:
        """End it and all that it started, as far as they have not ended yet."""
        if not self.is_over:
            self.is_over = True
            with suppress(ProcessLookupError, PermissionError):  # PermissionError: how some say that all have ended
                os.killpg(self.pid, signal.SIGKILL) if hasattr(os, "killpg") else self._popen.kill()
            self._popen.wait(PATIENCE_S)
            guard.note(self.pid)
            if self._popen.stdin is not None:
                with suppress(OSError):  # what was not read before the end
                    self._popen.stdin.close()
            self._out.close()
            self._err.close()

    def _heard(self, pipe: "_Pipe", last: str, limit: float) -> str:
        try:
            return pipe.until(last.encode(self._encoding), limit).decode(self._encoding, "replace")
        except TimeoutError:
            self._give_up(f"does not say what is waited for ({last!r})", limit)

    def _take_leave(self, last_words: bytes) -> None:
        if self._popen.stdin is not None:
            with suppress(OSError, ValueError):  # it went away, or was ended, before it had read all of them
                self._popen.stdin.write(last_words)
                self._popen.stdin.close()

    def _give_up(self, why: str, limit: float) -> NoReturn:
        left = [str(one) for one in alive(os.environ.get(RUN, "")) if one.session == self.pid]
        self.kill()
        pytest.fail(
            f"{' '.join(self.command)}: {why} within {limit} s; alive were {left};"
            f" it printed {self._text(self._out)!r} and complained {self._text(self._err)!r}"
        )

    def _text(self, pipe: "_Pipe") -> str:
        return pipe.rest().decode(self._encoding, "replace")


class _Pipe:
    """What comes out of a pipe, gathered by a thread: so that whoever waits for it can do so within a limit."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._heard = bytearray()
        self._taken = 0
        self._is_over = stream is None
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, args=(stream,), daemon=True)
        self._thread.start()

    def until(self, last: bytes, limit: float) -> bytes:
        """What comes next, up to and with `last`, or to the end. Raises `TimeoutError`."""
        with self._news:
            if not self._news.wait_for(lambda: self._is_over or self._heard.find(last, self._taken) >= 0, limit):
                raise TimeoutError
            found = self._heard.find(last, self._taken)
            begun, self._taken = self._taken, len(self._heard) if found < 0 else found + len(last)
            return bytes(self._heard[begun : self._taken])

    def wait_for_end(self, until: float) -> None:
        """All that holds its other end has closed it. Raises `TimeoutError`."""
        with self._news:
            if not self._news.wait_for(lambda: self._is_over, until - monotonic()):
                raise TimeoutError

    def rest(self) -> bytes:
        """What has come and was not asked for yet."""
        with self._news:
            begun, self._taken = self._taken, len(self._heard)
            return bytes(self._heard[begun:])

    def close(self) -> None:
        """Nobody is left who could say anything: give the thread time to see that."""
        self._thread.join(PATIENCE_S)

    def _listen(self, stream: Any) -> None:
        if stream is not None:
            with stream:
                while piece := stream.read1(1 << 16):
                    with self._news:
                        self._heard += piece
                        self._news.notify_all()
            with self._news:
                self._is_over = True
                self._news.notify_all()


class _Guard:
    """A process that outlives this one by a moment, and ends what is left, should this one be killed in a test."""

    _popen: subprocess.Popen[bytes] | None = None

    def note(self, group: int) -> None:
        """That it was started; the second time, that it is over."""
        if self._popen is None:
            command = [sys.executable, "-I", "-S", "-c", _GUARD]
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        assert self._popen.stdin is not None
        self._popen.stdin.write(b"%d\n" % group)

    def end(self) -> None:
        """Nothing is under way any more."""
        if self._popen is not None:
            self._popen.communicate(timeout=PATIENCE_S)
            self._popen = None


guard = _Guard()


def run(
    *command: object,
    input: str | bytes = "",
    env: dict[str, str] | None = None,
    cwd: Path | None = ROOT,
    encoding: str = "utf-8",
    check: bool = False,
    limit: float = PATIENCE_S,
) -> Ended:
    """Run it to its end; with `check`, to a good one."""
    with Process(*command, env=env, cwd=cwd, encoding=encoding) as process:
        ended = process.end(input, limit)
    if check and ended.returncode:
        pytest.fail(f"{' '.join(process.command)}: exit code {ended.returncode}: {ended.stderr}")
    return ended


@contextmanager
def none_left() -> Iterator[None]:
    """What is started inside `with` ends with it at the latest, however it ends."""
    before = len(_started)
    try:
        yield
    finally:
        for process in _started[before:]:
            process.kill()
        del _started[before:]


class Alive(NamedTuple):
    """A process that has not ended."""

    pid: int
    session: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} of session {self.session}: {self.command}"


def alive(run: str) -> list[Alive]:
    """The processes of a run of the tests, this one left out; where there is no /proc, none is seen."""
    mark = f"{RUN}={run}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended just now, or is another user's
            if path.name != str(os.getpid()) and mark in (path / "environ").read_bytes().split(b"\0"):
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append(Alive(int(path.name), os.getsid(int(path.name)), command.strip()))
    return found
