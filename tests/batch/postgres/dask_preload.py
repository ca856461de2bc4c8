"""Loaded by the workers of a Dask cluster: their clients have a provider in memory that writes to the file LOG."""

import os

from paycombat_async import AsyncPayCombat
from paycombat_async.batch import cluster_worker
from tests.batch.postgres.runs import client_of
from tests.batch.postgres.worker import Logged


def client(*, base_url: str | None, max_connections: int) -> AsyncPayCombat:
    return client_of(Logged(os.environ["LOG"]), base_url=base_url, max_connections=max_connections)


cluster_worker.AsyncPayCombat = client
