"""The base class of the transports: a connection pool per event loop, time limits, and the SDK's errors."""

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from paycombat_async._loop_local import LoopLocal
from paycombat_async._process_bound import ProcessBound
from paycombat_async._protocol.messages import Draft, RawReply
from paycombat_async.errors import ConfigurationError, PayCombatError
from paycombat_async.transport.deadlines import Deadline, DeadlineTimer
from paycombat_async.transport.failures import ConnectionBroke, TransportClosed, given_up, translate_error
from paycombat_async.transport.response_body import BrokenBody, UnacceptableBody
from paycombat_async.transport.slots import Slots


class Pool(Struct, eq=False, kw_only=True):
    """The connections of one event loop, and the timer of their deadlines.

    `slots` limits the connections in use: a task must take a slot before it uses a connection.
    """

    deadlines: DeadlineTimer
    slots: Slots
    is_closed: bool = False

    async def close(self) -> None:
        """Closes the connections. Must be awaited in the pool's own event loop."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Frees the connections without awaiting anything, because the pool's event loop is already closed."""
        raise NotImplementedError


P = TypeVar("P", bound=Pool)


class PooledTransport(ProcessBound, ABC, Generic[P]):
    """Sends each draft (a prepared HTTP request) once, within a time limit. The subclass sends the bytes."""

    def __init__(self) -> None:
        self._is_closed = False
        self._pools = LoopLocal(self._open, _end, _abandon)

    async def send(self, draft: Draft, timeout: float) -> RawReply:  # noqa: ASYNC109  # the limit of one attempt
        """Sends the draft (a prepared HTTP request) once, and returns the answer within `timeout` seconds.

        Raises `ConnectFailed` if nothing was sent, and `TimedOut` or `Disconnected` if bytes may have been sent. Raises
        `InvalidResponse` if the answer's body is too large, or in an encoding that was not requested.
        """
        self._check(draft)
        try:
            pool = self._pools.current()
        except RuntimeError:
            raise ConfigurationError("calls need a running asyncio event loop; this code runs in none") from None
        if pool is None:
            if self._is_closed:  # since this call began, `aclose` may have run in a different thread
                raise translate_error(TransportClosed(), _host(draft), sent=False)
            pool = await self._pools.open()
        attempt = pool.deadlines.begin(timeout, is_once_only=draft.is_once_only)
        try:
            # If an answer begins on an idle connection, aiohttp waits without a time limit for the end of this answer.
            # Therefore `attempt` limits the time.
            with attempt:
                # Tasks get slots in the order in which they asked. aiohttp's connector is not fair: it gives a free
                # connection to a new task before a waiting task. Of 128 tasks on 100 connections, some waited 12 s.
                if not pool.slots.take():
                    await pool.slots.wait()
                try:
                    return await self._exchange(pool, draft, attempt)
                finally:
                    pool.slots.give_back()
        except PayCombatError as error:
            failure = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001  # whatever a resolver, a proxy or the interpreter's end may cause
            # No further variables are set here, because the traceback of `failure` shows the local variables.
            failure = _translate(error, pool, draft, attempt)
        except BaseException as error:  # noqa: BLE001  # mostly a cancellation, which is re-raised
            # A resolver may raise `CancelledError` on its own. It would pass for the end of the caller's task.
            if not isinstance(error, asyncio.CancelledError) or attempt.connection is not None or attempt.is_cancelled:
                # The traceback is dropped, because its local variables contain the token. The cause of the re-raised
                # exception says whether bytes of the request may have been sent.
                raise error.with_traceback(None) from given_up(_host(draft), sent=attempt.connection is not None)
            failure = translate_error(ConnectionAbortedError(), _host(draft), sent=False)
        # `failure` is raised after the except block, so that it has no __context__. The context would be aiohttp's
        # error, which contains the request headers with the token.
        raise failure

    async def aclose(self) -> None:
        """Closes the connections of all event loops, and opens no new ones. Requests under way raise `Disconnected`."""
        self._is_closed = True
        await self._pools.aclose()

    @abstractmethod
    def _check(self, draft: Draft) -> None:
        """Raises `ConfigurationError` if the draft's URL has an origin that the subclass does not send to."""

    @abstractmethod
    async def _exchange(self, pool: P, draft: Draft, attempt: Deadline) -> RawReply:
        """Sends the draft (a prepared HTTP request) and returns the answer.

        Sets `attempt.connection` before the first byte is sent. An error then says that bytes may have been sent.
        """

    @abstractmethod
    def _open(self) -> P:
        """Makes a new pool for the running event loop and returns it."""


# `_end` and `_abandon` are functions and not methods, because references to them are kept as long as a pool exists. A
# method would keep its transport in memory, even if nobody uses the transport any more.
async def _end(pool: Pool) -> None:
    pool.is_closed = True
    pool.deadlines.end()
    await pool.close()


def _abandon(pool: Pool) -> None:
    pool.abandon()


def _translate(error: Exception, pool: Pool, draft: Draft, attempt: Deadline) -> PayCombatError:
    sent = attempt.connection is not None
    if pool.is_closed and not isinstance(error, BrokenBody | UnacceptableBody):
        error = ConnectionBroke("the client was closed") if sent else TransportClosed()
    return translate_error(error, _host(draft), sent=sent)


def _host(draft: Draft) -> str:
    return urlsplit(draft.url).netloc
