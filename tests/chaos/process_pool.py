"""Batch runs as processes of their own, and a sandbox that kills or interrupts them at a chosen arrival."""

import json
import os
import signal
import sys
from concurrent.futures import Future
from contextlib import closing, suppress
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from threading import Event
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.arrivals import Arrival
from paycombat_async.sandbox.faults import Faults, Mishap
from tests.processes import PATIENCE_S, ROOT, Process

UPDATE = "customers.update"


class KillSwitch(Faults):
    """Faults by rates, and a signal at the n-th update that arrives.

    It is sent before that update is answered: so the process, which waits for the answer, is there to be met.
    """

    def __init__(self, *, seed: int, rates: dict[str, float]) -> None:
        super().__init__(seed=seed, rates=rates)
        self.arm(0)

    def arm(self, after: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Be ready for the next process; 0 lets it live."""
        self.remaining, self._number = after, number
        self._process: Future[int] = Future()
        self.has_struck = Event()
        self.first_arrival = 0.0

    def aim(self, process: int) -> None:
        """Say which process it is; one that arrives earlier is waited with."""
        self._process.set_result(process)

    def decide(self, arrival: Arrival) -> Mishap | None:
        """As in any weather; and this may be the moment."""
        mishap = super().decide(arrival)
        if arrival.operation == UPDATE:
            self.first_arrival = self.first_arrival or perf_counter()
            self.remaining -= 1
            if self.remaining == 0:
                os.kill(self._process.result(PATIENCE_S), self._number)
                self.has_struck.set()
        return mishap


class ProcessPool:
    """The process that forks them: within `with`, one after the other."""

    def __enter__(self) -> Self:
        self._nursery = Process(
            *(sys.executable, "-W", "error", "-m", "tests.chaos.batch_programs", "process_pool"),
            env={name: value for name, value in os.environ.items() if not name.startswith("PAYCOMBAT_")}
            | {"PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._nursery:
            ended = self._nursery.end()
        assert (0, "") == (ended.returncode, ended.stderr)

    def start(self, job: dict[str, Any]) -> int:
        """Start one; its process id."""
        self._nursery.say(json.dumps(job) + "\n")
        return self._number()

    def end(self) -> int:
        """Wait for its end; its exit code, or less than 0 for a signal."""
        return self._number()

    def _number(self) -> int:
        return int(self._nursery.line())


def drain_sockets(sandbox: Sandbox) -> None:
    """Let the sandbox take in what a killed process left in its sockets: two requests that queue up behind it."""
    for _ in range(2):
        with closing(HTTPConnection(sandbox.base_url.removeprefix("http://"), timeout=PATIENCE_S)) as connection:
            connection.request("GET", "/")
            with suppress(RemoteDisconnected):  # the sandbox loses some of these answers, too
                connection.getresponse().read()


def job_of(sandbox: Sandbox, rows: Path, **more: object) -> dict[str, Any]:
    """A run of `sync_customers` over a file, with the journal and the failures file beside it."""
    client = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
    return {
        "client": client,
        "rows": str(rows),
        "journal": f"{rows}.journal",
        "failed": str(rows.with_name(f"{rows.stem}.failed.csv")),
        "output": f"{rows}.output",
        "concurrency": 8,
    } | more


def command_of(sandbox: Sandbox, rows: Path, **more: object) -> dict[str, Any]:
    """The same by `paycombat customers sync`."""
    environment = {
        "PAYCOMBAT_TOKEN": sandbox.token,
        "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
        "PAYCOMBAT_BASE_URL": sandbox.base_url,
    }
    command = ["customers", "sync", str(rows), "--concurrency", "8"]
    return {"command": command, "environment": environment, "output": f"{rows}.output"} | more


def live(
    process_pool: ProcessPool, kill_switch: KillSwitch, job: dict[str, Any], *, after: int = 0, number: int = 9
) -> int:
    """One process from its start to its end, with this signal at that arrival; its exit code."""
    kill_switch.arm(after, signal.Signals(number))
    kill_switch.aim(process_pool.start(job))
    code = process_pool.end()
    kill_switch.remaining = 0
    return code
