"""`python -m paycombat_async.sandbox` as a user runs it."""

import re
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN
from paycombat_async.sandbox.__main__ import main
from tests.processes import PATIENCE_S, Process, run

COMMAND = [sys.executable, "-X", "dev", "-W", "error", "-m", "paycombat_async.sandbox"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """It says where it is and how to use it, answers, and ends with 0 and no further word."""
    with Process(*COMMAND, "--customers", "3", "--seed", "4", "--db", tmp_path / "db") as process:
        lines = [process.line() for _ in range(4)]
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", lines[0])
        assert found is not None
        url = found[0]
        request = urllib.request.Request(f"{url}/api/v1/customer/customer", headers={"X-token": SANDBOX_TOKEN})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            body = response.read()

        process.signal(number)

        ended = process.end()

    assert lines == [
        f"PayCombat sandbox at {url} (Ctrl-C stops it)\n",
        f"export PAYCOMBAT_BASE_URL={url}\n",
        f"export PAYCOMBAT_TOKEN={SANDBOX_TOKEN}\n",
        f"export PAYCOMBAT_SIGNATURE_KEY={SANDBOX_SIGNATURE_KEY}\n",
    ]
    assert b'"total":3' in body
    assert (0, "", "") == ended


def test_a_forgotten_sandbox_does_not_hold_the_interpreter_up() -> None:
    """Entered and never left, in a thread of its own: Python exits all the same."""
    program = (
        "from paycombat_async.sandbox import Sandbox; sandbox = Sandbox(); sandbox.__enter__(); print(sandbox.base_url)"
    )

    done = run(*COMMAND[:-2], "-c", program)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("http://127.0.0.1:")


def test_what_cannot_work_is_said_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the error stream, with exit code 2."""
    code = main(["--db", str(tmp_path / "missing" / "db")])

    written = capsys.readouterr()
    assert code == 2
    assert written.out == ""
    assert len(written.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--customers", "-1"], ["--port", "http"], ["--nonsense"]])
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As usual for a command: a usage line and exit code 2."""
    with pytest.raises(SystemExit) as exited:
        main(arguments)

    assert exited.value.code == 2
    assert "usage:" in capsys.readouterr().err
