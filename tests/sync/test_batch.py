"""The blocking `sync_customers`: the caller's rows and hook run in the caller's thread."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.batch import Progress
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat, UpdateCustomer, sync_customers

COUNT = 100


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.add_customers(f"customer_{number}" for number in range(COUNT))
        yield sandbox


@pytest.fixture(name="client")
def _client(sandbox: Sandbox) -> Iterator[PayCombat]:
    settings = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
    with PayCombat(**settings, paths=sandbox.paths) as client:
        yield client


def updates(number: int = COUNT) -> Iterator[UpdateCustomer]:
    return (UpdateCustomer(customer_id=f"customer_{n}", description="VIP") for n in range(number))


def test_every_customer_of_an_iterable_is_updated(client: PayCombat, sandbox: Sandbox) -> None:
    """Also with more rows than are read at a time."""
    report = sync_customers(client, updates())

    assert (COUNT, COUNT, 0) == (report.rows, report.updated, report.exit_code)
    assert {1} == {sandbox.executions(f"customer_{number}") for number in range(COUNT)}


def test_every_customer_of_a_file_is_updated(client: PayCombat, sandbox: Sandbox, tmp_path: Path) -> None:
    """With a journal, a second run sends nothing."""
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,description\ncustomer_1,VIP\ncustomer_2,VIP\nnobody,VIP\n", encoding="utf-8")
    journal = tmp_path / "journal"

    first = sync_customers(client, file, journal=journal)
    second = sync_customers(client, file, journal=journal)

    assert (2, 1, 1) == (first.updated, first.failed, first.exit_code)
    assert (0, 2) == (second.updated, second.unchanged)


def test_rows_may_come_from_the_same_client(client: PayCombat) -> None:
    """Listing customers and updating each with the same client does not deadlock."""
    rows = (UpdateCustomer(customer_id=one.customer_id, description="VIP") for one in client.customers.list())

    assert COUNT == sync_customers(client, rows).updated


def test_rows_and_progress_stay_in_the_thread_of_the_caller(client: PayCombat) -> None:
    """Objects bound to a thread, such as a database connection, are safe to use there."""
    threads: set[int] = set()

    def rows() -> Iterator[UpdateCustomer]:
        threads.add(threading.get_ident())
        yield from updates(3)

    seen: list[Progress] = []

    def on_progress(progress: Progress) -> None:
        threads.add(threading.get_ident())
        seen.append(progress)

    sync_customers(client, rows(), on_progress=on_progress)

    assert {threading.get_ident()} == threads
    assert 3 == seen[-1].updated


@pytest.mark.promise("P15")
@pytest.mark.parametrize("where", ["rows", "hook"])
def test_an_interrupt_ends_the_run_and_leaves_the_client_usable(client: PayCombat, where: str, tmp_path: Path) -> None:
    """Ctrl-C in the caller's own code cancels the job; its journal can be resumed."""

    def rows() -> Iterator[UpdateCustomer]:
        yield from updates(64)
        if where == "rows":
            raise KeyboardInterrupt
        yield from updates()

    def on_progress(_progress: Progress) -> None:
        if where == "hook":
            raise KeyboardInterrupt

    journal = tmp_path / "journal"

    with pytest.raises(KeyboardInterrupt):
        sync_customers(client, rows(), journal=journal, on_progress=on_progress)

    again = sync_customers(client, updates(), journal=journal)
    assert (COUNT, 0) == (again.updated + again.unchanged, again.exit_code)


@pytest.mark.promise("P15")
def test_an_event_stops_the_run(client: PayCombat, sandbox: Sandbox, tmp_path: Path) -> None:
    """Set by another thread, or by rows or hooks: calls under way finish, and the next run sends the rest."""
    stop, journal = threading.Event(), tmp_path / "journal"

    def rows() -> Iterator[UpdateCustomer]:
        for number, update in enumerate(updates()):
            if number >= 10:
                time.sleep(0.01)
            if sum(sandbox.executions(f"customer_{n}") for n in range(5)) == 5:
                stop.set()
            yield update

    first = sync_customers(client, rows(), journal=journal, stop=stop)
    none = sync_customers(client, updates(), journal=journal, stop=stop)
    second = sync_customers(client, updates(), journal=journal, stop=threading.Event())

    assert (130, True) == (first.exit_code, first.interrupted)
    assert COUNT > first.updated > 0
    assert 0 == first.failed + first.unknown
    assert 130 == none.exit_code
    assert COUNT == second.updated + second.unchanged
    assert not second.interrupted


def test_rows_that_are_slow_to_come_are_sent_as_they_come(client: PayCombat, sandbox: Sandbox) -> None:
    """A limit inside the iterable limits: no row waits for others that are not there yet."""

    def rows() -> Iterator[UpdateCustomer]:
        for number, update in enumerate(updates(10)):
            while sum(sandbox.executions(f"customer_{n}") for n in range(number)) < number:
                time.sleep(0.001)
            yield update

    assert 10 == sync_customers(client, rows()).updated


def test_a_row_is_what_it_was_when_it_was_read(client: PayCombat, sandbox: Sandbox) -> None:
    """The caller may change the same dict for the next row."""
    metadata = {"place": ""}

    def rows() -> Iterator[UpdateCustomer]:
        for number in range(3):
            metadata["place"] = f"row {number}"
            yield UpdateCustomer(customer_id=f"customer_{number}", metadata=metadata)

    sync_customers(client, rows())

    found = [sandbox._state.customers.find(f"customer_{number}")["metadata"] for number in range(3)]
    assert [{"place": f"row {number}"} for number in range(3)] == found


def test_the_rows_of_a_run_that_stops_may_still_be_read(client: PayCombat, sandbox: Sandbox) -> None:
    """The caller's thread is in the middle of a row when the run ends: no foreign error comes of it."""
    stop, over = threading.Event(), threading.Event()

    def rows() -> Iterator[UpdateCustomer]:
        yield from updates(1)
        while not sandbox.executions("customer_0"):
            time.sleep(0.001)
        stop.set()
        over.wait(0.5)  # meanwhile the run ends, which waits for nothing
        yield from updates(2)

    report = sync_customers(client, rows(), stop=stop)

    assert (1, True) == (report.updated, report.interrupted)


def test_an_error_of_the_rows_is_the_callers(client: PayCombat) -> None:
    """An exception of the caller's iterable is raised unchanged."""

    def rows() -> Iterator[UpdateCustomer]:
        yield from updates(3)
        raise LookupError("the database is gone")

    with pytest.raises(LookupError, match="database is gone"):
        sync_customers(client, rows())


def test_a_dry_run_needs_no_client() -> None:
    """It leaves no thread behind."""
    report = sync_customers(None, updates(3), dry_run=True)

    assert (3, 3) == (report.rows, report.pending)
    assert [] == [thread.name for thread in threading.enumerate() if thread.name == "paycombat"]


def test_without_a_client_nothing_but_a_dry_run_goes(client: PayCombat) -> None:
    """A missing or closed client gives the same message as in async code."""
    with pytest.raises(ConfigurationError, match="dry run"):
        sync_customers(None, updates(3))

    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        sync_customers(client, updates(3))
