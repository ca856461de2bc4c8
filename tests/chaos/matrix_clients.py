"""Both clients behind one face, and the clock by which the sandbox waits."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from paycombat_async import AsyncPayCombat, PayCombatError, RetryPolicy
from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_async.transport import SessionTransport
from paycombat_sync import PayCombat
from tests.chaos.matrix import BASE, KINDS, THROTTLED
from tests.chaos.matrix_cells import Cell, HurriedClock, Leap, Told
from tests.transport.ways import by_users_session

TURNS = 40  # of a loop: several times what it takes to carry out a request, or to read what has come


class GateClock(HurriedClock):
    """For the sandbox: who sleeps while the gate is closed does so until it opens."""

    def __init__(self) -> None:
        super().__init__(Leap())
        self._lock = threading.Lock()
        self._is_open = True
        self._asleep: list[asyncio.Future[None]] = []

    async def sleep(self, seconds: float) -> None:
        wake = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._is_open:
                wake.set_result(None)
            else:
                self._asleep.append(wake)
        await wake

    def close(self) -> None:
        with self._lock:
            self._is_open = False

    def open(self) -> None:
        """Wakes all, and lets nobody sleep any more."""
        with self._lock:
            self._is_open = True
            asleep, self._asleep = self._asleep, []
        for wake in asleep:
            wake.get_loop().call_soon_threadsafe(_wake, wake)


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Side(ABC):
    """One of the two clients, in as many cells as were added. `at_once` is for all of them together."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self._client = client
        self._leap = Leap()
        self._busy: set[str] = set()
        self.cells: list[Cell] = []

    def add_cell(self, kind: str, subject: str, **options: Any) -> None:
        clock = HurriedClock(self._leap)
        retry = RetryPolicy(base=BASE, throttled_base=THROTTLED)
        self.cells.append(Cell(kind, subject, self._client(retry=retry, clock=clock, **options), clock))

    def at_once(self, call: Callable[[Cell], Any]) -> list[Told]:
        """What all cells tell of this call; errors of ours among the answers."""
        self._busy = {cell.kind for cell in self.cells}
        return self._tell_all(call)

    def at_once_leaping(
        self, call: Callable[[Cell], Any], held: Callable[[Cell], bool], leaps: Iterable[float]
    ) -> list[Told]:
        """The same for calls that wait in vain: whenever all that are not over are `held`, the next seconds pass."""
        left = list(leaps)
        for loop in self._loops():
            loop.time = self._leap.time  # type: ignore[method-assign]  # timers are set and looked at by it
        with ThreadPoolExecutor(1) as thread:
            told = thread.submit(self.at_once, call)
            while not told.done():
                self.turn()
                if left and all(held(cell) for cell in self.cells if cell.kind in self._busy):
                    self._leap.seconds += left.pop()
            return told.result()

    def turn(self) -> None:
        """Lets the loops do what is there to be done, such as reading what came."""
        for loop in self._loops():
            asyncio.run_coroutine_threadsafe(turns(), loop).result()

    @abstractmethod
    def close(self) -> None:
        """Closes the clients."""

    @abstractmethod
    def _tell_all(self, call: Callable[[Cell], Any]) -> list[Told]: ...

    @abstractmethod
    def _loops(self) -> Iterable[asyncio.AbstractEventLoop]: ...

    def _told(self, cell: Cell, answer: object, begun: float) -> Told:
        self._busy.discard(cell.kind)
        return Told(answer, cell.clock.monotonic() - begun)


class AsyncSide(Side):
    """The async client, all calls in one loop."""

    def __init__(self) -> None:
        super().__init__(AsyncPayCombat)
        self._thread = BackgroundLoop("matrix")

    def close(self) -> None:
        self.at_once(lambda cell: cell.client.aclose())
        left = asyncio.all_tasks(self._thread._loop)
        self._thread.stop()
        assert 1 >= len(left)  # that of the thread itself

    def _loops(self) -> Iterable[asyncio.AbstractEventLoop]:
        return [self._thread._loop]

    def _tell_all(self, call: Callable[[Cell], Any]) -> list[Told]:
        async def tell(cell: Cell) -> Told:
            begun = cell.clock.monotonic()
            try:
                answer = await call(cell)
            except PayCombatError as error:
                answer = error
            return self._told(cell, answer, begun)

        async def tell_all() -> list[Told]:
            return await asyncio.gather(*map(tell, self.cells))

        return self._thread.run(tell_all())


class SessionSide(AsyncSide):
    """The async client, each over an aiohttp session of its user's."""

    def __init__(self) -> None:
        super().__init__()
        self._transports: list[SessionTransport] = []
        self._client = self._client_by_session

    def close(self) -> None:
        for transport in self._transports:
            self._thread.run(transport.aclose())
        super().close()

    def _client_by_session(self, **options: Any) -> AsyncPayCombat:
        self._transports.append(by_users_session(base_url=options["base_url"]))
        return AsyncPayCombat(transport=self._transports[-1], **options)


class BlockingSide(Side):
    """The blocking client, each call in a thread of its own."""

    def __init__(self) -> None:
        super().__init__(PayCombat)
        self._threads = ThreadPoolExecutor(len(KINDS))

    def close(self) -> None:
        for cell in self.cells:
            cell.client.close()
        self._threads.shutdown()

    def _loops(self) -> Iterable[asyncio.AbstractEventLoop]:
        return [cell.client._runner._usable()._loop for cell in self.cells]

    def _tell_all(self, call: Callable[[Cell], Any]) -> list[Told]:
        def tell(cell: Cell) -> Told:
            begun = cell.clock.monotonic()
            try:
                answer = call(cell)
            except PayCombatError as error:
                answer = error
            return self._told(cell, answer, begun)

        return list(self._threads.map(tell, self.cells))


SIDES: dict[str, Callable[[], Side]] = {"async": AsyncSide, "sync": BlockingSide}
SESSION_SIDES: dict[str, Callable[[], Side]] = {"session": SessionSide}
