"""`paycombat customers sync` over a real socket, as users run it."""

import os
import pty
import signal
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paycombat_async.sandbox import Sandbox
from tests.cli.command import COMMAND, environment, run_here, start
from tests.processes import PATIENCE_S, Process

ROWS = 400
SKIPPED = "skipped: the same was sent before, or there is nothing to change"
HEADER = "customer_id,description,type,company.name,company.address_line2,metadata.tier"


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(name="rows")
def _rows(tmp_path: Path, sandbox: Sandbox) -> Path:
    """A file of rows, a tenth of them invalid, and the customers of the valid ones."""
    good = [f'c{n},"Zoë ""{n}""",company,주식회사 {n},<clear>,' for n in range(ROWS) if n % 10]
    bad = [f",no id {n},company,,," for n in range(ROWS // 10)]
    path = tmp_path / "in.csv"
    path.write_text("\n".join([HEADER, *good, *bad]) + "\n", encoding="utf-8")
    sandbox.add_customers(row.split(",")[0] for row in good)
    return path


def executions(sandbox: Sandbox) -> dict[str, int]:
    return {customer: sandbox.executions(customer) for customer in sandbox.customer_ids}


def states(journal: Path) -> dict[str, str]:
    connection = sqlite3.connect(journal)
    found = dict(connection.execute("SELECT customer, state FROM row"))
    connection.close()
    return found


def test_a_file_is_synced(rows: Path, sandbox: Sandbox) -> None:
    """Valid rows are sent once, invalid ones listed; a second run sends nothing."""
    first = run_here("customers", "sync", rows, sandbox=sandbox)
    second = run_here("customers", "sync", rows, sandbox=sandbox)

    assert 1 == first.returncode == second.returncode
    assert "400 of 400 rows (40 failed)\n400 rows in in.csv\n      360 updated\n" in first.stdout
    assert "  line 362: no customer_id\n" in first.stdout
    assert f"listed with the reasons in {rows.with_name('in.failed.csv')}" in first.stdout
    assert "\x1b" not in first.stdout
    assert len(first.stdout.splitlines()) < 30
    assert f"        0 updated\n      360 {SKIPPED}\n       40 failed\n" in second.stdout
    assert {1} == set(executions(sandbox).values())


@pytest.mark.promise("P15")
@pytest.mark.parametrize("lines", [1, 2, 4])
def test_a_killed_run_goes_on_where_it_was(rows: Path, sandbox: Sandbox, lines: int) -> None:
    """At any moment of the kill, rows that are durably done are not sent again."""
    journal = rows.with_name("in.csv.journal")
    with start("customers", "sync", rows, "--concurrency", 8, "--rate", 200, sandbox=sandbox) as killed:
        for _ in range(lines):
            killed.line()
        killed.kill()
    after_kill = executions(sandbox)
    found = states(journal)

    resumed = run_here("customers", "sync", rows, sandbox=sandbox)

    done = {customer for customer, state in found.items() if state == "done"}
    touched = {customer for customer, count in after_kill.items() if count}
    assert set(found.values()) <= {"done", "sending"}
    assert 0 < len(touched) < 360
    assert done <= touched <= set(found)
    assert 1 == resumed.returncode
    assert f"{360 - len(done):>9} updated\n{len(done):>9} {SKIPPED}\n       40 failed\n" in resumed.stdout
    assert dict.fromkeys(done, 1) == {customer: sandbox.executions(customer) for customer in done}
    assert all(executions(sandbox).values())
    assert {"done"} == set(states(journal).values())


@pytest.mark.promise("P15")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_ends_in_good_order(rows: Path, sandbox: Sandbox, number: signal.Signals) -> None:
    """Calls under way finish, the summary counts what is left, and the exit code is 130 or 143."""
    with start("customers", "sync", rows, "--rate", 200, sandbox=sandbox) as interrupted:
        interrupted.line()
        interrupted.signal(number)
        code, shown, said = interrupted.end()
    done = sum(executions(sandbox).values())

    assert 128 + number == code
    how = "are finished first" if number == signal.SIGINT else "have 8 seconds to finish"
    assert f"Stopping: calls under way {how}" in said
    assert f"\n{'Interrupted' if number == signal.SIGINT else 'Terminated'}.\n" in said
    assert "Run the same command again to send the rest (it continues where it was)." in said
    assert f"{done:>9} updated\n" in shown
    assert done == sum(state == "done" for state in states(rows.with_name("in.csv.journal")).values())
    assert 0 < done < 360


FAULTS = {
    "no file": (["missing.csv"], {}, "No such file or directory"),
    "no token": (["in.csv"], {"PAYCOMBAT_TOKEN": ""}, "token is missing"),
    "padded token": (["in.csv"], {"PAYCOMBAT_TOKEN": "snd_x "}, "token has white space at its beginning or end"),
    "live key": (
        ["in.csv"],
        {"PAYCOMBAT_SIGNATURE_KEY": "live_key"},
        "only one of token and signature_key starts with",
    ),
    "wrong token": (["in.csv"], {"PAYCOMBAT_TOKEN": "snd_wrong"}, "the provider refuses these credentials"),
    "column": (["column.csv"], {}, "unknown column 'compny.name' (column 2); did you mean 'company.name'?"),
    "encoding": (["latin.csv"], {}, "line 2 contains the byte 0xeb, which is not UTF-8"),
    "ending": (["in.txt"], {}, "neither .csv nor .jsonl"),
    "journal of another file": (
        ["in.csv", "--journal", "other.csv.journal"],
        {},
        "belongs to another input, other.csv",
    ),
    "no journal": (["in.csv", "--journal", "latin.csv"], {}, "is some other file; name another journal"),
    "failures over input": (["in.csv", "--failed", "in.csv"], {}, "is not an earlier failures file"),
    "two journals": (["in.csv", "--journal", "j", "--no-journal"], {}, "--journal and --no-journal exclude each other"),
    "two addresses": (["in.csv", "--sandbox", "--base-url", "http://127.0.0.1:1"], {}, "exclude each other"),
    "plain http": (["in.csv", "--base-url", "http://api.paycombat.com"], {}, "https"),
    "concurrency": (["in.csv", "--concurrency", "0"], {}, "0 is not in the range"),
    "option": (["in.csv", "--token", "x"], {}, "No such option"),
}


@pytest.fixture(name="faulty", scope="module")
def _faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Sandbox]]:
    where = tmp_path_factory.mktemp("faulty")
    (where / "in.csv").write_text("customer_id,type\nc1,company\n", encoding="utf-8")
    (where / "in.txt").write_text("customer_id,type\nc1,company\n", encoding="utf-8")
    (where / "other.csv").write_text("customer_id,type\nc0,company\n", encoding="utf-8")
    (where / "column.csv").write_text("customer_id,compny.name\nc1,x\n", encoding="utf-8")
    (where / "latin.csv").write_text("customer_id,description\nc1,Zoë\n", encoding="latin-1")
    with Sandbox() as sandbox:
        sandbox.add_customers(["c0", "c1"])
        run_here("customers", "sync", "other.csv", sandbox=sandbox, cwd=where)
        yield where, sandbox


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("arguments", "variables", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_whole_run_is_one_sentence(
    faulty: tuple[Path, Sandbox], arguments: list[str], variables: dict[str, str], sentence: str
) -> None:
    """One message on stderr, exit code 2, and no customer was changed."""
    where, sandbox = faulty

    refused = run_here("customers", "sync", *arguments, sandbox=sandbox, cwd=where, **variables)

    assert 2 == refused.returncode
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr
    assert 0 == sandbox.executions("c1")


def test_a_second_run_on_the_same_journal_is_refused(rows: Path, sandbox: Sandbox) -> None:
    """It is refused at once, and the first run continues undisturbed."""
    with start("customers", "sync", rows, "--rate", 50, sandbox=sandbox) as first:
        first.line()
        second = run_here("customers", "sync", rows, sandbox=sandbox)
        first.signal(signal.SIGINT)
        code, shown, _ = first.end()

    assert 2 == second.returncode
    assert "is in use by another run" in second.stderr
    assert 130 == code
    assert f"{sum(executions(sandbox).values()):>9} updated\n" in shown


@contextmanager
def bad_server(*, closes: bool) -> Iterator[tuple[str, threading.Semaphore]]:
    """A server that reads a request and then closes the connection, or never answers; `arrived` counts requests."""
    over = threading.Event()
    arrived = threading.Semaphore(0)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            arrived.release()
            if not closes:
                over.wait()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", arrived
        over.set()
        server.shutdown()


CREDENTIALS = {"PAYCOMBAT_TOKEN": "snd_token", "PAYCOMBAT_SIGNATURE_KEY": "snd_key"}


def test_rows_in_doubt_give_three(tmp_path: Path) -> None:
    """After a broken connection it is unknown whether the update was carried out: exit code 3."""
    (tmp_path / "in.csv").write_text("customer_id,type\nc1,company\n", encoding="utf-8")
    with bad_server(closes=True) as (url, _):
        ended = run_here("customers", "sync", tmp_path / "in.csv", PAYCOMBAT_BASE_URL=url, **CREDENTIALS)

    assert 3 == ended.returncode
    assert "        1 unknown: sent, but no clear answer came; sending them again is safe\n" in ended.stdout
    assert "unknown" == states(tmp_path / "in.csv.journal")["c1"]


@pytest.mark.promise("P15")
def test_a_second_interrupt_leaves_the_calls_under_way(tmp_path: Path) -> None:
    """Calls under way become unknown, in the summary and in the journal."""
    (tmp_path / "in.csv").write_text("customer_id,type\nc1,company\nc2,company\nc3,company\n", encoding="utf-8")
    with bad_server(closes=False) as (url, arrived):
        variables = {"PAYCOMBAT_BASE_URL": url, **CREDENTIALS}
        with start("customers", "sync", tmp_path / "in.csv", "--concurrency", 2, **variables) as interrupted:
            assert arrived.acquire(timeout=PATIENCE_S)
            assert arrived.acquire(timeout=PATIENCE_S)
            interrupted.signal(signal.SIGINT)
            said = interrupted.complaint()
            interrupted.signal(signal.SIGINT)
            code, shown, _ = interrupted.end()

    assert said.startswith("Stopping: calls under way are finished first (Ctrl-C again to cancel them)")
    assert 130 == code
    assert "        2 unknown" in shown
    assert "        1 not sent yet" in shown
    assert {"c1": "unknown", "c2": "unknown", "c3": "new"} == states(tmp_path / "in.csv.journal")


def test_the_sample_runs_on_the_sandbox_without_an_account(tmp_path: Path) -> None:
    """The two commands of the help text work together and leave no journal."""
    sample = run_here("customers", "sample")
    (tmp_path / "customers.csv").write_text(sample.stdout, encoding="utf-8")

    ended = run_here("customers", "sync", "customers.csv", "--sandbox", cwd=tmp_path)

    assert 0 == ended.returncode, ended.stderr
    assert "12 rows in customers.csv\n       12 updated\n" in ended.stdout
    assert ["customers.csv"] == [path.name for path in tmp_path.iterdir()]


def test_a_dry_run_shows_what_would_be_sent(tmp_path: Path) -> None:
    """It needs no credentials, writes nothing, and escapes control characters of file names."""
    (tmp_path / "in.csv").write_text("customer_id,description\nc1,\u202ex\n,y\n", encoding="utf-8")

    ended = run_here("customers", "sync", "in.csv", "--dry-run", "--empty", "clear", cwd=tmp_path)

    assert 1 == ended.returncode
    assert 'line 2: {"customer_id":"c1","description":"\\u202ex"}\n' in ended.stdout
    assert (
        "        1 failed\n        1 would be sent (dry run: nothing was)\n  line 3: no customer_id\n" in ended.stdout
    )
    assert ["in.csv"] == [path.name for path in tmp_path.iterdir()]


def test_a_terminal_gets_a_bar(rows: Path, sandbox: Sandbox) -> None:
    """A progress bar on a terminal, and the usual summary after it."""
    ours, theirs = pty.openpty()
    shown = bytearray()
    command = [*COMMAND, "customers", "sync", rows, "--no-journal"]
    with Process(*command, env=environment(sandbox, TERM="xterm", COLUMNS="100"), stdout=theirs) as process:
        os.close(theirs)
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # how Linux says that the other end is closed
            pass
        code = process.end().returncode
    os.close(ours)

    text = shown.decode()
    assert 1 == code
    assert "━" in text
    assert "400/400" in text
    assert "400 rows in in.csv\r\n      360 updated\r\n" in text
    assert not rows.with_name("in.csv.journal").exists()
