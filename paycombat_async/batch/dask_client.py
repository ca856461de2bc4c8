"""The type of Dask's client, as a protocol, so that importing this package does not need Dask."""

from collections.abc import Callable
from typing import Protocol


class DaskClient(Protocol):
    """The part of `distributed.Client` that the SDK uses."""

    asynchronous: bool

    def submit(self, func: Callable[..., object], /, *args: object, **options: object) -> object:
        """Has a worker call `func(*args)`, and returns a future of the result."""
        ...

    def nthreads(self) -> object:
        """Asks the scheduler for the threads of each worker. The result is a dict with the workers' addresses."""
        ...
