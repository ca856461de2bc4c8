"""The sandbox as a server: started and stopped in a running loop, in a thread of its own, or until Ctrl-C."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from aiohttp import web

from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._signing import Signer
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox._loop_thread import LoopThread
from paycombat_async.sandbox.application import Provider, application
from paycombat_async.sandbox.arrivals import Arrivals
from paycombat_async.sandbox.credentials import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN, check_sandbox_credential
from paycombat_async.sandbox.customers.seeding import Kind, made_up, plain
from paycombat_async.sandbox.routes import PATHS
from paycombat_async.sandbox.state import IN_MEMORY, State

_KEEP_ALIVE_S = 5.0  # Node's default: what a client finds at most providers
_SHUTDOWN_S = 1.0


class Sandbox:
    """The provider on your machine: `async with Sandbox() as sandbox`, or plain `with` (a thread of its own).

    It binds a loopback address only and takes sandbox credentials only. `db` is a file that keeps everything, or
    ":memory:". `customers` made-up customers are there from the start, the same ones for the same `seed`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        db: str | os.PathLike[str] = IN_MEMORY,
        token: str = SANDBOX_TOKEN,
        signature_key: str = SANDBOX_SIGNATURE_KEY,
        customers: int = 0,
        seed: int = 0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Port 0 lets the system choose. Raises `ConfigurationError` for another host or credentials that are live."""
        check_sandbox_credential("token", token)
        check_sandbox_credential("signature_key", signature_key)
        self._host = _loopback(host)
        self._port = port
        self._db = os.fspath(db)
        self._customers = customers
        self._seed = seed
        self._clock = clock
        self.token = token
        self.signature_key = signature_key
        self.arrivals = Arrivals()
        self._running: AsyncExitStack | None = None
        self._opened: State | None = None
        self._base_url = ""
        self._thread: LoopThread | None = None

    @property
    def base_url(self) -> str:
        """Where it listens. Raises `ConfigurationError` while it does not."""
        _ = self._state
        return self._base_url

    @property
    def paths(self) -> Mapping[str, str]:
        """Paths of the endpoints whose path is not on record: hand them to the client as `paths=`."""
        return PATHS

    @property
    def customer_ids(self) -> Iterator[str]:
        """The ids of all customers, in the order in which they were added."""
        return self._state.customers.ids()

    def add_customers(self, ids: Iterable[str], kind: Kind = "company") -> None:
        """Add plain customers with these ids, many at once. An id that was used before is left as it is."""
        state = self._state
        with state.transaction():
            state.customers.add_many(plain(ids, kind, at=state.now()))

    def executions(self, customer_id: str) -> int:
        """How often an update of this customer was carried out; 0 also for an id that never existed."""
        return self._state.customers.executions(customer_id)

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    def __enter__(self) -> Self:
        thread = LoopThread("paycombat-sandbox")
        try:
            thread.run(self._start())
        except BaseException:
            thread.stop()
            raise
        self._thread = thread
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            try:
                thread.run(self._stop())
            finally:
                thread.stop()

    @property
    def _state(self) -> State:
        if self._opened is None:
            raise ConfigurationError("the sandbox is not running; use it inside `async with` or `with`")
        return self._opened

    async def _start(self) -> None:
        if self._running is not None:
            raise ConfigurationError("this sandbox is running already; make another one")
        async with AsyncExitStack() as stack:
            state = State(self._db, clock=self._clock, seed=self._seed)
            stack.callback(state.close)
            self._fill(state)
            provider = Provider(
                state=state, arrivals=self.arrivals, token=self.token, signer=Signer(self.signature_key)
            )
            self._base_url = await self._listen(provider, stack)
            self._opened = state
            self._running = stack.pop_all()

    def _fill(self, state: State) -> None:
        with state.transaction():
            state.customers.add_many(made_up(self._seed, number, at=state.now()) for number in range(self._customers))

    async def _listen(self, provider: Provider, stack: AsyncExitStack) -> str:
        runner = web.AppRunner(
            application(provider),
            access_log=None,
            auto_decompress=False,  # bodies are looked at as they were sent
            keepalive_timeout=_KEEP_ALIVE_S,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except (OSError, OverflowError) as error:
            raise ConfigurationError(f"the sandbox cannot listen on port {self._port}: {error}") from None
        host, port = runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()
            self._opened = None


def _loopback(host: str) -> str:
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigurationError("the sandbox binds loopback addresses only; leave host out, or give 127.0.0.1 or ::1")
    return str(address)
