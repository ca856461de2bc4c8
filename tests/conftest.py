"""Fixtures shared by all tests: doubles above the wire, and a client that uses them."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from ssl import SSLContext

import pytest
from hypothesis import HealthCheck, settings

from paycombat_async import AsyncPayCombat
from paycombat_async.sandbox import Sandbox
from paycombat_async.sandbox._background_loop import BackgroundLoop
from paycombat_async.testing import FakeClock, FakeTransport
from tests.processes import guard, none_left
from tests.raw_server import RawServer, Script, Serve

# A job in the background starts with Ctrl-C ignored, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The tests start several hundred interpreters. Without byte code on disk, each one compiles the package anew: 0.4 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long something takes says nothing on a busy machine, neither of an example nor of what draws it.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

pytest_plugins = ("tests.leftovers", "tests.limits", "tests.postgres_server", "tests.promise_report")


def pytest_collection_finish() -> None:
    """The twelve thousand tests themselves are not walked through by each `gc.collect()`: that took 0.3 s."""
    gc.collect()
    gc.freeze()


TOKEN = "snd_token-of-the-tests"
SIGNATURE_KEY = "snd_key-of-the-tests"


@pytest.fixture(name="_run_ends_what_it_started", scope="session", autouse=True)
def _run_ends_what_it_started() -> Iterator[None]:
    """Also what fixtures of a wider scope than one test have started."""
    with none_left():
        yield
    guard.end()


@pytest.fixture(name="_test_ends_what_it_started", autouse=True)
def _test_ends_what_it_started() -> Iterator[None]:
    """However it ends: no process that a test started outlives it."""
    with none_left():
        yield


@pytest.fixture(name="_dask_writes_here", scope="session", autouse=True)
def _dask_writes_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Dask in the processes that tests start: killed workers leave files behind, and locks are left in any case."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path_factory.mktemp("dask")))
        yield


@pytest.fixture(name="transport")
def _transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="make_client")
def _make_client(transport: FakeTransport, clock: FakeClock) -> Callable[..., AsyncPayCombat]:
    """A factory of clients over the fake transport; keyword arguments go to the constructor."""

    def make(**options: object) -> AsyncPayCombat:
        settings = {"token": TOKEN, "signature_key": SIGNATURE_KEY, "transport": transport, "clock": clock}
        return AsyncPayCombat(**(settings | options))

    return make


@pytest.fixture(name="client")
def _client(make_client: Callable[..., AsyncPayCombat]) -> AsyncPayCombat:
    return make_client()


@pytest.fixture(name="sandbox_url", scope="module")
def _sandbox_url() -> Iterator[str]:
    with Sandbox(token="snd_token", signature_key="snd_key") as sandbox:
        sandbox.add_customers(f"customer_{number}" for number in range(50))
        yield sandbox.base_url


@pytest.fixture(name="serve")
def _serve() -> Iterator[Serve]:
    """Starts a raw server with a script, and gives its address."""
    thread = BackgroundLoop("raw-server")
    servers: list[RawServer] = []

    def serve(script: Script, tls: SSLContext | None = None) -> str:
        servers.append(RawServer(script, tls=tls))
        thread.run(servers[-1].__aenter__())
        return servers[-1].base_url

    yield serve
    for server in servers:
        thread.run(server.__aexit__(None, None, None))
    thread.stop()
