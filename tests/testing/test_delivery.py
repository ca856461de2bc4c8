"""Webhooks given to an application by a call: real frameworks, strict servers' rules, and applications that fail."""

import asyncio
from wsgiref.validate import validator

import pytest

from paycombat_async import webhooks
from paycombat_async.errors import WebhookError
from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY
from paycombat_async.testing import deliver_to_asgi, deliver_to_wsgi, signed_webhook
from paycombat_async.webhooks import PayinSucceeded

KEYS = [SANDBOX_SIGNATURE_KEY]


def wsgi_app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    headers = {"X-Signature": environ["HTTP_X_SIGNATURE"]}
    try:
        event = webhooks.unwrap(body, headers, KEYS)
    except WebhookError:
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"no"]
    where = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Where", where)])
    return [event.payin.order_reference.encode(), b"!"]


def test_a_wsgi_application_takes_it():
    """By the rules that wsgiref checks: types of the environment, of the answer, and that the answer is closed."""
    answer = deliver_to_wsgi(validator(wsgi_app), "/hook?a=1", signed_webhook(PayinSucceeded, order_reference="o1"))

    assert (200, b"o1!", True) == (answer.status, answer.body, answer.is_accepted)
    assert answer.headers["x-where"] == "/hook?a=1"


def test_a_wsgi_application_may_refuse_it():
    """The status is what the provider would get."""
    webhook = signed_webhook(PayinSucceeded, signature_key="snd_other")

    answer = deliver_to_wsgi(wsgi_app, "/hook", webhook)

    assert (400, False) == (answer.status, answer.is_accepted)


def test_a_wsgi_application_may_write():
    """The old way to answer, by the function that `start_response` returns; and one that never answers is found out."""

    def writes(_environ, start_response):
        start_response("204 No Content", [])(b"written")
        return []

    assert deliver_to_wsgi(writes, "/", signed_webhook(PayinSucceeded)).body == b"written"
    with pytest.raises(AssertionError, match="start_response"):
        deliver_to_wsgi(lambda _environ, _start: [], "/", signed_webhook(PayinSucceeded))


async def test_a_starlette_application_takes_it():
    """With its streamed response, its path and its query, and after its background task."""
    requests = pytest.importorskip("starlette.requests", reason="starlette is not installed")
    from starlette.background import BackgroundTask
    from starlette.responses import StreamingResponse

    done = []

    async def app(scope, receive, send):
        request = requests.Request(scope, receive)
        event = webhooks.unwrap(await request.body(), request.headers, KEYS)

        async def parts():
            yield event.payin.order_reference.encode()
            await asyncio.sleep(0)
            yield str(request.url).encode()

        await StreamingResponse(parts(), background=BackgroundTask(done.append, "worked"))(scope, receive, send)

    webhook = signed_webhook(PayinSucceeded, order_reference="o1")
    answer = await deliver_to_asgi(app, "/h%C3%B6k?a=1", webhook)

    assert (200, "o1http://testserver/hök?a=1".encode()) == (answer.status, answer.body)
    assert done == ["worked"]


@pytest.mark.parametrize("messages", [[], [{"type": "http.response.start", "status": 200}]], ids=["nothing", "no body"])
async def test_an_asgi_application_without_an_answer_is_found_out(messages):
    """A server would answer 500."""

    async def app(_scope, _receive, send):
        for message in messages:
            await send(message)

    with pytest.raises(AssertionError, match=r"has not sent its whole response|has sent no response"):
        await deliver_to_asgi(app, "/", signed_webhook(PayinSucceeded))


async def test_errors_of_an_application_come_through():
    """A test should see them with their traceback."""

    async def app(_scope, _receive, _send):
        raise LookupError("no order")

    def blocking(_environ, _start_response):
        raise LookupError("no order")

    with pytest.raises(LookupError):
        await deliver_to_asgi(app, "/", signed_webhook(PayinSucceeded))
    with pytest.raises(LookupError):
        deliver_to_wsgi(blocking, "/", signed_webhook(PayinSucceeded))
