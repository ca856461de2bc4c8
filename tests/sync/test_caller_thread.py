"""The caller's own code during a blocking job: what it raises, and what becomes of the job then."""

import asyncio
import sys
from collections.abc import Iterator
from typing import NoReturn

import pytest

from paycombat_async.batch import Progress
from paycombat_async.testing import FakeTransport
from paycombat_sync import PayCombat, UpdateCustomer, sync_customers
from paycombat_sync._caller_thread import CallerThread
from paycombat_sync._runner import Runner


@pytest.fixture(name="runner")
def _runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


def test_an_interrupt_is_raised_after_the_job_has_ended(runner: Runner) -> None:
    """A job that was cancelled has closed its files when the caller gets the KeyboardInterrupt."""
    caller: CallerThread[None] = CallerThread()
    has_ended: list[bool] = []

    async def job() -> None:
        try:
            await caller.run_in_caller(interrupt)
        finally:
            await asyncio.sleep(0.1)
            has_ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        caller.run(runner, job)

    assert [True] == has_ended


def test_an_interrupt_before_the_job_has_started_is_raised(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no job to cancel, and no error about that replaces the KeyboardInterrupt."""
    caller: CallerThread[None] = CallerThread()

    def interrupted(*_args: object) -> NoReturn:
        monkeypatch.undo()
        raise KeyboardInterrupt

    async def job() -> None:
        """Is never started."""

    monkeypatch.setattr(runner, "run", interrupted)

    with pytest.raises(KeyboardInterrupt):
        caller.run(runner, job)


def test_an_error_of_the_callers_code_is_raised_in_the_job(runner: Runner) -> None:
    """The job may handle it, and finish in its own way."""
    caller: CallerThread[str] = CallerThread()

    def fail() -> NoReturn:
        raise LookupError("the database is gone")

    async def job() -> str:
        try:
            return await caller.run_in_caller(fail)
        except LookupError as error:
            return f"handled: {error}"

    assert "handled: the database is gone" == caller.run(runner, job)


def test_a_hook_may_close_the_client_and_exit(transport: FakeTransport) -> None:
    """Its SystemExit ends the job, and is not replaced by an error about the closed client."""
    client = PayCombat(token="snd_token", signature_key="snd_key", transport=transport)
    transport.answer(200, b'{"status": true, "data": {"customer_id": "customer_1"}}')

    def on_progress(_progress: Progress) -> NoReturn:
        client.close()
        sys.exit(3)

    with pytest.raises(SystemExit):
        sync_customers(client, [UpdateCustomer(customer_id="customer_1")], on_progress=on_progress)
