"""Everything that can go wrong with a call, provoked with marked secrets and marked personal data on their way.

Each provocation is a function that makes the client fail (or answer) for real; answers echo what a careless provider
may echo: the token, the keys, and the person's data, in each form in which they may be written.
"""

import asyncio
import base64
import html
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from paycombat_async import AsyncPayCombat, UpdateCustomer, webhooks
from paycombat_async._signing import Signer
from paycombat_async.testing.canary import SecretCanary
from tests.calls import payout
from tests.processes import PATIENCE_S
from tests.raw_server import Arrived, RawServer, Script, answering, http

CANARY: Final = SecretCanary()
PERSON: Final = {
    "name": "Quillfeather-Canary Zebulon",
    "e-mail": "zebulon.quillfeather@canary.example",
    "document": "CANARY-X99C4N4RY7731",
}
SILENT: Final = b"silent"
BROKEN: Final = b""

Provoke = Callable[[], Awaitable[object]]


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


# How a secret may be written inside a JSON text (the quotes are put around it).
FORMS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in lower case": lambda text: quote(text, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "with PHP's slashes": lambda text: text.replace("/", "\\/"),
    "with JSON's escapes": _escaped,
    "with HTML entities": lambda text: html.escape(text).replace("/", "&#x2F;").replace("=", "&#61;"),
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64, in the middle": lambda text: base64.b64encode(f"X-token: {text}\r\n".encode()).decode(),
}


def words(form: str) -> str:
    """What a careless provider says: all there is to know, in this form."""
    secrets = (CANARY.token, CANARY.signature_key, CANARY.webhook_key)
    return " | ".join(FORMS[form](text) for text in (*secrets, *PERSON.values()))


def _json(form: str, template: str) -> bytes:
    return template.replace("ECHO", words(form)).encode()


_ERROR = '{"status": false, "message": "ECHO", "code": "ECHO", "errors": {"ECHO": ["ECHO"]}, "request_id": "ECHO"}'
_PAGE = '<html><a href="https://pay.example/?lang=ko&token=ECHO&identifier=ECHO">ECHO</a></html>'


def answers(form: str) -> Iterator[tuple[str, bytes]]:
    """Whole answers, by name: every status with an error class of its own, and every kind of nonsense."""
    echo = words(form)
    body = _json(form, _ERROR)
    for status in (400, 401, 403, 404, 408, 409, 418, 422, 425, 429, 500, 503):
        yield f"{status}", http(status, body)
    yield "502 as HTML", http(502, _json(form, _PAGE), "Content-Type: text/html")
    yield "302", http(302, b"", f"Location: https://{quote(CANARY.token, safe='')}.example/?token={quote(echo)}")
    yield "302 within", http(302, b"", f"Location: /login?identifier={quote(echo)}")
    yield "error in a 200", http(200, body)
    yield "nested error in a 200", http(200, b'{"status": true, "data": %b}' % body.replace(b'"status"', b'"success"'))
    yield "no envelope", http(200, _json(form, '["ECHO"]'))
    yield "no JSON", http(200, _json(form, "ECHO"))
    yield "half of a JSON", http(200, _json(form, '{"status": true, "data": {"customer_id": "ECHO'))
    yield "deep", http(200, b'{"data":' + b"[" * 5_000 + echo.encode())
    yield "data of another type", http(200, _json(form, '{"status": true, "data": ["ECHO"]}'))
    yield "no data", http(200, _json(form, '{"status": true, "message": "ECHO", "request_id": "ECHO"}'))
    yield "fields of other types", http(200, _json(form, '{"status": true, "data": {"customer_id": {"ECHO": "ECHO"}}}'))
    yield "unknown fields", http(200, _json(form, '{"status": true, "data": {"customer_id": "c", "ECHO": "ECHO"}}'))
    yield "new value", http(200, _json(form, '{"status": true, "data": {"customer_id": "c", "type": "ECHO"}}'))
    yield "success", http(200, _json(form, '{"status": true, "data": {"customer_id": "c", "description": "ECHO"}}'))
    yield from _bad_http(echo, body)


def _bad_http(echo: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """HTTP that is none, or says secrets where nobody looks for them."""
    line = echo.encode()
    yield "request id", http(400, b'{"message": "no"}', f"X-Request-Id: {echo}")
    yield "reason", http(500, b"{}", reason=echo)
    yield "retry after", http(429, b"{}", f"Retry-After: {echo}")
    yield "content type", http(200, body, f"Content-Type: {echo}")
    yield "content encoding", http(200, body, f"Content-Encoding: {echo}")
    yield "cookie", http(400, body, f"Set-Cookie: session={echo}; Path=/")
    yield "status line", b"%b\r\n\r\n" % line
    yield "status", b"HTTP/1.1 %b X\r\n\r\n" % line
    yield "header line", b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % line.replace(b":", b"")
    yield "header name", b"HTTP/1.1 200 OK\r\n%b: 1\r\n\r\n" % line
    yield "length", b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % line
    yield "chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b\r\n" % line
    yield "gzip", http(200, line, "Content-Encoding: gzip")
    yield "cut off", http(200, body)[:-10]
    yield "trailing", http(200, b'{"status": true, "data": {"customer_id": "c"}}') + line
    yield "silent", SILENT
    yield "broken", BROKEN


def script_for(answer: bytes) -> Script:
    """Gives the answer and closes, or keeps quiet for ever."""
    if answer is not SILENT:
        return answering(answer) if answer.count(b"Content-Length: ") and answer.endswith(b"}") else _and_close(answer)

    async def keep_quiet(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        await reader.read()
        return False

    return keep_quiet


def _and_close(answer: bytes) -> Script:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _arrived: Arrived) -> bool:
        writer.write(answer)
        await writer.drain()
        return False

    return script


def mirror() -> Script:
    """A debug page: the request as it came, headers, body and all."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrived: Arrived) -> bool:
        seen = f"{arrived.method} {arrived.target} {arrived.headers} {arrived.body.decode()}"
        writer.write(http(500, json.dumps({"message": seen, "trace": arrived.headers}).encode()))
        await writer.drain()
        return True

    return script


def update_of_the_person() -> UpdateCustomer:
    """A request that holds all the marked personal data."""
    return UpdateCustomer.from_mapping(
        {
            "customer_id": "customer_1",
            "description": PERSON["name"],
            "individual": {"first_name": PERSON["name"], "email": PERSON["e-mail"]},
            "metadata": {"document": PERSON["document"]},
        }
    )


def payout_to_the_person() -> object:
    return payout(order_id="order-1", purpose_code=PERSON["name"], extra={"document": PERSON["document"]})


def client_for(base_url: str, **options: Any) -> AsyncPayCombat:
    settings: dict[str, Any] = {
        "token": CANARY.token,
        "signature_key": CANARY.signature_key,
        "webhook_keys": [CANARY.webhook_key],
        "base_url": base_url,
        "max_retries": 0,
        "timeout": PATIENCE_S,
    }
    return AsyncPayCombat(**(settings | options))


# Refused before anything is sent.
CREDENTIALS: Final[dict[str, Callable[[], object]]] = {
    **{
        f"{which} with {name}": lambda bad=bad, which=which: AsyncPayCombat(
            **{"token": CANARY.token, "signature_key": CANARY.signature_key, which: bad}
        )
        for which in ("token", "signature_key")
        for name, bad in {
            "white space": f" {CANARY.token}",
            "a line break": f"{CANARY.token}\r\n",
            "an umlaut": f"{CANARY.token}ü",
            "a lone surrogate": f"{CANARY.token}\ud800",
            "a NUL": f"{CANARY.token}\0",
            "too much": CANARY.token * 200,
            "the other's prefix": CANARY.token.removeprefix("snd_"),
            "bytes": CANARY.token.encode(),
            "a list": [CANARY.token],
        }.items()
    },
    "keys of webhooks": lambda: webhooks.unwrap(b"{}", {"X-Signature": "0" * 64}, [f"{CANARY.webhook_key}\n"]),
    "one key of webhooks": lambda: webhooks.unwrap(b"{}", {"X-Signature": "0" * 64}, CANARY.webhook_key),
    "key that is no text": lambda: webhooks.unwrap(b"{}", {}, [CANARY.webhook_key.encode()]),  # type: ignore[list-item]  # under test
    "wrong signature": lambda: _unwrap(json.dumps(PERSON).encode(), Signer("another").sign(b"{}")),
    "signed list": lambda: _unwrap(json.dumps([[PERSON]]).encode()),
    "signed half": lambda: _unwrap(json.dumps(PERSON).encode()[:-1]),
    "signed with the wrong key": lambda: _unwrap(b"{}", Signer(CANARY.signature_key).sign(b"{}")),
}
# The same, with marked values in places that are not for secrets: local variables hold them, as the caller's do.
MISPLACED: Final[dict[str, Callable[[], object]]] = {
    "token in the address": lambda: client_for(f"http://{CANARY.token}@127.0.0.1/"),
    "token as the address": lambda: client_for(CANARY.token),
    "token in the query of the address": lambda: client_for(f"https://pay.example/?token={CANARY.token}"),
    "token in the proxy": lambda: client_for("http://127.0.0.1:1", proxy=f"socks5://u:{CANARY.token}@p"),
    "token as an option": lambda: client_for("http://127.0.0.1:1", timeout=CANARY.token),
    "token in a path": lambda: client_for("http://127.0.0.1:1", paths={"payins.simulate": f"x/{CANARY.token}"}),
    "key as the signature": lambda: _unwrap(b"{}", CANARY.webhook_key),
    **{
        f"{field} as {type(value).__name__} {number}": lambda field=field, value=value: UpdateCustomer.from_mapping(
            {
                "customer_id": "customer_1",
                field: value,
            }
        )
        for number, (field, value) in enumerate(
            (
                ("type", PERSON["name"]),
                ("type", [PERSON["name"]]),
                ("company", PERSON["e-mail"]),
                ("individual", [PERSON["document"]]),
                ("description", PERSON),
                ("metadata", PERSON["document"]),
                ("customer_id", PERSON["e-mail"] * 20),
                ("extra", PERSON["e-mail"]),
                ("metadata", {"document": float("nan"), "name": PERSON["name"]}),
                ("metadata", {"document": PERSON["document"] + "\ud800"}),
                ("metadata", {1: PERSON["document"]}),
            )
        )
    },
}


def _unwrap(body: bytes, signature: str | None = None) -> object:
    given = Signer(CANARY.webhook_key).sign(body) if signature is None else signature
    return webhooks.unwrap(body, {"X-Signature": given}, [CANARY.webhook_key])


async def served(script: Script, call: Callable[[AsyncPayCombat], Awaitable[object]], **options: Any) -> object:
    """What a call gives against a server with this script."""
    async with RawServer(script) as server:
        client = client_for(server.base_url, **options)
        try:
            return await call(client)
        finally:
            await client.aclose()
