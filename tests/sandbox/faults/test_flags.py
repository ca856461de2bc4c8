"""`--fault` and `--fault-seed`, of both programs that run a sandbox."""

import json
import os
import re
import signal
import sys
import urllib.error
import urllib.request

import pytest

from paycombat_async.sandbox import SANDBOX_TOKEN, Fault
from tests.processes import PATIENCE_S, Process

PROGRAMS = [
    pytest.param(["-m", "paycombat_async.sandbox"], id="sandbox"),
    pytest.param(["-m", "paycombat_async.cli", "sandbox"], id="paycombat"),
]
LIST = "/api/v1/customer/customer"


def start(program: list[str], *arguments: str) -> Process:
    command = [sys.executable, "-X", "dev", "-W", "error", *program, *arguments]
    return Process(*command, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def status(url: str) -> int:
    request = urllib.request.Request(url + LIST, headers={"X-token": SANDBOX_TOKEN})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            json.loads(response.read())
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def statuses(program: list[str], *arguments: str) -> list[int]:
    """The HTTP statuses of 20 requests in sequence; the program must end without output on stderr."""
    with start(program, *arguments) as process:
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", process.line())
        assert found is not None
        seen = [status(found[0]) for _ in range(20)]
        process.signal(signal.SIGTERM)
        code, _, errors = process.end()
    assert (0, "") == (code, errors)
    return seen


@pytest.mark.parametrize("program", PROGRAMS)
def test_faults_come_at_their_rates_and_by_their_seed(program: list[str]) -> None:
    """The flag may stand there several times; the same seed gives the same answers in the same order."""
    flags = ("--fault", "500_before_commit:0.3", "--fault", "html_502:0.2", "--fault", "latency=1ms:0.1")

    first = statuses(program, *flags, "--fault-seed", "7")
    again = statuses(program, *flags, "--fault-seed", "7")
    other = statuses(program, *flags, "--fault-seed", "8")

    assert first == again != other
    assert {200, 500, 502} == set(first)


@pytest.mark.parametrize("program", PROGRAMS)
def test_unknown_faults_are_refused_with_all_names(program: list[str]) -> None:
    """One line, exit code 2, and nothing is served."""
    with start(program, "--fault", "500_sometimes:0.1") as process:
        code, out, errors = process.end()

    assert (2, "") == (code, out)
    assert "there is no fault '500_sometimes'" in errors
    assert all(fault in errors for fault in Fault)
    assert len(errors.splitlines()) == 1
