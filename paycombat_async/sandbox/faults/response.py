"""A response as a plain value that faults can change, and its bytes on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec

from paycombat_async.sandbox.envelopes import refusal
from paycombat_async.sandbox.refusals import Refused

# numbers in the JSON become `Decimal`, which keeps all digits of amounts
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class PlainResponse:
    """The status, the headers (without Content-Length) and the body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, length: int) -> bytes:
        """Returns the bytes of the response's status line and headers, with this Content-Length."""
        return self.head_with({"Content-Length": str(length)})

    def head_with(self, framing: Mapping[str, str]) -> bytes:
        """Returns the bytes of the response's status line and headers, including those in `framing`.

        `framing` contains a Content-Length header, a Transfer-Encoding header, or nothing.
        """
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **framing}.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    # Any: the result is any decoded JSON.
    @property
    def document(self) -> Any:
        """The decoded JSON body, or None if the body is not JSON."""
        try:
            return _DECODER.decode(self.body)
        except msgspec.DecodeError:
            return None

    def with_document(self, document: object) -> "PlainResponse":
        """Returns a copy of the response with this JSON as its body."""
        return replace(self, body=_ENCODER.encode(document))

    @property
    def whole(self) -> bytes:
        """The bytes of the complete response, with the correct Content-Length."""
        return self.head(len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class Context:
    """The values that a fault may need when it changes a response.

    `seconds` is the time of the fault, `now` is the Unix time, and `redirect_to` is the target of redirects.
    """

    seconds: float
    now: float
    redirect_to: str


Change: TypeAlias = Callable[[PlainResponse, Context], PlainResponse]


def refused(status: int, code: str, message: str, headers: Mapping[str, str]) -> PlainResponse:
    """Returns an error response with this status, whose body has the form of all error responses of the sandbox."""
    return PlainResponse(status, {**JSON, **headers}, msgspec.json.encode(refusal(Refused(status, code, message))))
