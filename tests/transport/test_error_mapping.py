"""Each exception of aiohttp becomes one of ours, decided by its type: never by the status that aiohttp puts on it."""

import asyncio
import socket
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aioresponses import aioresponses

from paycombat_async import (
    ConnectFailed,
    Disconnected,
    Draft,
    InvalidResponse,
    Outcome,
    TimedOut,
)
from paycombat_async.transport import AiohttpTransport
from paycombat_async.transport.failures import translate_error
from paycombat_async.transport.idle_watch import IdleWatch

URL = "https://api.paycombat.com/api/v1/x"
DRAFT = Draft("test", "PATCH", URL, {"X-token": "snd_token"}, b"{}")
INFO = aiohttp.RequestInfo(URL, "PATCH", {"X-token": "snd_token"}, URL)
KEY = ConnectionKey("api.paycombat.com", 443, True, True, None, None, None)


class Answer(aiohttp.ClientResponse):
    """aioresponses 0.7.9 does not pass the writer that aiohttp 3.14 asks for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, stream_writer=SimpleNamespace(output_size=0), **kwargs)


@pytest.fixture(name="transport")
async def _transport():
    transport = AiohttpTransport(base_url="https://api.paycombat.com")
    yield transport
    await transport.aclose()


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 401, 404, 429, 500, 503, 599])
async def test_every_status_is_an_answer(transport, status):
    """Statuses are not exceptions here: what they mean is the protocol's business."""
    with aioresponses() as provider:
        provider.patch(URL, status=status, body=b'{"a":1}', headers={"Retry-After": "7"}, response_class=Answer)

        reply = await transport.send(DRAFT, 5.0)

    assert (status, b'{"a":1}', "7") == (reply.status, reply.body, reply.headers["retry-after"])


@pytest.mark.promise("P1", "P9")
async def test_the_body_is_handed_over_as_it_is(transport):
    """The very bytes of the draft, and no redirects."""
    with aioresponses() as provider:
        provider.patch(URL, response_class=Answer)

        await transport.send(DRAFT, 5.0)

        [[call]] = provider.requests.values()
    assert call.kwargs["data"] is DRAFT.body
    assert call.kwargs["allow_redirects"] is False


RAISED = [
    aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "snd_token")),
    aiohttp.ClientConnectorCertificateError(KEY, ValueError("snd_token")),
    aiohttp.ClientConnectorSSLError(KEY, OSError(1, "snd_token")),
    aiohttp.ClientHttpProxyError(INFO, (), status=407),
    aiohttp.ConnectionTimeoutError("snd_token"),
    aiohttp.ServerDisconnectedError("snd_token"),
    aiohttp.ClientOSError(104, "snd_token"),
    aiohttp.ClientPayloadError("snd_token"),
    aiohttp.ClientResponseError(INFO, (), status=400, message="snd_token"),
    aiohttp.InvalidURL(URL),
    TimeoutError(),
    ConnectionResetError(104, "snd_token"),
]


@pytest.mark.promise("P3")
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
async def test_what_fails_before_a_connection_is_not_sent(transport, error):
    """aioresponses stands in for the connector, so no connection is ever handed out: nothing left."""
    with aioresponses() as provider:
        provider.patch(URL, exception=error)

        with pytest.raises(ConnectFailed) as caught:
            await transport.send(DRAFT, 5.0)

    assert Outcome.NOT_SENT is caught.value.outcome
    assert "snd_token" not in str(caught.value)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


@pytest.mark.promise("P3")
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_what_fails_after_that_is_unknown(error):
    """Once there was a connection: a time-out is TimedOut, all else Disconnected, and aiohttp's 400 decides nothing."""
    expected = TimedOut if isinstance(error, TimeoutError) else Disconnected

    translated = translate_error(error, "api.paycombat.com", sent=True)

    assert (expected, Outcome.UNKNOWN) == (type(translated), translated.outcome)
    assert "snd_token" not in str(translated)


@pytest.mark.promise("P9")
async def test_an_answer_announced_as_too_long_is_not_read(transport):
    """By its Content-Length."""
    with aioresponses() as provider:
        headers = {"Content-Length": str(9 * 1024 * 1024)}
        provider.patch(URL, body=b"x", headers=headers, response_class=Answer)

        with pytest.raises(InvalidResponse) as caught:
            await transport.send(DRAFT, 5.0)

    assert Outcome.UNKNOWN is caught.value.outcome


async def test_a_cancelled_exchange_is_cancelled(transport):
    """CancelledError goes through as it is."""

    async def cancel(*_: object, **__: object) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with aioresponses() as provider:
        provider.patch(URL, callback=cancel)
        exchange = asyncio.create_task(transport.send(DRAFT, 5.0))

        with pytest.raises(asyncio.CancelledError):
            await exchange


async def test_a_cancellation_of_nobody_is_a_failure_to_connect(transport):
    """Such as that of a resolver's own task. The caller's task goes on."""
    with aioresponses() as provider:
        provider.patch(URL, exception=asyncio.CancelledError())

        with pytest.raises(ConnectFailed):
            await transport.send(DRAFT, 5.0)


async def test_a_watch_notices_only_what_comes_while_idle():
    """Bytes of an answer pass; bytes between answers leave a mark for good."""
    seen: list[bytes] = []

    class Protocol(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            seen.append(data)

    ours, theirs = socket.socketpair()
    with theirs:
        transport, _ = await asyncio.get_running_loop().create_connection(Protocol, sock=ours)
        watch = IdleWatch.over(transport)
        watch.data_received(b"answer")
        assert watch.is_quiet

        watch.rest()
        watch.data_received(b"stray")
        watch.use()

        transport.close()
    assert watch.is_dirty
    assert [b"answer", b"stray"] == seen


async def test_a_connection_whose_end_was_announced_is_not_used():
    """Over TLS the transport is not closing yet in the turn in which the peer's `close_notify` is read."""
    ours, theirs = socket.socketpair()
    with theirs:
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        watch = IdleWatch.over(transport)
        watch.use()
        watch.rest()
        assert watch.is_quiet

        watch.eof_received()

        is_closing, is_quiet = transport.is_closing(), watch.is_quiet
        transport.close()
    assert (False, False) == (is_closing, is_quiet)
