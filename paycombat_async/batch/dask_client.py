"""The part of Dask's client that is used here, so that importing the types needs no Dask."""

from collections.abc import Callable
from typing import Protocol


class DaskClient(Protocol):
    """The part of `distributed.Client` that is used here."""

    asynchronous: bool

    def submit(self, func: Callable[..., object], /, *args: object, **options: object) -> object:
        """Returns a future for `func(*args)`, which a worker runs."""
        ...
