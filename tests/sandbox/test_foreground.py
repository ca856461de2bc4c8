"""`python -m paycombat_async.sandbox` as a user runs it."""

import ast
import os
import re
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN, Sandbox
from paycombat_async.sandbox.__main__ import main
from paycombat_async.sandbox.customers.seeding import EXAMPLE_IDS
from tests.processes import PATIENCE_S, Process, run

COMMAND = [sys.executable, "-X", "dev", "-W", "error", "-m", "paycombat_async.sandbox"]


def announcement(process: Process) -> list[str]:
    """The lines that it prints at its start."""
    lines = [process.line()]
    while lines[-1] != "# }\n":
        lines.append(process.line())
    return lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """It says where it is and how to use it, answers, and ends with 0 and no further word."""
    with Process(*COMMAND, "--customers", "3", "--seed", "4", "--db", tmp_path / "db") as process:
        lines = announcement(process)
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", lines[0])
        assert found is not None
        url = found[0]
        request = urllib.request.Request(f"{url}/api/v1/customer/customer", headers={"X-token": SANDBOX_TOKEN})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            body = response.read()

        process.signal(number)

        ended = process.end()

    assert lines[:5] == [
        f"PayCombat sandbox at {url} (Ctrl-C stops it)\n",
        f"export PAYCOMBAT_BASE_URL={url}\n",
        f"export PAYCOMBAT_TOKEN={SANDBOX_TOKEN}\n",
        f"export PAYCOMBAT_SIGNATURE_KEY={SANDBOX_SIGNATURE_KEY}\n",
        f"export PAYCOMBAT_WEBHOOK_KEY={SANDBOX_SIGNATURE_KEY}\n",
    ]
    assert f'"total":{3 + len(EXAMPLE_IDS)}'.encode() in body
    assert (0, "", "") == ended


def test_what_it_prints_can_be_pasted() -> None:
    """After the first line all is for a shell, with nothing but the variables in effect; the paths are Python's."""
    with Process(*COMMAND) as process:
        lines = announcement(process)
        shell = run("sh", "-eu", "-c", "".join(lines[1:]) + "env", env={"PATH": os.environ["PATH"]}, check=True)
        process.signal(signal.SIGTERM)
        process.end()

    variables = {line.partition("=")[0] for line in shell.stdout.splitlines() if line.startswith("PAYCOMBAT_")}
    begin = next(number for number, line in enumerate(lines) if line.startswith("# paths={"))
    paths = ast.literal_eval("".join(line.removeprefix("# ") for line in lines[begin:]).removeprefix("paths="))
    assert {
        f"PAYCOMBAT_{name}" for name in ("BASE_URL", "TOKEN", "SIGNATURE_KEY", "WEBHOOK_KEY", "SANDBOX_CONTROL")
    } == variables
    assert dict(Sandbox().paths) == paths


@pytest.mark.parametrize("program", ["paycombat_async.sandbox", "paycombat_async.cli"])
def test_the_control_token_can_be_given(program: str) -> None:
    """By the variable under which it is printed; otherwise each start has another one."""
    more = ["sandbox"] if program.endswith("cli") else []
    tokens = []
    for given in ("a-token-of-mine-0123", ""):
        environment = {**os.environ, "PAYCOMBAT_SANDBOX_CONTROL": given}
        with Process(*COMMAND[:-1], program, *more, env=environment) as process:
            lines = announcement(process)
        [line] = [line for line in lines if "CONTROL" in line]
        tokens.append(line.removeprefix("export PAYCOMBAT_SANDBOX_CONTROL=").strip())

    assert tokens[0] == "a-token-of-mine-0123"
    assert re.fullmatch("[0-9a-f]{64}", tokens[1])


@pytest.mark.parametrize("program", ["paycombat_async.sandbox", "paycombat_async.cli"])
@pytest.mark.parametrize("flags", [[], ["--no-console"]], ids=["console", "no console"])
def test_it_says_where_the_console_is(program: str, flags: list[str]) -> None:
    """With the token in the fragment, in a line that a shell ignores; unless there is to be none."""
    more = ["sandbox"] if program.endswith("cli") else []
    with Process(*COMMAND[:-1], program, *more, *flags) as process:
        lines = announcement(process)
        process.signal(signal.SIGTERM)
        process.end()

    [token] = [line.split("=")[1].strip() for line in lines if "CONTROL" in line]
    found = [line for line in lines if line.startswith("# Console")]
    assert [line.split()[-1] for line in found] == ([] if flags else [f"{lines[0].split()[3]}/#{token}"])


@pytest.mark.parametrize("is_kept", [False, True], ids=["memory", "file"])
def test_it_says_whether_it_forgets(tmp_path: Path, is_kept: bool) -> None:
    """An intents store or a journal that outlives it would answer for what it no longer knows."""
    with Process(*COMMAND, *(["--db", tmp_path / "db"] if is_kept else [])) as process:
        lines = announcement(process)
        process.signal(signal.SIGTERM)
        process.end()

    assert (not is_kept) == any(line.startswith("# It forgets everything when it stops") for line in lines)


@pytest.mark.parametrize("program", ["paycombat_async.sandbox", "paycombat_async.cli"])
@pytest.mark.parametrize(("flags", "total"), [([], 113), (["--no-examples"], 0)], ids=["examples", "no examples"])
def test_it_begins_with_the_customers_of_the_examples(program: str, flags: list[str], total: int) -> None:
    """Unless it is told not to; both programs."""
    more = ["sandbox"] if program.endswith("cli") else []
    with Process(*COMMAND[:-1], program, *more, *flags) as process:
        url = announcement(process)[0].split()[3]
        request = urllib.request.Request(f"{url}/api/v1/customer/customer", headers={"X-token": SANDBOX_TOKEN})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            body = response.read()

    assert f'"total":{total}'.encode() in body


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
