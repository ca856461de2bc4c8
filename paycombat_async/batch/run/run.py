"""One run: a feeder that writes rows down before they are sent, and workers that send them and note what came of it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from paycombat_async._clock import Clock
from paycombat_async.batch.journal.journal import State
from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.chunks import Windows
from paycombat_async.batch.rows.row import BadRow, Row
from paycombat_async.batch.run.breaker import SENTENCES, Breaker, Trouble, tries_at, trouble_of
from paycombat_async.batch.run.outcomes import kept, shown, state_after
from paycombat_async.batch.run.recorder import Books
from paycombat_async.batch.run.sender import Send
from paycombat_async.batch.run.throttle import Pace
from paycombat_async.batch.run.work_queue import Backlog, Item
from paycombat_async.errors import ApiError, ConfigurationError, InvalidRequest, Outcome, PayCombatError

_CALLS_AHEAD = 4  # of each worker, when the next window is read: that takes some turns of the loop
_TICK = 0.25  # seconds between two reports of progress, and at most between a result and its commit


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes on, and who is told."""

    concurrency: int
    clock: Clock
    on_progress: Callable[[Progress], None] | None
    stop: asyncio.Event


class Run:
    """The state of one run: `execute` it once."""

    def __init__(self, send: Send, books: Books, pace: Pace, options: Options) -> None:
        self._send = send
        self._books = books
        self._pace = pace
        self._options = options
        self._begun = options.clock.monotonic()
        self._breaker = Breaker(options.concurrency)
        self._backlog = Backlog(low=_CALLS_AHEAD * options.concurrency)
        self._over = asyncio.get_running_loop().create_future()
        self._idle: set[asyncio.Task[None] | None] = set()
        self._suspects: list[tuple[Item, PayCombatError]] = []
        self._anything_passed = False
        self._open = 0
        self._fed = False
        self._stopped = ""
        self._misconfigured = False

    async def execute(self, windows: Windows) -> BatchReport:
        """Send every row. Cancelled, it notes the calls under way as unknown, closes the journal and is cancelled."""
        failed: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as group:
                workers = {group.create_task(self._work()) for _ in range(self._options.concurrency)}
                others = {group.create_task(self._feed(windows)), group.create_task(self._watch())}
                await self._until_over()
                for task in others | (workers & self._idle):
                    task.cancel()
        except BaseExceptionGroup as group_of_errors:
            failed.extend(group_of_errors.exceptions)
        finally:
            report = self._close()
        if failed:
            raise failed[0]
        return report

    async def _until_over(self) -> None:
        while not (await asyncio.wait([self._over], timeout=_TICK))[0]:
            self._tell()
            try:
                await self._books.flush()
            except ConfigurationError as error:
                self._give_up(str(error))

    async def _watch(self) -> None:
        await self._options.stop.wait()
        self._end()

    async def _feed(self, windows: Windows) -> None:
        try:
            async with aclosing(windows):
                async for window in windows:
                    await self._take(window)
                    self._tell()
                    await self._backlog.until_low()
        except ConfigurationError as error:  # the file or the journal cannot be used any longer
            self._give_up(str(error))
        self._fed = True
        self._settle_up()

    async def _take(self, window: list[Row | BadRow]) -> None:
        self._books.tally.rows += len(window)
        rows: list[Row] = []
        for row in window:
            if isinstance(row, BadRow):
                self._books.refuse(row, row.reason)
            else:
                rows.append(row)
        items: list[Item] = []
        for row, plan in zip(rows, await self._books.turn(rows), strict=True):
            if plan.skip:
                self._books.tally.unchanged += 1
            elif plan.first_line:
                self._books.refuse(row, plan.refusal)
            else:
                items.append(Item(row, plan.number))
        self._open += len(items)
        self._backlog.put(items)

    async def _work(self) -> None:
        me = asyncio.current_task()
        while not self._over.done():
            item = None if self._pace.is_slow else self._backlog.take()
            if item is None:
                item = await self._wait_for_item(me)
            try:
                reply = await self._send(item.row)
            except PayCombatError as error:
                self._met(item, error)
            except asyncio.CancelledError:
                self._note(item, State.UNKNOWN, "interrupted", "interrupted while the call was under way")
                raise
            else:
                self._went_well(item.number, reply.attempts)

    async def _wait_for_item(self, me: asyncio.Task[None] | None) -> Item:
        """An item whose time has come. Whoever waits is cancelled when the run is over, and its row is as it was."""
        self._idle.add(me)
        item = None
        while item is None:
            await self._backlog.until_not_empty()
            await self._pace.until_allowed()
            item = self._backlog.take()
        await self._pace.until_due()
        self._idle.discard(me)
        return item

    def _went_well(self, number: int, attempts: int) -> None:
        if attempts > 1:
            self._books.tally.retried += 1
        self._passed()
        if self._pace.is_slow:
            self._pace.went_well()
        self._books.carried_out(number)
        self._open -= 1
        self._settle_up()

    def _met(self, item: Item, error: PayCombatError) -> None:
        """Decide what a failed call means: for its row, and for the run."""
        self._books.tally.retried += error.attempts > 1
        if isinstance(error, ConfigurationError):
            self._give_up(str(error), misconfigured=True)
            return
        if isinstance(error, ApiError) and error.retry_after is not None:
            self._pace.hold(error.retry_after)
        trouble = trouble_of(error)
        if self._breaker.met(trouble):
            self._give_up(SENTENCES[trouble], misconfigured=trouble is Trouble.REFUSED)
        if item.tries < tries_at(trouble, anything_passed=self._anything_passed):
            self._put_back(item, error)
        elif trouble in (Trouble.THROTTLED, Trouble.UNREACHABLE, Trouble.REFUSED):
            self._suspects.append((item, error))  # no fault of the row's own, if every row meets it
            self._settle_up()
        else:
            if trouble is Trouble.OWN and not isinstance(error, InvalidRequest):
                self._passed()
            self._judge(item, error)

    def _put_back(self, item: Item, error: PayCombatError) -> None:
        if not isinstance(error, ApiError) or error.retry_after is None:
            self._pace.hold(0.5 * 2**item.tries)
        item.tries += 1
        if error.outcome is Outcome.UNKNOWN:
            self._books.doubt(item.number)
        self._backlog.put([item])

    def _passed(self) -> None:
        self._anything_passed = True
        self._breaker.passed()
        if self._suspects:
            suspects, self._suspects = self._suspects, []
            for item, error in suspects:
                self._judge(item, error)

    def _judge(self, item: Item, error: PayCombatError) -> None:
        self._note(item, state_after(error), kept(error), shown(error))

    def _note(self, item: Item, state: State, reason: str, reason_shown: str) -> None:
        try:
            self._books.settle(item.number, item.row, state, kept=reason, shown=reason_shown)
        except ConfigurationError as error:  # the failures file cannot be written any longer; the journal knows the row
            self._give_up(str(error))
        self._open -= 1
        self._settle_up()

    def _settle_up(self) -> None:
        """End the run once nothing is left but rows that met a trouble which may be everybody's."""
        if self._fed and self._open == len(self._suspects):
            self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _give_up(self, sentence: str, *, misconfigured: bool = False) -> None:
        self._stopped = self._stopped or sentence
        self._misconfigured = self._misconfigured or misconfigured
        self._end()

    def _tell(self) -> None:
        if self._options.on_progress is not None:
            self._options.on_progress(self._books.tally.progress(self._elapsed()))

    def _elapsed(self) -> float:
        return self._options.clock.monotonic() - self._begun

    def _close(self) -> BatchReport:
        self._judge_suspects()
        failures_file, problem = self._books.close()
        self._tell()
        tally = self._books.tally
        return BatchReport.of(
            tally.progress(self._elapsed()),
            failures=tally.failures,
            failures_file=failures_file,
            stopped=self._stopped or problem,
            misconfigured=self._misconfigured,
            interrupted=self._options.stop.is_set(),
        )

    def _judge_suspects(self) -> None:
        """Rows set aside stay pending if the whole run met their trouble; in a run that came to its end they failed."""
        came_to_its_end = self._fed and self._open == len(self._suspects) and not self._stopped
        if not self._suspects or not came_to_its_end:
            return
        if self._anything_passed:
            self._passed()
        else:
            trouble = trouble_of(self._suspects[-1][1])
            self._give_up(SENTENCES[trouble], misconfigured=trouble is Trouble.REFUSED)
