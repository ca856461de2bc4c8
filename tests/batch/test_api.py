"""`sync_customers`: every row is accounted for, whatever the provider answers."""

import asyncio
import contextlib
import json
import os
import sqlite3
import stat
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from paycombat_async import (
    AsyncPayCombat,
    Attempt,
    ConfigurationError,
    ConnectFailed,
    Disconnected,
    RawReply,
    UpdateCustomer,
)
from paycombat_async._protocol.messages import Draft
from paycombat_async.batch import BatchReport, Progress, Row, open_rows, sync_customers
from paycombat_async.batch.journal.journal import Journal, Plan, Result
from paycombat_async.batch.run import run
from paycombat_async.testing import FakeClock
from tests.batch.provider import Answer, Provider, refused, updated
from tests.processes import PATIENCE_S

ClientOf = Callable[..., AsyncPayCombat]


@pytest.fixture(name="client_of")
def _client_of(make_client: ClientOf, clock: FakeClock) -> ClientOf:
    """A factory of clients of a provider, without retries of their own."""

    def make(provider: Provider, **options: object) -> AsyncPayCombat:
        return make_client(transport=provider, **({"max_retries": 0} | options))

    return make


def updates(count: int) -> list[UpdateCustomer]:
    return [UpdateCustomer(customer_id=f"c{number}", description="x") for number in range(count)]


def only(bad: dict[str, Answer]) -> Provider:
    """A provider that succeeds except for these customers."""
    return Provider(lambda customer_id, _: bad.get(customer_id) or updated(customer_id))


def always(answer: Answer) -> Provider:
    return Provider(lambda _, __: answer)


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def counts(report: BatchReport) -> tuple[int, int, int, int, int]:
    return report.updated, report.unchanged, report.failed, report.unknown, report.pending


async def test_every_customer_is_updated_once(client_of: ClientOf) -> None:
    """Each customer gets one call with its own body, and no more than `concurrency` calls run at once."""
    provider = Provider()

    report = await sync_customers(client_of(provider), updates(500), concurrency=7)

    assert (500, 0, 0, 0, 0) == counts(report)
    assert 0 == report.exit_code
    assert {f"c{number}": 1 for number in range(500)} == provider.sent
    assert 7 == provider.most_under_way
    assert b'{"customer_id":"c3","description":"x"}' == provider.bodies["c3"]


async def test_rows_are_taken_from_any_iterable(client_of: ClientOf) -> None:
    """An async iterable is read only as fast as its rows are sent."""
    read = 0
    ahead = []

    async def rows() -> AsyncIterator[UpdateCustomer]:
        nonlocal read
        for read, update in enumerate(updates(2000), 1):
            ahead.append(read - sum(provider.sent.values()))
            yield update

    provider = Provider()

    report = await sync_customers(client_of(provider), rows(), concurrency=4)

    assert (2000, 0, 0, 0, 0) == counts(report)
    assert max(ahead) < 200


@pytest.mark.parametrize("is_async", [False, True])
async def test_others_have_their_turns_while_rows_are_read(client_of: ClientOf, is_async: bool) -> None:
    """Other tasks of the loop run in between: at most 32 rows are read in one turn."""
    turns, read_in_turn = 0, Counter[int]()

    async def something_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def rows() -> Iterator[UpdateCustomer]:
        for update in updates(2000):
            read_in_turn[turns] += 1
            yield update

    async def rows_that_never_wait() -> AsyncIterator[UpdateCustomer]:
        for update in rows():
            yield update

    other = asyncio.create_task(something_else())
    given = rows_that_never_wait() if is_async else rows()
    report = await sync_customers(client_of(Provider()), given, concurrency=64)
    other.cancel()

    assert 2000 == report.updated
    assert max(read_in_turn.values()) <= 32


async def test_a_row_of_the_wrong_kind_is_a_row_with_a_reason(client_of: ClientOf) -> None:
    """Objects of other types and invalid Structs are reported before anything of them is sent."""
    wrong = UpdateCustomer(customer_id="c9", description=7)

    report = await sync_customers(client_of(Provider()), [*updates(1), {"customer_id": "c"}, wrong])

    assert (1, 0, 2, 0, 0) == counts(report)
    assert 1 == report.exit_code
    assert [(2, "expected an UpdateCustomer, got dict"), (3, "description: expected `str`, got `int`")] == [
        (failure.line, failure.reason) for failure in report.failures
    ]


async def test_what_was_written_down_is_what_is_sent(client_of: ClientOf) -> None:
    """A row is encoded when it is read: the caller may change the same dict for the next row."""
    provider, metadata = Provider(), {"place": ""}

    def rows() -> Iterator[UpdateCustomer]:
        for number in range(3):
            metadata["place"] = f"row {number}"
            yield UpdateCustomer(customer_id=f"c{number}", metadata=metadata)

    await sync_customers(client_of(provider), rows())

    assert b'{"customer_id":"c1","metadata":{"place":"row 1"}}' == provider.bodies["c1"]


async def test_a_dry_run_finds_what_constructors_let_pass() -> None:
    """A dry run reports invalid Structs, which constructors do not check."""
    wrong = UpdateCustomer(customer_id="c0", description=7)

    report = await sync_customers(None, [wrong, *updates(2)[1:]], dry_run=True)

    assert (0, 0, 1, 0, 1) == counts(report)


@pytest.mark.parametrize(
    ("answer", "expected", "exit_code"),
    [
        (refused(404, "no customer"), (4, 0, 1, 0, 0), 1),
        (refused(422), (4, 0, 1, 0, 0), 1),
        (refused(403), (4, 0, 1, 0, 0), 1),
        (refused(500), (4, 0, 0, 1, 0), 3),
        (Disconnected("the connection broke"), (4, 0, 0, 1, 0), 3),
        (RawReply(200, {}, b"<html>"), (4, 0, 0, 1, 0), 3),
        (RawReply(200, {}, b'{"success":true,"status_code":200,"data":[]}'), (5, 0, 0, 0, 0), 0),
        (refused(429), (4, 0, 1, 0, 0), 1),
        (ConnectFailed("no connection"), (4, 0, 1, 0, 0), 1),
    ],
    ids=["404", "422", "403", "500", "disconnect", "not json", "applied", "429", "connect"],
)
async def test_one_rows_trouble_is_its_own(
    client_of: ClientOf, answer: Answer, expected: tuple[int, ...], exit_code: int
) -> None:
    """The outcome of the error decides the state of the row; the other rows continue."""
    report = await sync_customers(client_of(only({"c2": answer})), updates(5), concurrency=1)

    assert expected == counts(report)
    assert exit_code == report.exit_code
    assert ["c2"] * (report.failed + report.unknown) == [failure.customer_id for failure in report.failures]


@pytest.mark.promise("P7")
async def test_the_providers_words_are_shown_and_not_kept(client_of: ClientOf, tmp_path: Path) -> None:
    """The provider's message is in the report, and not in the journal: it may quote personal data."""
    provider = only({"c1": refused(422, "no such city: Sëoul \x1b[31m")})

    report = await sync_customers(client_of(provider), updates(2), journal=tmp_path / "j")

    assert report.failures[0].reason.endswith("(no such city: Sëoul \\x1b[31m)")
    assert "Sëoul".encode() not in (tmp_path / "j").read_bytes()


@pytest.mark.parametrize(
    ("answer", "exit_code", "sentence"),
    [
        (refused(401), 2, "the provider refuses these credentials"),
        (refused(403), 2, "the provider refuses these credentials"),
        (ConnectFailed("refused"), 1, "the provider cannot be reached"),
        (refused(503), 3, "the provider keeps failing"),
    ],
    ids=["401", "403", "connect", "503"],
)
@pytest.mark.parametrize("rows", [3, 500])
async def test_a_trouble_of_every_row_stops_the_run(
    client_of: ClientOf, tmp_path: Path, rows: int, answer: Answer, exit_code: int, sentence: str
) -> None:
    """Rows that were not carried out stay pending, and the next run sends them."""
    stopping = always(answer)
    journal = tmp_path / "j"

    first = await sync_customers(client_of(stopping), updates(rows), journal=journal, concurrency=4)
    second = await sync_customers(client_of(Provider()), updates(rows), journal=journal, concurrency=4)

    assert sum(stopping.sent.values()) <= 50
    assert 0 == first.updated + first.failed
    assert exit_code == first.exit_code
    assert first.stopped.startswith(sentence) or (exit_code == 3 and rows == 3)
    assert (rows, 0, 0, 0, 0) == counts(second)


async def test_good_answers_in_between_keep_a_run_going(client_of: ClientOf) -> None:
    """Only consecutive failures end a run, not their total number."""
    bad = {f"c{number}": refused(500) for number in range(0, 100, 2)}

    report = await sync_customers(client_of(only(bad)), updates(100), concurrency=4)

    assert (50, 0, 0, 50, 0) == counts(report)
    assert "" == report.stopped


async def test_results_are_committed_while_other_calls_take_their_time(
    client_of: ClientOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow call does not delay the commit of other results, which a kill would lose."""
    loop, committed, commit = asyncio.get_running_loop(), asyncio.Event(), Journal.commit

    def watched(journal: Journal, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        plans = commit(journal, results, rows)
        if results:
            loop.call_soon_threadsafe(committed.set)
        return plans

    class Slow(Provider):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            reply = await super().send(draft, timeout)
            if b'"c1"' in reply.body:
                await asyncio.wait_for(committed.wait(), PATIENCE_S)
            return reply

    monkeypatch.setattr(run, "_TICK", 0.001)
    monkeypatch.setattr(Journal, "commit", watched)

    report = await sync_customers(client_of(Slow()), updates(2), journal=tmp_path / "j")

    assert (2, 0, 0, 0, 0) == counts(report)


async def test_many_results_are_committed_without_waiting(
    client_of: ClientOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill loses no more than some 300 of them, however fast the answers come."""
    loop, committed, commit = asyncio.get_running_loop(), asyncio.Event(), Journal.commit
    found: list[int] = []

    def watched(journal: Journal, results: Sequence[Result], rows: Sequence[Row]) -> list[Plan]:
        plans = commit(journal, results, rows)
        found.append(len(results))
        if sum(found) > 351 - 300:
            loop.call_soon_threadsafe(committed.set)
        return plans

    class SlowAtLast(Provider):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            reply = await super().send(draft, timeout)
            if b'"c350"' in reply.body:  # all others are answered by then, and nothing else wants a commit
                await asyncio.wait_for(committed.wait(), PATIENCE_S)
            return reply

    monkeypatch.setattr(run, "_TICK", 3600)
    monkeypatch.setattr(Journal, "commit", watched)

    client = client_of(SlowAtLast(), max_connections=400)
    report = await sync_customers(client, updates(351), journal=tmp_path / "j", concurrency=400)

    assert (351, 0, 0, 0, 0) == counts(report)
    assert committed.is_set()


@pytest.mark.parametrize("is_async", [False, True])
async def test_rows_that_are_slow_to_come_are_sent_as_they_come(client_of: ClientOf, is_async: bool) -> None:
    """A limit inside the iterable limits: no row waits for others that are not there yet."""
    provider = Provider()

    async def slow() -> AsyncIterator[UpdateCustomer]:
        for number, update in enumerate(updates(50)):
            while provider.sent.total() < number:  # noqa: ASYNC110  # the provider has no event
                await asyncio.sleep(0)
            yield update

    def slow_to_read() -> Iterator[UpdateCustomer]:
        for number, update in enumerate(updates(50)):
            ahead.append(number - provider.sent.total())
            time.sleep(0.006)
            yield update

    ahead: list[int] = []
    rows = slow() if is_async else slow_to_read()
    report = await asyncio.wait_for(sync_customers(client_of(provider), rows), PATIENCE_S)

    assert (50, 0, 0, 0, 0) == counts(report)
    assert max(ahead, default=0) <= 2


@pytest.mark.parametrize("concurrency", [1, 5])
async def test_no_more_rows_are_read_than_can_be_sent(client_of: ClientOf, concurrency: int) -> None:
    """At the first call, one row for each call, and as many again."""
    read: list[int] = []
    at_first_call: list[int] = []

    def answer(customer_id: str, _: int) -> Answer:
        if not at_first_call:
            at_first_call.append(len(read))
        return updated(customer_id)

    rows = (read.append(number) or update for number, update in enumerate(updates(200)))
    report = await sync_customers(client_of(Provider(answer)), rows, concurrency=concurrency)

    assert (200, 0, 0, 0, 0) == counts(report)
    assert concurrency <= at_first_call[0] <= 2 * concurrency


async def test_an_iterable_is_not_read_to_its_end_by_a_run_that_stops(client_of: ClientOf) -> None:
    """The rest is still there, save for the row that was waited for."""
    stop = asyncio.Event()

    async def endless() -> AsyncIterator[UpdateCustomer]:
        number = 0
        while True:
            yield UpdateCustomer(customer_id=f"c{number}", description="x")
            number += 1
            if number == 100:
                stop.set()
                await asyncio.Event().wait()

    report = await asyncio.wait_for(sync_customers(client_of(Provider()), endless(), stop=stop), PATIENCE_S)

    assert report.interrupted
    assert 100 >= report.rows >= report.updated > 0


async def test_throttled_rows_wait_and_are_sent_again(client_of: ClientOf, clock: FakeClock) -> None:
    """All workers wait for a Retry-After together, and no row fails."""
    provider = Provider(lambda customer, n: refused(429, retry_after="30") if n < 3 and customer < "c3" else updated())

    report = await sync_customers(client_of(provider, timeout=5.0), updates(9), concurrency=3)

    assert (9, 0, 0, 0, 0) == counts(report)
    assert 6 == report.throttled
    assert 30.0 in clock.slept


async def test_the_last_rows_wait_too(client_of: ClientOf, clock: FakeClock) -> None:
    """Idle workers do not send a throttled row again before its Retry-After has passed."""
    begun = clock.time
    provider = Provider(
        lambda customer, _: refused(429, retry_after="30") if clock.time < begun + 30 else updated(customer)
    )

    report = await sync_customers(client_of(provider, timeout=5.0), updates(3), concurrency=64)

    assert (3, 0, 0, 0, 0) == counts(report)
    assert {"c0": 2, "c1": 2, "c2": 2} == provider.sent


async def test_calls_at_once_halve_on_429(client_of: ClientOf) -> None:
    """A 429 that the client itself retries slows the run down, too."""
    running: list[int] = []

    def answer(customer_id: str, n: int) -> Answer:
        running.append(provider.under_way + 1)
        return refused(429) if customer_id == "c0" and n == 1 else updated()

    provider = Provider(answer)

    report = await sync_customers(client_of(provider, max_retries=1), updates(12), concurrency=8)

    assert (1, 1) == (report.throttled, report.retried)
    assert 8 == max(running)
    assert max(running[-2:]) <= 5


async def test_a_hook_of_the_client_is_still_told(client_of: ClientOf) -> None:
    """The client's own `on_attempt` still receives every attempt."""
    told: list[Attempt] = []

    await sync_customers(client_of(Provider(), on_attempt=told.append), updates(3))

    assert 3 == len(told)


async def test_a_finished_journal_skips_what_is_unchanged(client_of: ClientOf, tmp_path: Path) -> None:
    """After the file was edited, only its changed and new rows are sent."""
    path = tmp_path / "in.csv"
    provider = Provider()
    client = client_of(provider)
    path.write_text("customer_id,description\nc1,a\nc2,b\nc3,c\n", encoding="utf-8")
    await sync_customers(client, path, journal=tmp_path / "j")
    path.write_text("customer_id,description\nc3,c\nc0,z\nc2,changed\nc1,a\n", encoding="utf-8")

    report = await sync_customers(client, path, journal=tmp_path / "j")

    assert (2, 2, 0, 0, 0) == counts(report)
    assert {"c0": 1, "c1": 1, "c2": 2, "c3": 1} == provider.sent


async def test_rows_done_before_can_be_sent_again(client_of: ClientOf, tmp_path: Path) -> None:
    """The journal knows the file only, and not what has changed at the provider meanwhile."""
    provider = Provider()
    client = client_of(provider)
    for send_all in (False, True, False):
        report = await sync_customers(client, updates(3), journal=tmp_path / "j", send_all=send_all)

    assert (0, 3, 0, 0, 0) == counts(report)
    assert {2} == set(provider.sent.values())


@pytest.mark.parametrize("send_all", [False, True])
async def test_a_dry_run_agrees_with_the_run(client_of: ClientOf, tmp_path: Path, send_all: bool) -> None:
    """It reads the journal, and changes nothing in it."""
    path, journal = tmp_path / "in.csv", tmp_path / "j"
    client = client_of(only({"c2": refused(404)}))
    path.write_text("customer_id,description\nc1,a\nc2,b\nc3,c\n", encoding="utf-8")
    await sync_customers(client, path, journal=journal)
    path.write_text("customer_id,description\nc1,a\nc2,b\nc3,new\nc3,x\nc4,\nc4,d\nc1,a\n", encoding="utf-8")
    before = journal.read_bytes()

    dry = await sync_customers(client, path, journal=journal, send_all=send_all, dry_run=True)
    unknown_account = await sync_customers(None, path, journal=journal, send_all=send_all, dry_run=True)
    assert before == journal.read_bytes()
    real = await sync_customers(client, path, journal=journal, send_all=send_all)

    assert (dry.unchanged, dry.pending) == (real.unchanged, real.updated + 1)  # c2 is refused
    assert (2 if send_all else 3, 4 if send_all else 3) == (dry.unchanged, dry.pending)
    assert counts(dry) == counts(unknown_account)
    with pytest.raises(ConfigurationError, match="belongs to another account"):
        await sync_customers(client_of(Provider(), token="snd_x"), path, journal=journal, dry_run=True)


async def test_a_row_with_nothing_to_change_is_not_sent(client_of: ClientOf, tmp_path: Path) -> None:
    """All of its cells are empty; it does not stand in the way of another row of the customer either."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description,type\nc1,,\nc1,x,\nc2\n", encoding="utf-8")
    provider = Provider()

    dry = await sync_customers(None, path, dry_run=True)
    report = await sync_customers(client_of(provider), path)
    bare = await sync_customers(client_of(provider), [UpdateCustomer(customer_id='a","b')])

    assert (0, 2, 0, 0, 1) == counts(dry)
    assert (1, 2, 0, 0, 0) == counts(report)
    assert (0, 1, 0, 0, 0) == counts(bare)
    assert {"c1": 1} == provider.sent


async def test_damaged_rows_are_sent_with_a_warning(client_of: ClientOf, tmp_path: Path) -> None:
    """By line and customer, and for rows that are sent only; `strict` refuses them."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description\nc1,#N/A\nc2,x\n,#N/A\n", encoding="utf-8")
    options = {"journal": tmp_path / "j"}

    dry = await sync_customers(None, path, dry_run=True)
    first = await sync_customers(client_of(Provider()), path, **options)
    second = await sync_customers(client_of(Provider()), path, **options)
    strict = await sync_customers(client_of(Provider()), open_rows(path, strict=True))

    warned = (2, "c1", "description: an error of a spreadsheet instead of a value")
    for report in (dry, first):
        assert [warned] == [(each.line, each.customer_id, each.reason) for each in report.warnings]
        assert 1 == report.damaged
    assert (2, 0, 1, 0, 0) == counts(first)
    assert 0 == second.damaged
    assert warned == (strict.failures[0].line, strict.failures[0].customer_id, strict.failures[0].reason)
    assert (1, 0, 2, 0, 0) == counts(strict)


async def test_corrections_survive_the_next_run(client_of: ClientOf, tmp_path: Path) -> None:
    """Whoever mends the failures and then runs the first file again loses nothing, and finds the new failures."""
    path, failed = tmp_path / "in.csv", tmp_path / "in.failed.csv"
    path.write_text("customer_id,description\nc1,x\n,y\n", encoding="utf-8")
    options = {"journal": tmp_path / "j", "failed": failed}
    client = client_of(Provider())

    first = await sync_customers(client, path, **options)
    again = await sync_customers(client, path, **options)
    failed.write_text("customer_id,description\nc2,y\n", encoding="utf-8")
    second = await sync_customers(client, path, **options)
    third = await sync_customers(client, path, **options)
    path.write_text("customer_id,description\nc1,x\n", encoding="utf-8")
    last = await sync_customers(client, path, **options)

    numbered = tmp_path / "in.failed-2.csv"
    assert [failed, failed, numbered, numbered, None] == [
        each.failures_file for each in (first, again, second, third, last)
    ]
    assert "customer_id,description\nc2,y\n" == failed.read_text("utf-8")
    assert ["in.csv", "in.failed.csv", "j"] == names_in(tmp_path)


async def test_without_a_journal_no_file_is_known_to_be_unchanged(client_of: ClientOf, tmp_path: Path) -> None:
    """So each run writes a file of its own."""
    rows = [UpdateCustomer(customer_id="")]

    files = [(await sync_customers(client_of(Provider()), rows, failed=tmp_path / "f.jsonl")) for _ in range(2)]

    assert [tmp_path / "f.jsonl", tmp_path / "f-2.jsonl"] == [report.failures_file for report in files]


async def test_a_customer_twice_in_the_input_is_a_reported_row(client_of: ClientOf) -> None:
    """Also without a journal and far apart; an exact repetition counts as unchanged."""
    rows = updates(300)

    report = await sync_customers(
        client_of(Provider()), [*rows, UpdateCustomer(customer_id="c0", description="other"), rows[1]]
    )

    assert (300, 1, 1, 0, 0) == counts(report)
    assert (301, "customer appears twice, first on line 1") == (report.failures[0].line, report.failures[0].reason)


async def test_the_failures_file_lists_what_failed(client_of: ClientOf, tmp_path: Path) -> None:
    """It contains invalid, refused and unknown rows, and can be synced itself."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description\nc1,a\n,b\nc3,c\nc4,d\n", encoding="utf-8")
    failed = tmp_path / "in.failed.csv"

    report = await sync_customers(
        client_of(only({"c3": refused(404), "c4": refused(500)})), path, failed=failed, concurrency=1
    )
    lines = failed.read_text("utf-8").splitlines()
    again = await sync_customers(client_of(Provider()), failed, failed=tmp_path / "again.csv")

    assert failed == report.failures_file
    assert 0o600 == stat.S_IMODE(failed.stat().st_mode)
    assert ["_line,_error,customer_id,description", "3,no customer_id,,b"] == lines[:2]
    assert ["4", "5"] == [line.split(",")[0] for line in lines[2:]]
    assert (2, 0, 1, 0, 0) == counts(again)


async def test_progress_ends_with_every_row(client_of: ClientOf) -> None:
    """The last progress has the same counts as the report."""
    told: list[Progress] = []

    report = await sync_customers(client_of(Provider()), updates(300), on_progress=told.append)

    assert sorted(told, key=lambda progress: progress.settled) == told
    assert (300, 300) == (told[-1].rows, told[-1].settled)
    assert report.updated == told[-1].updated


async def test_a_dry_run_sends_nothing_and_needs_no_client(tmp_path: Path) -> None:
    """Rows that would be sent are pending, and invalid ones are reported."""
    path = tmp_path / "in.csv"
    path.write_text("customer_id,description\nc1,a\n,b\nc1,a\nc1,c\nc2,d\n", encoding="utf-8")

    report = await sync_customers(None, path, dry_run=True)

    assert (0, 1, 2, 0, 2) == counts(report)
    assert ["in.csv"] == names_in(tmp_path)


@pytest.mark.promise("P15")
async def test_stop_finishes_what_is_under_way(client_of: ClientOf, tmp_path: Path) -> None:
    """After `stop`, calls under way finish; the next run sends exactly the other rows."""
    stop = asyncio.Event()

    def answer(customer_id: str, _: int) -> Answer:
        if customer_id == "c50":
            stop.set()
        return updated(customer_id)

    provider = Provider(answer)
    client = client_of(provider)

    first = await sync_customers(client, updates(500), journal=tmp_path / "j", concurrency=4, stop=stop)
    second = await sync_customers(client, updates(500), journal=tmp_path / "j", concurrency=4)

    assert 130 == first.exit_code
    assert 50 < first.updated < 60
    assert 0 == first.failed + first.unknown
    assert (500 - first.updated, first.updated, 0, 0, 0) == counts(second)
    assert {1} == set(provider.sent.values())


async def test_a_run_that_is_stopped_early_does_not_judge_a_shared_failure(client_of: ClientOf) -> None:
    """Every row so far was throttled, but not every row was read: those stay pending, and nobody is blamed."""
    stop, tries = asyncio.Event(), 6

    async def rows() -> AsyncIterator[UpdateCustomer]:
        for update in updates(64):
            yield update
        await asyncio.Event().wait()

    def answer(_: str, __: int) -> Answer:
        if sum(provider.sent.values()) == 64 * tries:
            stop.set()
        return refused(429)

    provider = Provider(answer)
    report = await sync_customers(client_of(provider), rows(), concurrency=4, stop=stop)

    assert {tries} == set(provider.sent.values())
    assert ("", 130, 64) == (report.stopped, report.exit_code, report.pending)


@pytest.mark.promise("P15")
async def test_a_row_put_back_in_doubt_is_unknown_when_the_run_stops(client_of: ClientOf, tmp_path: Path) -> None:
    """Its first attempt was lost, the second throttled: that it was not sent again does not mean that it was not sent.

    A throttled row whose attempts were all refused was certainly not carried out.
    """
    stop, both = asyncio.Event(), set[str]()

    def answer(customer_id: str, attempt: int) -> Answer:
        if customer_id == "c0" and attempt == 1:
            return Disconnected("the connection broke")
        both.add(customer_id)
        if len(both) == 2:
            stop.set()
        return refused(429)

    client = client_of(Provider(answer), max_retries=1)
    failed = tmp_path / "failed.jsonl"
    report = await sync_customers(client, updates(2), journal=tmp_path / "j", failed=failed, concurrency=2, stop=stop)

    assert (0, 0, 0, 1, 1) == counts(report)
    assert ["c0"] == [failure.customer_id for failure in report.failures]
    assert ["c0"] == [json.loads(line)["customer_id"] for line in failed.read_text(encoding="utf-8").splitlines()]
    with contextlib.closing(sqlite3.connect(tmp_path / "j")) as journal:
        assert [("c0", "unknown"), ("c1", "new")] == journal.execute("SELECT customer, state FROM row").fetchall()


@pytest.mark.promise("P15")
@pytest.mark.parametrize(
    "last",
    [refused(404), refused(401), refused(429), ConnectFailed("no connection")],
    ids=["404", "401", "429", "away"],
)
@pytest.mark.parametrize("is_shared", [False, True], ids=["one row", "every row"])
async def test_a_row_that_was_in_doubt_once_is_never_failed_or_pending(
    client_of: ClientOf, tmp_path: Path, last: Answer, is_shared: bool
) -> None:
    """Its first call was lost, and then throttled: whatever comes after that, the first may have been carried out."""

    def answer(customer_id: str, attempt: int) -> Answer:
        if customer_id == "c0":
            return {1: Disconnected("the connection broke"), 2: refused(429)}.get(attempt, last)
        return last if is_shared else updated(customer_id)

    client = client_of(Provider(answer), max_retries=1)
    report = await sync_customers(client, updates(2), journal=tmp_path / "j", concurrency=1)

    assert 1 == report.unknown
    assert 3 == report.exit_code
    assert ["c0"] == [failure.customer_id for failure in report.failures if failure.customer_id == "c0"]
    with contextlib.closing(sqlite3.connect(tmp_path / "j")) as journal:
        assert [("unknown",)] == journal.execute("SELECT state FROM row WHERE customer = 'c0'").fetchall()


@pytest.mark.promise("P15")
async def test_a_row_that_was_in_doubt_and_is_carried_out_is_updated(client_of: ClientOf, tmp_path: Path) -> None:
    """The doubt is over."""

    def answer(customer_id: str, attempt: int) -> Answer:
        return {1: Disconnected("the connection broke"), 2: refused(429)}.get(attempt, updated(customer_id))

    client = client_of(Provider(answer), max_retries=1)
    report = await sync_customers(client, updates(2), journal=tmp_path / "j", concurrency=1)

    assert (2, 0, 0, 0, 0) == counts(report)
    assert () == report.failures


async def test_failures_are_in_the_order_of_the_lines(client_of: ClientOf) -> None:
    """Whatever the order in which the calls ended; with many, the first lines are kept."""

    class Backwards(Provider):
        async def send(self, draft: Draft, timeout: float) -> RawReply:
            number = int(json.loads(draft.body or b"{}")["customer_id"][1:])
            for _ in range(100 - number):
                await asyncio.sleep(0)
            return refused(422)

    report = await sync_customers(client_of(Backwards()), updates(60), concurrency=60)

    assert 60 == report.failed
    assert list(range(1, 21)) == [failure.line for failure in report.failures]


@pytest.mark.promise("P15")
async def test_a_cancelled_run_leaves_its_journal_in_order(client_of: ClientOf, tmp_path: Path) -> None:
    """Calls under way become unknown and are sent again by the next run; done rows are not."""
    started = asyncio.Event()

    class Stuck(Provider):
        async def send(self, draft: object, timeout: float) -> RawReply:
            reply = await super().send(draft, timeout)
            if sum(self.sent.values()) > 30:
                started.set()
                await asyncio.Event().wait()
            return reply

    stuck, told = Stuck(), list[Progress]()
    task = asyncio.create_task(
        sync_customers(client_of(stuck), updates(200), journal=tmp_path / "j", concurrency=4, on_progress=told.append)
    )
    await asyncio.wait([task, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    provider = Provider()
    report = await sync_customers(client_of(provider), updates(200), journal=tmp_path / "j", concurrency=4)

    done = told[-1].updated
    assert 0 < told[-1].unknown <= 4
    assert (200 - done, done, 0, 0, 0) == counts(report)


async def test_a_file_spoilt_during_the_run_stops_it(client_of: ClientOf, tmp_path: Path) -> None:
    """Rows read before the file became unreadable are settled; the others stay pending."""
    path = tmp_path / "in.csv"
    good = "customer_id,description\n" + "".join(f"c{number},{'x' * 200}\n" for number in range(2000))
    path.write_text(good, encoding="utf-8")

    def answer(customer_id: str, _: int) -> Answer:
        path.write_bytes(good.encode()[:200_000] + b"\xff" * 100_000)
        return updated(customer_id)

    report = await sync_customers(client_of(Provider(answer)), path, concurrency=2)

    assert "in.csv can no longer be read (UnicodeDecodeError); was it changed meanwhile?" == report.stopped
    assert 1 == report.exit_code
    assert 2000 == report.updated + report.pending
    assert report.updated > 0


async def test_a_client_that_is_closed_stops_the_run(client_of: ClientOf) -> None:
    """The run stops as misconfigured, and its rows stay pending instead of failing."""
    client = client_of(Provider())
    await client.aclose()

    report = await sync_customers(client, updates(3))

    assert (0, 0, 0, 0, 3) == counts(report)
    assert 2 == report.exit_code


async def test_an_error_of_the_callers_own_comes_through(client_of: ClientOf, tmp_path: Path) -> None:
    """An exception of the caller's iterable is raised as it is, after the journal was closed."""

    def rows() -> Iterator[UpdateCustomer]:
        yield from updates(200)
        raise LookupError("the database went away")

    with pytest.raises(LookupError, match="the database went away"):
        await sync_customers(client_of(Provider()), rows(), journal=tmp_path / "j")
    report = await sync_customers(client_of(Provider()), updates(200), journal=tmp_path / "j")

    assert (200, 0) == (report.updated + report.unchanged, report.failed)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"concurrency": 0}, "concurrency must be 1 or more"),
        ({"rate": 0}, "rate must be from 0.001 to 1,000,000 calls per second"),
        ({"rate": float("nan")}, "rate must be from 0.001 to 1,000,000 calls per second"),
        ({}, "only a dry run can be done without a client"),
    ],
    ids=["concurrency", "rate", "nan", "client"],
)
async def test_settings_that_cannot_work_are_refused(options: dict[str, float], sentence: str) -> None:
    """Invalid arguments raise `ConfigurationError` before any row is read."""
    with pytest.raises(ConfigurationError, match=sentence):
        await sync_customers(None, updates(1), **options)


async def test_the_journal_is_bound_to_the_account(client_of: ClientOf, tmp_path: Path) -> None:
    """Another token or base URL is another account; the journal does not contain the token."""
    await sync_customers(client_of(Provider()), updates(1), journal=tmp_path / "j")

    for other in ({"token": "snd_other"}, {"base_url": "http://127.0.0.1:1"}):
        provider = Provider()
        with pytest.raises(ConfigurationError, match=r"belongs to another (account|address)"):
            await sync_customers(client_of(provider, **other), updates(1), journal=tmp_path / "j")
        assert not provider.sent
    assert b"snd_" not in (tmp_path / "j").read_bytes()


async def test_a_named_account_keeps_its_journal_when_its_token_is_replaced(
    client_of: ClientOf, tmp_path: Path
) -> None:
    """A dry run says the same, also without a client."""
    await sync_customers(client_of(Provider()), updates(2), journal=tmp_path / "j", account="shop-eu")
    client = client_of(Provider(), token="snd_new")

    named = {"journal": tmp_path / "j", "account": "shop-eu"}
    dry = [await sync_customers(given, updates(2), **named, dry_run=True) for given in (client, None)]
    report = await sync_customers(client, updates(2), **named)

    assert [(0, 2, 0, 0, 0)] * 3 == [counts(found) for found in (*dry, report)]
    with pytest.raises(ConfigurationError, match="another account: shop-eu, and this run is for shop-us"):
        await sync_customers(None, updates(2), journal=tmp_path / "j", account="shop-us", dry_run=True)
    with pytest.raises(ConfigurationError, match="account"):
        await sync_customers(client, updates(2), account="")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse such a name")
async def test_a_file_whose_name_is_not_utf_8_has_a_journal(client_of: ClientOf, tmp_path: Path) -> None:
    """As after unpacking an archive of an old system; files whose names differ in such a byte are different inputs."""
    one, other = (tmp_path / os.fsdecode(name) for name in (b"Kunden-\xe4.csv", b"Kunden-\xf6.csv"))
    for path in (one, other):
        path.write_text("customer_id,description\nc1,x\n", encoding="utf-8")

    first, again = [await sync_customers(client_of(Provider()), one, journal=tmp_path / "j") for _ in range(2)]

    assert [(1, 0, 0, 0, 0), (0, 1, 0, 0, 0)] == [counts(first), counts(again)]
    with pytest.raises(ConfigurationError, match=r"another input, Kunden-\\udce4\.csv"):
        await sync_customers(client_of(Provider()), other, journal=tmp_path / "j")


@pytest.mark.parametrize(
    "answer", [refused(401), refused(403), ConnectFailed("refused")], ids=["401", "403", "connect"]
)
@pytest.mark.parametrize("rows", [3, 500])
async def test_a_run_that_sent_nothing_does_not_bind_its_journal(
    client_of: ClientOf, tmp_path: Path, rows: int, answer: Answer
) -> None:
    """After a wrong token or address, the right ones go on with the same journal, as the advice says."""
    wrong = client_of(always(answer), token="snd_wrong", base_url="http://127.0.0.1:1")

    await sync_customers(wrong, updates(rows), journal=tmp_path / "j")
    report = await sync_customers(client_of(Provider()), updates(rows), journal=tmp_path / "j")

    assert (rows, 0, 0, 0, 0) == counts(report)


async def test_no_more_calls_run_at_once_than_the_client_has_connections(client_of: ClientOf) -> None:
    """A call waiting for a connection would count as sent, and its deadline would run."""
    provider = Provider()

    report = await sync_customers(client_of(provider, max_connections=3), updates(50), concurrency=200)

    assert (50, 3) == (report.updated, provider.most_under_way)
