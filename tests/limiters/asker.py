"""Asks a `PostgresLimiter` as fast as it can, and prints the time of each turn: DSN SCHEMA PER_SECOND SECONDS."""

import asyncio
import sys
import time

from paycombat_async.limiters import PostgresLimiter

TASKS = 24


async def main(dsn: str, schema: str, per_second: str, seconds: str) -> None:
    limiter = PostgresLimiter(dsn, "shared", float(per_second), schema)
    until = time.monotonic() + float(seconds)

    async def ask() -> None:
        while time.monotonic() < until:
            await limiter.acquire()
            print(time.monotonic(), flush=True)  # noqa: T201  # read by the test
            await asyncio.sleep(0.03)  # the time of a call

    await asyncio.gather(*(ask() for _ in range(TASKS)))
    await limiter.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
