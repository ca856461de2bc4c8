"""What the batch runs of a file leave behind, life after life: arrivals, the journal, the provider's own state."""

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from paycombat_async._json.canonical import canonical_json
from paycombat_async.batch import Row, open_rows
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.arrivals import Arrival
from tests.chaos.process_pool import UPDATE, drain_sockets

STATES = {"new", "sending", "done", "failed", "unknown"}
NO_ID, NOBODY = 41, 23  # every so many rows one without an id, and one of a customer that the provider does not know

Known = dict[str, tuple[str, str]]  # by customer: the digest of its content, and its state


@dataclass
class Tally:
    """What was counted, and what must not have been."""

    kills: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    arrivals: Counter[str] = field(default_factory=Counter)
    resumed: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            self.wrong.append(what)


class Story:
    """One file and its journal, through as many processes as it takes."""

    def __init__(self, sandbox: Sandbox, rows: Path, tally: Tally) -> None:
        self.sandbox, self.path, self.tally = sandbox, rows, tally
        self.rows = {row.customer_id: row for row in open_rows(rows) if isinstance(row, Row)}
        self.good = {customer for customer in self.rows if "nobody" not in customer}
        self.sent: set[str] = set()
        self.known: Known = {}
        self.lives = 0

    def look(self, killed: bool) -> None:
        """After each life: what arrived, what the journal holds, and whether they fit."""
        self.lives += 1
        drain_sockets(self.sandbox)
        known = left_behind(Path(f"{self.path}.journal"), self.path.parent / "copy")
        arrived = self._arrived()
        self._check_arrivals(arrived, known)
        self._check_journal(known, killed)
        self.sent |= arrived.keys()
        self.known = known

    def _arrived(self) -> Counter[str]:
        """How often each customer's row came in this life; a repeat within it is owed to a lost answer."""
        latest = self.sandbox.arrivals.of(UPDATE)
        self.tally.expect(len(latest) == self.sandbox.arrivals.counts[UPDATE], f"{self}: arrivals were dropped")
        self.sandbox.arrivals.clear()
        ours = set(map(id, latest))
        lost = Counter(_customer(one.arrival) for one in self.sandbox.faults.applied if id(one.arrival) in ours)
        arrived: Counter[str] = Counter()
        for arrival in latest:
            self.tally.arrivals["all"] += 1
            if not arrival.body:
                self.tally.arrivals["cut off, not carried out"] += 1
                continue
            customer = _customer(arrival)
            self.tally.expect(canonical_json(self.rows[customer].request) == arrival.body, f"{self}: {customer}'s body")
            arrived[customer] += 1
        for customer, times in arrived.items():
            self.tally.arrivals["repeats after a lost answer"] += times - 1
            self.tally.expect(times <= 1 + lost[customer], f"{self}: {customer} came {times} times in one run")
        self.tally.arrivals["answers lost"] += lost.total()
        return arrived

    def _check_arrivals(self, arrived: Counter[str], known: Known) -> None:
        for customer in arrived:
            _, before = self.known.get(customer, ("", ""))
            self.tally.expect(before != "done", f"{self}: {customer} was sent again, though its result was durable")
            self.tally.expect(customer in known, f"{self}: {customer} was sent before that was written down")
            if customer in self.sent:
                self.tally.arrivals[f"repeats of rows found {before!r}"] += 1
                self.tally.expect(before != "", f"{self}: {customer} was forgotten")
            else:
                self.tally.arrivals["first"] += 1

    def _check_journal(self, known: Known, killed: bool) -> None:
        for customer, (digest, state) in known.items():
            self.tally.expect(
                digest == self.rows[customer].digest and state in STATES, f"{self}: {customer} is {state}"
            )
            if state == "done":
                self.tally.expect(self.sandbox.executions(customer) > 0, f"{self}: {customer} was never carried out")
        done = {customer for customer, (_, state) in self.known.items() if state == "done"}
        still = {customer for customer, (_, state) in known.items() if state == "done"}
        self.tally.expect(done <= still, f"{self}: {len(done - still)} durable results were forgotten")
        sending = sum(state == "sending" for _, state in known.values())
        self.tally.expect(killed or sending == 0, f"{self}: {sending} rows were left in doubt by a run that ended")

    def finish(self) -> None:
        """After the last life: every good row is carried out with its own content, and the bad ones are listed."""
        for customer, row in self.rows.items():
            _, state = self.known.get(customer, ("", "missing"))
            is_good = customer in self.good
            self.tally.expect(state == ("done" if is_good else "failed"), f"{self}: {customer} is {state}")
            if is_good:
                kept = self.sandbox._state.customers.find(customer)
                is_there = self.sandbox.executions(customer) > 0 and kept["description"] == row.request.description
                self.tally.rows["good"] += 1
                self.tally.rows["lost"] += not is_there
        # A run whose journal could not be written leaves a failures file that no later run takes for its own.
        files = sorted(self.path.parent.glob(f"{self.path.stem}.failed*.csv"), key=lambda file: file.stat().st_mtime_ns)
        failed = files[-1].read_text("utf-8").splitlines()
        total = open_rows(self.path).total
        self.tally.rows["bad"] += total - len(self.good)
        self.tally.expect(len(failed) - 1 == total - len(self.good), f"{self}: {len(failed) - 1} failures are listed")
        self.tally.expect(not Path(f"{self.path}.journal-wal").exists(), f"{self}: the log was left")

    def __str__(self) -> str:
        return f"{self.path.name}, life {self.lives}"


def left_behind(journal: Path, copy: Path) -> Known:
    """What the journal holds, read from a copy: reading mends, and that is the next run's own affair."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in journal.parent.glob(f"{journal.name}*"):
        shutil.copy(file, copy)
    if not (copy / journal.name).exists():
        return {}
    with closing(sqlite3.connect(copy / journal.name)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'row'").fetchall():
            return {}
        return {key: (body, state) for key, body, state in connection.execute("SELECT customer, body, state FROM row")}


def _customer(arrival: Arrival | None) -> str:
    return json.loads(arrival.body)["customer_id"] if arrival and arrival.body else ""


def made(sandbox: Sandbox, path: Path, rows: int) -> Path:
    """A file of rows, mixed with some that cannot be carried out, and their customers."""
    name = path.stem
    lines = ["customer_id,description"]
    for number in range(rows):
        customer = f"customer_{name}_{number}"
        customer = "" if number % NO_ID == 7 else f"nobody_{number}" if number % NOBODY == 9 else customer
        lines.append(f"{customer},row {number} of {name}")
    sandbox.add_customers(line.partition(",")[0] for line in lines[1:] if line.startswith("customer_"))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
