"""The two queues of docs/recipes, each with workers that are processes of their own."""

import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tests.postgres_server import execute
from tests.processes import ROOT, Process

RECIPES = ROOT / "docs" / "recipes"
ENDED = re.compile("succeeded in|status: Success")
# The periodic jobs of the last minute and of the next hour count as queued. Those that a test wants, it queues itself:
# a round that came by itself, at the turn of a minute, found the uncertain payout before the killed job could.
NO_ROUNDS = """
    INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp)
    SELECT job, extract(epoch FROM minute)
    FROM unnest(ARRAY['pay_open_bills', 'retry_stalled']) AS job,
        generate_series(date_trunc('minute', now()) - interval '1 minute', now() + interval '1 h', '1 minute') AS minute
"""


class Queue(Protocol):
    """A queue and its workers. `environment` is that of the workers; `now` is what a periodic job gets."""

    environment: dict[str, str]
    now: dict[str, int]

    async def prepare(self) -> None:
        """Makes what the queue needs once."""

    def start_worker(self, **more: str) -> Process:
        """Returns a worker that is ready to take jobs. `more` is added to its environment."""

    async def put(self, job: str, **arguments: object) -> None:
        """Queues a job."""

    async def bury(self) -> None:
        """What time would do: the workers that were started so far, and were killed, count as dead."""

    def kill_jobs(self, worker: Process) -> None:
        """Kills the processes of a worker's jobs, if they have processes of their own. The worker stays alive."""


class Celery:
    """docs/recipes/celery_app.py on a Redis server."""

    def __init__(self, environment: Mapping[str, str], socket: Path) -> None:
        self.environment = {**environment, "CELERY_BROKER_URL": f"redis+socket://{socket}"}
        self.now: dict[str, int] = {}

    async def prepare(self) -> None:
        """Redis needs nothing."""

    def start_worker(self, **more: str) -> Process:
        options = ("--pool", "prefork", "--concurrency", "2", "--without-mingle", "--loglevel", "INFO")
        process = start("-m", "celery", "-A", "celery_app", "worker", *options, env=self.environment | more)
        process.complaint(" ready.")
        return process

    async def put(self, job: str, **arguments: object) -> None:
        from celery import Celery as App

        with App(broker=self.environment["CELERY_BROKER_URL"], set_as_current=False) as app:
            app.send_task(f"recipes.{job}", kwargs=arguments)

    async def bury(self) -> None:
        """Nothing: the visibility timeout is short here."""

    def kill_jobs(self, worker: Process) -> None:
        for pid in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)


class Procrastinate:
    """docs/recipes/procrastinate_app.py on the database of the bills."""

    def __init__(self, environment: Mapping[str, str], dsn: str) -> None:
        from procrastinate import App, PsycopgConnector

        self.environment = dict(environment)
        self.now = {"timestamp": 0}
        self._dsn = dsn
        self._app = App(connector=PsycopgConnector(conninfo=dsn))

    async def prepare(self) -> None:
        async with self._app.open_async():
            await self._app.schema_manager.apply_schema_async()
        await execute(self._dsn, NO_ROUNDS)

    def start_worker(self, **more: str) -> Process:
        process = start(RECIPES / "procrastinate_app.py", env=self.environment | more)
        process.complaint("Starting worker on")
        return process

    async def put(self, job: str, **arguments: object) -> None:
        async with self._app.open_async():
            await self._app.configure_task(job, allow_unknown=True).defer_async(**arguments)

    async def bury(self) -> None:
        await execute(self._dsn, "UPDATE procrastinate_workers SET last_heartbeat = '-infinity'")
        await self.put("retry_stalled", **self.now)  # its minute has come

    def kill_jobs(self, worker: Process) -> None:
        """Jobs run in the worker's own process."""


def wait_for_success(worker: Process, job: str) -> None:
    """Reads what the worker writes, until it says that a job of this name has come to its end."""
    while not ((f" {job}[" in (line := worker.complaint()) or f".{job}[" in line) and ENDED.search(line)):
        assert line, "the worker has ended"


def start(*arguments: object, env: dict[str, str]) -> Process:
    # No coverage: it would start threads and open files of its own in the process.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PAYCOMBAT_"))}
    return Process(sys.executable, *arguments, env=inherited | env | {"PYTHONPATH": f"{ROOT}:{RECIPES}"})
