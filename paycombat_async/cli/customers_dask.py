"""The Dask cluster that `customers sync --dask` names: a running cluster, or worker processes of this machine."""

import importlib
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple

from paycombat_async.batch.dask_client import DaskClient
from paycombat_async.cli.stores import without_urls
from paycombat_async.errors import ConfigurationError

LOCAL: Final = "local"
_CLOSE_S: Final = 5.0  # seconds for closing the connection to the scheduler
_LOCAL_OPTIONS: Final[dict[str, object]] = {
    "threads_per_worker": 1,
    "processes": True,
    "asynchronous": True,
    # Without an address, Dask takes port 8787, and warns if that port is in use.
    "dashboard_address": "127.0.0.1:0",
    "scheduler_kwargs": {"dashboard": False},
}


class Cluster(NamedTuple):
    """A client that is connected to a Dask cluster, and the number of workers to use."""

    client: DaskClient
    workers: int


@asynccontextmanager
async def dask_cluster(address: str, workers: int | None) -> AsyncGenerator[Cluster]:
    """Context manager; yields the cluster at `address`. For "local", starts worker processes and ends them afterwards.

    Without `workers`, all workers of a running cluster are used, and "local" starts one worker for each processor.
    Raises `ConfigurationError` if Dask is missing, or if the cluster cannot be reached or has no workers.
    """
    distributed = _import_dask()
    # Dask would log each failed attempt to reach a lost scheduler, in addition to the one message of this command.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    if address == LOCAL:
        count = workers or os.cpu_count() or 1
        async with (
            distributed.LocalCluster(n_workers=count, **_LOCAL_OPTIONS) as cluster,
            distributed.Client(cluster, asynchronous=True) as client,
        ):
            yield Cluster(client, count)
        return
    client = await _connect(distributed, address)
    try:
        found = len(await client.nthreads())  # `scheduler_info` of an asynchronous client names no workers
        if not found:
            raise ConfigurationError("the Dask cluster has no workers; start some")
        yield Cluster(client, workers or found)
    finally:
        with suppress(TimeoutError):  # the scheduler does not answer any more
            await client.close(_CLOSE_S)


# Any is used here and below because Dask has no types.
async def _connect(distributed: Any, address: str) -> Any:
    try:
        return await distributed.Client(address, asynchronous=True)
    except (OSError, ValueError):
        pass
    shown = without_urls(address)  # the user may have passed the database's URL, with a password, by mistake
    raise ConfigurationError(
        f"there is no Dask scheduler at {shown}, or it does not answer in time (distributed.comm.timeouts.connect)"
    )


def _import_dask() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise ConfigurationError("--dask needs Dask: pip install 'paycombat[dask]'") from None
