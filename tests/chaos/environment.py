"""Where the machine plays: a sandbox, a client, an inbox and their clocks; and what the sandbox knows for certain."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

from paycombat_async import RetryPolicy
from paycombat_async._signing import body_digest
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox.arrivals import Arrival
from paycombat_async.sandbox.faults import Fault, Mishap
from paycombat_async.sandbox.faults.names import IDLE_FAULTS, WEBHOOK_FAULTS
from paycombat_async.sandbox.faults.table import ACTIONS
from paycombat_async.sandbox.ledger import LedgerEntry, Movement
from paycombat_async.sandbox.transitions import PENDING
from paycombat_async.testing import FakeClock
from paycombat_sync import PayCombat
from paycombat_sync.webhooks import MemoryInbox, SqliteInbox
from tests.chaos.merchant import Mailbox, ModeledInbox

Step: TypeAlias = Fault | Mishap | None

TIMEOUT: Final = 0.4
CUSTOMERS: Final = 5
# After these no answer comes in time; each costs the real time-out.
HANGING: Final = frozenset({Fault.LATE_ANSWER, Fault.LENGTH_TOO_LONG, Fault.LATENCY.lasting(60)})
FAULTS: Final = (*sorted(set(Fault) - WEBHOOK_FAULTS), Fault.LATENCY.lasting(60))


class PatientClock(FakeClock):
    """Short sleeps are over at once, long ones never."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 10:
            await asyncio.Event().wait()
        await super().sleep(seconds)


class Environment:
    """Open it, and close it."""

    def __init__(self, *, opening: int, on_disk: bool, trust_429: bool, hangs: int) -> None:
        """`hangs` says how many silences it takes; others are left out, for they cost real time."""
        self._stack = ExitStack()
        self._hangs = hangs
        self.folder = Path(tempfile.mkdtemp(prefix="paycombat-machine-"))
        self._stack.callback(shutil.rmtree, self.folder)
        self.opening = Decimal(opening)
        self.clock = FakeClock()
        self.mailbox = self._stack.enter_context(Mailbox())
        url, balances = self.mailbox.receiver.url, {"AUD": opening}
        sandbox = Sandbox(customers=CUSTOMERS, balances=balances, clock=PatientClock(), webhook_url=url)
        self.sandbox = self._stack.enter_context(sandbox)
        self.options: dict[str, Any] = {
            "token": self.sandbox.token,
            "signature_key": self.sandbox.signature_key,
            "base_url": self.sandbox.base_url,
            "paths": self.sandbox.paths,
            "clock": self.clock,
            "timeout": TIMEOUT,
            "retry": RetryPolicy(trust_429=trust_429),
        }
        self.client = PayCombat(**self.options)
        inbox = SqliteInbox(self.folder / "inbox.db", clock=self.clock) if on_disk else MemoryInbox(clock=self.clock)
        self.desk = ModeledInbox(inbox, self.clock)
        self.journal = self.folder / "rows.journal"
        self.customers = list(self.sandbox.customer_ids)
        self._histories: dict[str, list[str]] = {}

    def close(self) -> None:
        self.desk.close()
        self.client.close()
        self._stack.close()

    def renew_client(self) -> None:
        self.client.close()
        self.client = PayCombat(**self.options)

    def queue_faults(self, weather: Iterable[Step]) -> None:
        """What the next requests meet, on top of what is still to come."""
        for step in weather:
            if step in HANGING:
                self._hangs -= 1
            if step not in HANGING or self._hangs >= 0:
                self.sandbox.faults.next(step)

    def settle_down(self) -> None:
        """What befalls idle connections does so now: behind the next request a stray would be its answer to anybody."""
        latest = {one.fault for one in self.sandbox.faults.applied[-3:]}
        if latest & IDLE_FAULTS:
            self.let_requests_arrive()

    def let_requests_arrive(self) -> None:
        """Gives the sandbox the turns it takes to read what was sent to it and to carry it out."""
        for _ in range(30):
            self.sandbox.drain_blocking()

    def namelessness(self) -> set[tuple[str, None]]:
        """Id and status of a success that says nothing of either, if the latest answer was one: it is drift."""
        latest = self.sandbox.faults.applied[-1:]
        return {("", None) for one in latest if one.fault is Fault.NO_IDENTITY}

    def payouts(self) -> list[LedgerEntry]:
        return [entry for entry in self.sandbox.ledger if entry.movement is Movement.PAYOUT]

    def paid_ids(self, order: str | None = None) -> list[str]:
        return [entry.id for entry in self.payouts() if order in {None, entry.reference}]

    def history(self, payout_id: str) -> list[str]:
        """The statuses of a payout so far."""
        return self._histories.setdefault(payout_id, [PENDING])

    def ends(self) -> dict[str, str]:
        """Where the payouts that moved stand."""
        return {payout_id: history[-1] for payout_id, history in self._histories.items() if len(history) > 1}

    def balance_and_sum(self) -> tuple[Decimal, Decimal]:
        """The balance, and what the ledger adds up to, at one moment."""
        ledger = self.sandbox.ledger
        with ledger._lock:
            entries, balance = ledger.entries(), ledger.balance("AUD")
        return balance, sum((entry.amount for entry in entries), Decimal(0)) if entries else self.opening

    def arrivals(self, operation: str) -> list[Arrival]:
        return self.sandbox.arrivals.of(operation)

    def throttled(self, arrivals: Iterable[Arrival]) -> int:
        """How many of these were answered with 429, untouched."""
        throttled = [one.arrival for one in self.sandbox.faults.applied if one.fault.startswith("429")]
        return sum(any(arrival is each for each in throttled) for arrival in arrivals)

    def updates(self) -> Mapping[str, int]:
        """How often each body of an update was carried out, by its digest."""
        met = [one for one in self.sandbox.faults.applied if one.fault in ACTIONS]
        lost = [one.arrival for one in met if not ACTIONS[one.fault].executes]
        arrivals = (arrival for arrival in self.arrivals("customers.update") if arrival.body)
        return Counter(body_digest(one.body) for one in arrivals if not any(one is each for each in lost))
