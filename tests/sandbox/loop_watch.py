"""What a loop complains about: errors that nobody looked at, things that nobody closed, tasks that nobody ended."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_complaints() -> Iterator[None]:
    """Fails if the running loop has something to say in the end, or more tasks than before."""
    loop = asyncio.get_running_loop()
    complaints: list[str] = []
    before = asyncio.all_tasks()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context["message"]))
    try:
        yield
        gc.collect()
        assert [] == complaints
        assert set() == asyncio.all_tasks() - before
    finally:
        loop.set_exception_handler(None)
