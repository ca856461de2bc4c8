"""SIGINT and SIGTERM at any moment of a command, and output that nobody reads any more."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from paycombat_async._signals import is_terminated, sigterm_as_interrupt
from paycombat_async.cli.interrupts import interrupts
from paycombat_async.intents import IntentState, NewIntent, Settlement, SqliteIntents
from paycombat_async.sandbox import Sandbox
from tests.cli.command import COMMAND, ROOT, environment, start
from tests.cli.test_sync import CREDENTIALS, bad_server
from tests.processes import PATIENCE_S, Process
from tests.processes import run as run_process

STOPPING = [signal.SIGINT, signal.SIGTERM]
WORDS = {signal.SIGINT: "Interrupted.\n", signal.SIGTERM: "Terminated.\n"}
each_signal = pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)

# The console script, as an installer writes it.
SCRIPT = "import sys\nfrom paycombat_async.cli.launch import main\nsys.exit(main())\n"
# Python imports this module by itself when it starts.
CUSTOMIZE = """
import os, sys
class Sends:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["AT_IMPORT"]:
            os.kill(os.getpid(), int(os.environ["NUMBER"]))
sys.meta_path.insert(0, Sends())
"""


@each_signal
@pytest.mark.parametrize("module", ["msgspec", "paycombat_async.client", "click", "paycombat_async.cli.doctor"])
@pytest.mark.parametrize("command", [["paycombat"], ["-m", "paycombat_async.cli"]], ids=["script", "module"])
def test_a_signal_during_the_imports_is_no_traceback(
    tmp_path: Path, number: signal.Signals, module: str, command: list[str]
) -> None:
    """One word, and the exit code that a shell shows for the signal."""
    (tmp_path / "sitecustomize.py").write_text(CUSTOMIZE, encoding="utf-8")
    (tmp_path / "paycombat").write_text(SCRIPT, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])

    ended = run_process(
        *(sys.executable, *command, "doctor"),
        env=environment(AT_IMPORT=module, NUMBER=str(int(number))) | {"PYTHONPATH": path},
        cwd=tmp_path,
    )

    assert (128 + number, "", WORDS[number]) == ended


async def record_unknown(path: Path) -> None:
    """A store with a payout whose outcome nobody knows."""
    store = SqliteIntents(path)
    new = NewIntent(endpoint="payouts.create", reference="order-1", body_digest="digest", owner="tests", lease=60)
    await store.begin(new)
    state = IntentState.UNKNOWN
    await store.settle(
        Settlement(endpoint=new.endpoint, reference=new.reference, attempt=1, state=state, evidence="cut")
    )
    await store.aclose()


@each_signal
@pytest.mark.parametrize(
    "verb", [["customers", "get", "c1"], ["intents", "reconcile", "payments.db"]], ids=lambda verb: " ".join(verb[:2])
)
def test_a_call_under_way_is_cut(tmp_path: Path, number: signal.Signals, verb: list[str]) -> None:
    """By SIGTERM as by Ctrl-C, whatever the command."""
    if verb[0] == "intents":
        asyncio.run(record_unknown(tmp_path / "payments.db"))
    with (
        bad_server(closes=False) as (url, arrived),
        start(*verb, cwd=tmp_path, PAYCOMBAT_BASE_URL=url, **CREDENTIALS) as process,
    ):
        assert arrived.acquire(timeout=PATIENCE_S)
        process.signal(number)
        code, shown, said = process.end()

    assert (128 + number, "", WORDS[number]) == (code, shown, said.lstrip())  # click begins a new line


@each_signal
def test_a_command_under_way_is_interrupted_and_not_killed(number: signal.Signals) -> None:
    """So that it can end what it has begun."""
    code = (
        "import os, sys; from paycombat_async.cli import launch, app\n"
        "def main(*_, **__):\n"
        "    try: os.kill(os.getpid(), int(sys.argv[1])); raise SystemExit(3)\n"
        "    finally: print('ended')\n"
        "app.paycombat.main = main\n"
        "launch.main()"
    )

    ended = run_process(sys.executable, "-c", code, int(number), env=environment())

    assert (128 + number, "ended\n", WORDS[number]) == ended


@each_signal
def test_a_command_that_waits_for_input_ends(number: signal.Signals) -> None:
    """It reads its standard input, of which nothing comes."""
    with Process(
        *COMMAND, "customers", "sync", "-", env=environment(PYTHONUNBUFFERED="1", PYTHONVERBOSE="1")
    ) as process:
        while "tempfile" not in process.complaint():  # imported just before the input is read
            pass
        process.signal(number)
        code, _, said = process.end()

    assert 128 + number == code
    assert WORDS[number] in said
    assert "Traceback" not in said


@pytest.mark.promise("P15")
def test_calls_that_do_not_end_within_the_grace_are_cut(tmp_path: Path) -> None:
    """They are unknown then, and the journal can be resumed; SIGTERM is followed by SIGKILL before long."""
    stop = asyncio.Event()

    async def work() -> str:
        with interrupts(stop, grace=0.001):
            os.kill(os.getpid(), signal.SIGTERM)
            try:
                await asyncio.wait_for(asyncio.Event().wait(), PATIENCE_S)
            except asyncio.CancelledError:
                return "cut"
        return "not cut"

    assert "cut" == asyncio.run(work())
    assert stop.is_set()
    assert is_terminated()


def test_a_run_that_ends_within_the_grace_is_not_cut() -> None:
    """Nor is anything that comes after it."""

    async def work() -> None:
        stop = asyncio.Event()
        with interrupts(stop, grace=0.001):
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()
        turns = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.01, turns.set_result, None)
        await turns

    asyncio.run(work())


def test_sigterm_ends_what_ignores_interrupts() -> None:
    """A job in the background starts with SIGINT ignored; the former handlers are back afterwards."""
    before = [signal.signal(signal.SIGINT, signal.SIG_IGN), signal.getsignal(signal.SIGTERM)]
    try:
        with sigterm_as_interrupt():
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
        after = [signal.getsignal(number) for number in STOPPING]
    finally:
        signal.signal(signal.SIGINT, before[0])

    assert [signal.SIG_IGN, before[1]] == after


@pytest.mark.parametrize("is_unbuffered", [False, True])
@pytest.mark.parametrize("rows", [3, 2000])
def test_a_reader_that_goes_away_changes_nothing(tmp_path: Path, rows: int, is_unbuffered: bool) -> None:
    """As with `| head -1`: all rows are done, and the exit code says so."""
    lines = [f"c{number},company" for number in range(rows)]
    (tmp_path / "in.csv").write_text("\n".join(["customer_id,type", *lines, "nobody,company"]) + "\n", encoding="utf-8")
    ours, theirs = os.pipe()
    with Sandbox() as sandbox:
        sandbox.add_customers(f"c{number}" for number in range(rows))
        variables = environment(sandbox, **({"PYTHONUNBUFFERED": "1"} if is_unbuffered else {}))
        with Process(*COMMAND, "customers", "sync", tmp_path / "in.csv", env=variables, stdout=theirs) as process:
            os.close(theirs)
            os.close(ours)
            code, _, said = process.end()
        done = sum(sandbox.executions(f"c{number}") for number in range(rows))

    assert (1, rows) == (code, done)  # 1 for the row of nobody
    assert "Traceback" not in said
    assert (tmp_path / "in.failed.csv").exists()
