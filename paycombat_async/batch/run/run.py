"""One run: a task that reads rows and records them in the journal before they are sent, and workers that send them."""

import asyncio
from collections.abc import Callable
from functools import partial

from paycombat_async._engine.observed import ObservedClient
from paycombat_async.batch.report import BatchReport, Progress
from paycombat_async.batch.rows.reader import RowReader
from paycombat_async.batch.run.failures import (
    MESSAGES,
    Breaker,
    FailureKind,
    display_reason,
    failure_kind,
    journal_reason,
    max_tries,
    state_after,
)
from paycombat_async.batch.run.pace import ReadingPace
from paycombat_async.batch.run.recording import Recorder
from paycombat_async.batch.run.throttle import Throttle
from paycombat_async.batch.run.work_queue import Item, WorkQueue
from paycombat_async.endpoints import UPDATE_CUSTOMER
from paycombat_async.errors import ApiError, ConfigurationError, InvalidRequest, Outcome, PayCombatError, StoreFailed

_TICK = 0.25  # seconds between two progress reports, and the longest time from a result to its commit


class Run:
    """One run over the rows of an input. `execute` may be called only once."""

    def __init__(
        self,
        client: ObservedClient,
        recorder: Recorder,
        throttle: Throttle,
        on_progress: Callable[[Progress], None] | None,
        stop: asyncio.Event,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._throttle = throttle
        self._on_progress = on_progress
        self._stop = stop
        self._begun = client.clock.monotonic()
        self._breaker = Breaker(throttle.workers)
        self._queue = WorkQueue()
        self._over = asyncio.get_running_loop().create_future()
        self._idle: set[asyncio.Task[None] | None] = set()
        # Rows whose calls failed for a cause outside the row, such as a refused token or a network cut, with their
        # errors. These rows wait until it is clear whether every row of the run fails.
        self._suspects: list[tuple[Item, PayCombatError]] = []
        self._anything_passed = False
        self._unfinished = 0
        self._input_exhausted = False
        self._stopped = ""
        self._misconfigured = False

    async def execute(self, reader: RowReader, on_report: Callable[[BatchReport], None]) -> BatchReport:
        """Sends every row, calls `on_report` with the report, and returns the report.

        When cancelled, it records the calls under way as unknown, closes the journal, calls `on_report` with the report
        and raises `CancelledError`. An error of the caller's iterable or callback is raised after the same steps.
        """
        failed: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as group:
                workers = {group.create_task(self._work()) for _ in range(self._throttle.workers)}
                watchers = (self._feed(reader), self._watch(), self._commit_many())
                others = {group.create_task(watcher) for watcher in watchers}
                await self._until_over()
                # A worker that is making a call is not cancelled, because it ends by itself after the call.
                for task in others | (workers & self._idle):
                    task.cancel()
        except BaseExceptionGroup as group_of_errors:
            failed.extend(group_of_errors.exceptions)
        finally:
            report = await self._close()
            on_report(report)
        if failed:
            raise failed[0]
        return report

    async def _until_over(self) -> None:
        while not (await asyncio.wait([self._over], timeout=_TICK))[0]:
            self._report_progress()
            await self._flush()

    async def _commit_many(self) -> None:
        while not self._over.done():  # without this check, a commit that fails immediately would be repeated for ever
            await self._recorder.until_many()
            await self._flush()

    async def _flush(self) -> None:
        try:
            await self._recorder.flush()
        except (ConfigurationError, StoreFailed) as error:
            self._abort(str(error), misconfigured=isinstance(error, StoreFailed))
        if (is_lost := self._recorder.take_lost()) is not None:
            self._drop(is_lost)

    def _drop(self, is_lost: Callable[[int], bool]) -> None:
        """Drops the rows that another machine has taken over, unless they are being sent."""
        kept = [(item, error) for item, error in self._suspects if not is_lost(item.number)]
        self._unfinished -= len(self._suspects) - len(kept) + self._queue.drop(is_lost)
        self._suspects = kept
        self._finish_if_done()

    async def _watch(self) -> None:
        await self._stop.wait()
        self._end()

    async def _feed(self, reader: RowReader) -> None:
        pace = ReadingPace(self._throttle.workers, self._client.clock)
        try:
            while chunk := await reader.take(pace.rows):
                items = await self._recorder.plan(chunk)
                self._unfinished += len(items)
                self._queue.put(items)
                self._report_progress()
                await self._queue.until_low(pace.low)
                pace.adapt(len(chunk))
        except (ConfigurationError, StoreFailed) as error:  # the input is unreadable, or the journal cannot be written
            self._abort(str(error), misconfigured=isinstance(error, StoreFailed))
        finally:
            await reader.aclose()
        self._input_exhausted = True
        self._finish_if_done()

    async def _work(self) -> None:
        me = asyncio.current_task()
        while not self._over.done():
            item = None if self._throttle.is_slow else self._queue.take()
            if item is None:
                try:
                    item = await self._wait_for_item(me)
                except StoreFailed as error:  # the limiter's database failed; the row was not sent, and stays pending
                    self._abort(str(error), misconfigured=True)
                    return
            row = item.row
            try:
                reply = await self._client.send(UPDATE_CUSTOMER, row.request, body=row.body)
            except PayCombatError as error:
                self._on_error(item, error)
            except asyncio.CancelledError:
                self._record(partial(self._recorder.mark_interrupted, item.number, item.row))
                raise
            else:
                self._on_success(item.number, reply.attempts)

    async def _wait_for_item(self, me: asyncio.Task[None] | None) -> Item:
        """Returns the next row as soon as the throttle allows a call. Raises any error of the limiters.

        When the run is over, a worker that waits here is cancelled. A row that the worker has already taken from the
        queue was not sent, and stays pending.
        """
        self._idle.add(me)
        item = None
        while item is None:
            await self._queue.until_not_empty()
            await self._throttle.acquire_slot()
            item = self._queue.take()
        await self._throttle.wait_for_rate()
        self._idle.discard(me)
        return item

    def _on_success(self, number: int, attempts: int) -> None:
        if attempts > 1:
            self._recorder.tally.retried += 1
        self._on_reached()
        if self._throttle.is_slow:
            self._throttle.on_success()
        self._recorder.mark_done(number)
        self._unfinished -= 1
        self._finish_if_done()

    def _on_error(self, item: Item, error: PayCombatError) -> None:
        """Decides what happens after a failed call: the row is sent again, waits in `_suspects`, or gets a final state.

        If too many consecutive calls failed for the same cause, the run stops.
        """
        self._recorder.tally.retried += error.attempts > 1
        if isinstance(error, ConfigurationError):
            self._abort(str(error), misconfigured=True)
            return
        if isinstance(error, StoreFailed):  # the database of the limiter failed before a retry of this call
            self._mark_if_unknown(item, error)
            self._abort(str(error), misconfigured=True)
            return
        if isinstance(error, ApiError) and error.retry_after is not None:
            self._throttle.hold(error.retry_after)
        kind = failure_kind(error)
        if self._breaker.on_failure(kind):
            self._abort(MESSAGES[kind], misconfigured=kind is FailureKind.REFUSED)
        if item.tries < max_tries(kind, anything_passed=self._anything_passed):
            self._put_back(item, error)
        elif kind in (FailureKind.THROTTLED, FailureKind.UNREACHABLE, FailureKind.REFUSED):
            self._mark_if_unknown(item, error)
            self._suspects.append((item, error))  # the cause may be outside the row: then every row fails
            self._finish_if_done()
        else:
            if kind is FailureKind.OWN and not isinstance(error, InvalidRequest):
                self._on_reached()
            self._judge(item, error)

    def _put_back(self, item: Item, error: PayCombatError) -> None:
        if not isinstance(error, ApiError) or error.retry_after is None:
            self._throttle.hold(0.5 * 2**item.tries)
        item.tries += 1
        self._mark_if_unknown(item, error)
        self._queue.put([item])

    def _mark_if_unknown(self, item: Item, error: PayCombatError) -> None:
        if error.outcome is Outcome.UNKNOWN:
            self._recorder.mark_unknown(item.number, item.row, journal_reason(error), display_reason(error))

    def _on_reached(self) -> None:
        """Records that the provider accepted a row, or refused a row for its content.

        After such an answer it is clear that not every row fails. Therefore each row in `_suspects` (the rows that
        failed for a cause outside the row) gets the state that its own error means.
        """
        self._anything_passed = True
        self._breaker.on_success()
        if self._suspects:
            suspects, self._suspects = self._suspects, []
            for item, error in suspects:
                self._judge(item, error)

    def _judge(self, item: Item, error: PayCombatError) -> None:
        number, row, state = item.number, item.row, state_after(error)
        reasons = {"journal_reason": journal_reason(error), "display_reason": display_reason(error)}
        self._record(lambda: self._recorder.settle(number, row, state, **reasons))

    def _record(self, record: Callable[[], None]) -> None:
        """Calls `record` to record the result of a row, and counts the row as finished."""
        try:
            record()
        except ConfigurationError as error:  # the failures file cannot be written, but the journal gets the row's state
            self._abort(str(error))
        self._unfinished -= 1
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        """Ends the run if all rows are read, and each row is finished or waits in `_suspects`."""
        if self._input_exhausted and self._unfinished == len(self._suspects):
            self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _abort(self, message: str, *, misconfigured: bool = False) -> None:
        self._stopped = self._stopped or message
        self._misconfigured = self._misconfigured or misconfigured
        self._end()

    def _progress(self) -> Progress:
        return self._recorder.tally.progress(self._client.clock.monotonic() - self._begun)

    def _report_progress(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self._progress())

    async def _close(self) -> BatchReport:
        self._judge_suspects()
        failures_file, problem = await self._recorder.close()
        self._report_progress()
        return BatchReport.of(
            self._progress(),
            failures=self._recorder.tally.failures,
            warnings=self._recorder.tally.warnings,
            failures_file=failures_file,
            stopped=self._stopped or problem,
            misconfigured=self._misconfigured,
            interrupted=self._stop.is_set(),
        )

    def _judge_suspects(self) -> None:
        """Decides the state of the rows in `_suspects`, whose calls failed for a cause outside the row.

        If the run ended early, these rows stay pending. If the provider has accepted any row, or refused any for its
        content, each of these rows gets the state that its own error means. If the provider has done neither, every row
        fails: the rows stay pending, and the report says that the run was stopped by the cause of the last error.
        """
        is_complete = self._input_exhausted and self._unfinished == len(self._suspects) and not self._stopped
        if not self._suspects or not is_complete:
            return
        if self._anything_passed:
            self._on_reached()
        else:
            kind = failure_kind(self._suspects[-1][1])
            self._abort(MESSAGES[kind], misconfigured=kind is FailureKind.REFUSED)
