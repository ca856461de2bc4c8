"""A Dask cluster: a scheduler in this process and WORKERS worker processes. Prints the address of the scheduler.

For each line of standard input, kills one of the workers, drawn by SEED, and prints its number. Dask starts another.
"""

import asyncio
import os
import random
import signal
import sys

import dask
from distributed import LocalCluster, Status

OPTIONS = {"threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0", "asynchronous": True}


def _workers(cluster: LocalCluster) -> list[int]:
    """Those that run: Dask does not start a worker again that dies while it starts."""
    nannies = [nanny for nanny in cluster.workers.values() if nanny.process is not None]
    return sorted(nanny.pid for nanny in nannies if nanny.pid and nanny.process.status is Status.running)


async def main(workers: str, seed: str) -> None:
    chance = random.Random(seed)
    # A machine that has much else to do needs longer than 15 s to start a worker; Dask would end the new one then.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    async with LocalCluster(n_workers=int(workers), **OPTIONS) as cluster:
        print(cluster.scheduler_address, flush=True)  # noqa: T201  # read by the test
        while await asyncio.to_thread(sys.stdin.readline):
            while not (alive := _workers(cluster)):  # noqa: ASYNC110  # Dask tells nobody when it has started others
                await asyncio.sleep(0.1)
            victim = chance.choice(alive)
            os.kill(victim, signal.SIGKILL)
            print("killed", victim, flush=True)  # noqa: T201  # as above


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
