"""A merchant at work in any weather: client, sandbox, journal, inbox and clocks, with the ledger as the judge."""

import asyncio
from collections import Counter
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from paycombat_async import ConfigurationError, NotFound, Outcome, PayCombatError, UpdateCustomer
from paycombat_async._json.canonical import canonical_json
from paycombat_async._signing import body_digest
from paycombat_async.sandbox.faults.names import WEBHOOK_FAULTS
from paycombat_async.sandbox.records import Kind
from paycombat_async.sandbox.transitions import MOVES
from tests.calls import payout
from tests.chaos.answers import BENEFICIARY
from tests.chaos.environment import CUSTOMERS, FAULTS, Environment, Step
from tests.chaos.partial_runs import Break, row_states, run_partly
from tests.chaos.promises import Promises
from tests.chaos.soak import SOAK

_OPEN: Final = frozenset({Outcome.UNKNOWN, Outcome.APPLIED})
_places: Final = st.integers(0, 30)
_faults: Final = st.sampled_from(FAULTS)
_weather: Final = st.one_of(
    st.just(()), st.tuples(_faults), st.tuples(_faults, st.none() | _faults, st.none() | _faults)
)
_WAYS: Final = [("SUCCESS",), ("FAILED",), ("SUCCESS", "RETURNED"), ("SUCCESS", "RETURNED"), ("RETURNED",)]
_hangs: Final = st.integers(1, 3) if SOAK else st.sampled_from([0, 0, 1])
_letters: Final = st.lists(_places, max_size=5)
_muddles: Final = st.lists(st.none() | st.sampled_from(sorted(WEBHOOK_FAULTS)), max_size=3)


class Merchant(RuleBasedStateMachine):
    """Each rule is something that a user, a server or the weather does; the invariants are what the SDK promises."""

    counts: ClassVar[Counter[str]] = Counter()  # over all examples: what the rules came to

    @initialize(opening=st.sampled_from([100, 100_000]), on_disk=st.booleans(), trust_429=st.booleans(), hangs=_hangs)
    def open(self, opening: int, on_disk: bool, trust_429: bool, hangs: int) -> None:
        self.environment = Environment(opening=opening, on_disk=on_disk, trust_429=trust_429, hangs=hangs)
        self.promises = Promises()

    @rule(place=_places, amount=st.integers(1, 60), weather=_weather)
    def pay(self, place: int, amount: int, weather: tuple[Step, ...]) -> None:
        """A new order, or one more payout for an old one, because the merchant wants it."""
        order = f"order-{place % (len(self.promises.orders) + 2)}"
        bounds = self.promises.orders[order]
        bounds.asked += 1
        before = len(self.environment.arrivals("payouts.create"))
        self.environment.queue_faults(weather)
        request = payout(payout_beneficiary_param=BENEFICIARY, sender_amount=amount, order_id=order)
        try:
            made = self.environment.client.payouts.create(request)
        except PayCombatError as error:
            self.note("pay", error)
            bounds.failed(error)
            names_the_order = error.reference == (order if error.outcome in _OPEN else None)
        else:
            self.note("pay")
            bounds.succeeded()
            unnamed = {found_id for found_id, _ in self.environment.namelessness()}
            names_the_order = made.id in {*self.environment.paid_ids(order), *unnamed}
        assert names_the_order
        arrived = self.environment.arrivals("payouts.create")[before:]
        assert len(arrived) <= 1 + self.environment.throttled(arrived)
        self.environment.settle_down()

    @rule(page_size=st.none() | st.integers(1, 4), weather=_weather)
    def look_for_orders(self, page_size: int | None, weather: tuple[Step, ...]) -> None:
        """What is in the list was carried out; what was carried out for certain is in the list."""
        self.environment.queue_faults(weather)
        try:
            listed = Counter(str(found.order_id) for found in self.environment.client.payouts.list(page_size=page_size))
        except PayCombatError as error:
            self.note("list", error)
            return
        finally:
            self.environment.settle_down()
        self.note("list")
        assert listed.keys() <= self.promises.orders.keys()
        for order, bounds in self.promises.orders.items():
            assert bounds.hold(listed[order]), (order, bounds, listed)
            bounds.seen(listed[order])

    @precondition(lambda self: self.environment.paid_ids())
    @rule(place=_places, weather=_weather)
    def look_at_a_payout(self, place: int, weather: tuple[Step, ...]) -> None:
        payout_id = self.environment.paid_ids()[place % len(self.environment.paid_ids())]
        self.environment.queue_faults(weather)
        try:
            found = self.environment.client.payouts.retrieve(payout_id)
        except PayCombatError as error:
            self.note("retrieve", error)
            is_true = not isinstance(error, NotFound)
        else:
            self.note("retrieve")
            said = (payout_id, self.environment.history(payout_id)[-1])
            is_true = (found.id, found.status) in {said, *self.environment.namelessness()}
        assert is_true
        self.environment.settle_down()

    @precondition(lambda self: self.environment.paid_ids())
    @rule(place=_places, way=st.sampled_from(_WAYS), muddle=_muddles, read=_letters)
    def settle(self, place: int, way: tuple[str, ...], muddle: list[Step], read: list[int]) -> None:
        """Forward only; the webhooks about it are doubled, held back or refused now and then; some are read at once."""
        payout_id = self.environment.paid_ids()[place % len(self.environment.paid_ids())]
        history = self.environment.history(payout_id)
        self.environment.sandbox.faults.script("webhooks", muddle)
        self.environment.mailbox.receiver.statuses += [500] * max(0, place - 26)
        for status in way:
            if status not in MOVES[Kind.PAYOUT].get(history[-1], ()):
                self.refuse_to_settle(payout_id, status)
            else:
                self.environment.sandbox.settle(payout_id, status)
                history.append(status)
                self.note("settle")
        self.environment.sandbox.drain_blocking()
        self.take_in(read)

    def refuse_to_settle(self, payout_id: str, status: str) -> None:
        try:
            self.environment.sandbox.settle(payout_id, status)
        except ConfigurationError:
            return
        raise AssertionError(f"{payout_id} moved to {status}")

    @rule(place=_places, text=st.sampled_from(["", "VIP", "é\u2028", "x" * 50]), weather=_weather)
    def update(self, place: int, text: str, weather: tuple[Step, ...]) -> None:
        customer = self.environment.customers[place % CUSTOMERS]
        bounds = self.promises.customers[customer]
        before = len(self.environment.arrivals("customers.update"))
        self.environment.queue_faults(weather)
        try:
            self.environment.client.customers.update(UpdateCustomer(customer_id=customer, description=text))
        except PayCombatError as error:
            self.note("update", error)
            bounds.failed(error, len(self.environment.arrivals("customers.update")) - before)
        else:
            self.note("update")
            bounds.succeeded(len(self.environment.arrivals("customers.update")) - before)
        assert len(self.environment.arrivals("customers.update")) - before <= 3
        self.environment.settle_down()

    @rule(
        texts=st.lists(st.sampled_from("abc"), min_size=1, max_size=CUSTOMERS),
        how=st.sampled_from(["never", "stop", "cancel"]),
        after=st.integers(1, 6),
        weather=_weather,
    )
    def run_the_batch(self, texts: list[str], how: Break, after: int, weather: tuple[Step, ...]) -> None:
        """Rows that the journal called done are not sent again; those that it calls done now were carried out."""
        environment = self.environment
        rows = [
            UpdateCustomer(customer_id=name, description=text)
            for name, text in zip(environment.customers, texts, strict=False)
        ]
        digests = {row.customer_id: body_digest(canonical_json(row)) for row in rows}
        stood, executed = row_states(environment.journal), environment.updates()
        before = len(environment.arrivals("customers.update"))
        environment.queue_faults(weather)

        report = asyncio.run(run_partly(environment.options, rows, environment.journal, how, after))

        environment.let_requests_arrive()  # those of calls that were cancelled may still lie in the sockets
        arrived = Counter(body_digest(arrival.body) for arrival in environment.arrivals("customers.update")[before:])
        executed_now = Counter(environment.updates()) - Counter(executed)
        self.note("batch cancelled" if report is None else f"batch {how}")
        for name, digest in digests.items():
            assert not (stood.get(name) == (digest, "done") and arrived[digest]), "sent again although done"
            bounds = self.promises.customers[name]
            bounds.least += executed_now[digest]
            bounds.most += arrived[digest]
        for name, (digest, state) in row_states(environment.journal).items():
            assert state != "done" or environment.updates()[digest], "done, but never carried out"
            assert state not in {"new", "failed"} or not executed_now[digest], f"{state}, but carried out: {name}"
            assert state != "sending", "left in the middle"
        if report is not None:
            assert len(rows) == report.updated + report.unchanged + report.failed + report.unknown + report.pending
        environment.settle_down()

    @precondition(lambda self: self.environment.mailbox.letters)
    @rule(read=_letters)
    def take_webhooks_in(self, read: list[int]) -> None:
        self.take_in(read)

    def take_in(self, read: list[int]) -> None:
        """Any of the webhooks so far, in any order, any number of times."""
        letters = self.environment.mailbox.letters
        for place in read if letters else ():
            letter = letters[place % len(letters)]
            event = self.environment.client.webhooks.unwrap(letter.body, letter.headers)
            assert event.status in self.environment.history(str(event.id))
            self.note(f"webhook {self.environment.desk.receive(event)}")

    @rule(workers=st.lists(st.booleans(), min_size=1, max_size=4))
    def work_on_events(self, workers: list[bool]) -> None:
        """Some workers live to call their event done."""
        for to_the_end in workers:
            self.environment.desk.work(to_the_end=to_the_end)

    @rule(seconds=st.sampled_from([30.0, 61.0, 86_400.0]), anew=st.booleans(), calm=st.booleans())
    def let_time_pass(self, seconds: float, anew: bool, calm: bool) -> None:
        """Another day, perhaps with another client and better weather."""
        self.environment.clock.time += seconds
        if anew:
            self.environment.renew_client()
        if calm:
            self.environment.sandbox.faults.calm()

    @invariant()
    def money_moved_as_often_as_was_promised(self) -> None:
        for order, bounds in self.promises.orders.items():
            times = len(self.environment.paid_ids(order))
            assert bounds.hold(times), (order, bounds, times)
            assert times <= bounds.asked
        assert {entry.reference for entry in self.environment.payouts()} <= self.promises.orders.keys()

    @invariant()
    def customers_were_updated_as_often_as_was_promised(self) -> None:
        for customer, bounds in self.promises.customers.items():
            times = self.environment.sandbox.executions(customer)
            assert bounds.hold(times), (customer, bounds, times)

    @invariant()
    def the_books_add_up(self) -> None:
        balance, total = self.environment.balance_and_sum()
        assert balance == total
        assert balance >= 0

    @invariant()
    def what_waits_in_the_inbox_is_what_came_and_is_not_done(self) -> None:
        self.environment.desk.check()

    def teardown(self) -> None:
        """In the end each webhook comes once more, and the inbox knows where every payout stands."""
        if not hasattr(self, "environment"):
            return
        try:
            self.environment.sandbox.drain_blocking()
            for letter in self.environment.mailbox.letters:
                self.environment.desk.receive(self.environment.client.webhooks.unwrap(letter.body, letter.headers))
            assert self.environment.ends() == self.environment.desk.standing
        finally:
            self.environment.close()

    def note(self, what: str, error: PayCombatError | None = None) -> None:
        self.counts[f"{what}: {error.outcome}" if error else what] += 1
