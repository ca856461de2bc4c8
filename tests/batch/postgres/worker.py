"""One machine of a run: DSN SCHEMA ROWS LOG [SECONDS]. Writes the id of each customer that it sends to the end of LOG.

A call takes SECONDS, 4 ms without them.
Prints a line when its first call begins, and the counts of its report when the run is over.
"""

import asyncio
import json
import os
import sys

from paycombat_async import RawReply
from paycombat_async._protocol.messages import Draft
from paycombat_async.batch import PostgresJournal, sync_customers
from tests.batch.postgres.runs import client_of, counts, updates
from tests.batch.provider import Provider, refused, updated

CONCURRENCY = 16
REFUSED = "c77"


class Logged(Provider):
    """A provider that takes some seconds for each call, carries it out, and then dies with its process."""

    def __init__(self, log: str, seconds: float = 0.004) -> None:
        super().__init__(lambda customer, _: refused(400) if customer == REFUSED else updated(customer))
        self._seconds = seconds
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, draft: Draft, timeout: float) -> RawReply:
        if not self.sent:
            print("sending", flush=True)  # noqa: T201  # read by the test
        reply = await super().send(draft, timeout)
        os.write(self._log, f"{json.loads(draft.body or b'{}')['customer_id']}\n".encode())
        await asyncio.sleep(self._seconds)
        return reply


async def main(dsn: str, schema: str, rows: str, log: str, seconds: str = "0.004") -> None:
    journal = PostgresJournal(dsn, "run", schema=schema)
    async with client_of(Logged(log, float(seconds))) as client:
        report = await sync_customers(client, updates(int(rows)), journal=journal, concurrency=CONCURRENCY)
    print(*counts(report), [failure.customer_id for failure in report.failures], flush=True)  # noqa: T201  # as above
    await journal.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
