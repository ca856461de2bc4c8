"""Transports for blocking clients that hang or end slowly, and the threads that clients have."""

import asyncio
import threading
from collections.abc import Callable

from paycombat_async import RawReply
from paycombat_sync import PayCombat

CUSTOMER = b'{"status": true, "data": {"customer_id": "customer_1", "type": "company"}}'

MakeClient = Callable[..., PayCombat]


class HangingTransport:
    """Answers nothing until it is cancelled, which takes it `dying` seconds."""

    def __init__(self, dying: float = 0.0) -> None:
        self.dying = dying
        self.entered = threading.Semaphore(0)
        self.cancelled = threading.Event()

    async def send(self, draft: object, timeout: float) -> RawReply:
        self.entered.release()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(self.dying)
            self.cancelled.set()
            raise
        raise AssertionError


class SlowlyEndingTransport:
    """Leaves work in the loop that takes a while to cancel, so that the loop ends late; then answers slowly."""

    def __init__(self) -> None:
        self.is_ending = threading.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def send(self, draft: object, timeout: float) -> RawReply:
        if not self.tasks:
            self.tasks.append(asyncio.create_task(self._linger()))
        else:
            await asyncio.sleep(0.5)
        await asyncio.sleep(0)
        return RawReply(200, {}, CUSTOMER)

    async def _linger(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.is_ending.set()
            await asyncio.sleep(0.1)


def threads_of_clients() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "paycombat"]
