"""A response as plain data that faults can change, and its bytes on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec

from paycombat_async.sandbox.envelopes import refusal
from paycombat_async.sandbox.refusals import Refused

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)  # decodes amounts as `Decimal`, which keeps their digits
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class PlainResponse:
    """The status, the headers (without Content-Length) and the body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, length: int) -> bytes:
        """Returns the bytes of the status line and the headers, with this Content-Length."""
        return self.head_with({"Content-Length": str(length)})

    def head_with(self, framing: Mapping[str, str]) -> bytes:
        """Returns the bytes of the status line, the headers and `framing`.

        `framing` is a Content-Length or Transfer-Encoding header, or no header.
        """
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **framing}.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    # Any: a JSON document.
    @property
    def document(self) -> Any:
        """The decoded JSON body, or None if the body is not JSON."""
        try:
            return _DECODER.decode(self.body)
        except msgspec.DecodeError:
            return None

    def with_document(self, document: object) -> "PlainResponse":
        """Returns a copy with this document as its JSON body."""
        return replace(self, body=_ENCODER.encode(document))

    @property
    def whole(self) -> bytes:
        """The bytes of the complete response, with the correct Content-Length."""
        return self.head(len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class Context:
    """What a `Change` (a function that changes a response) gets in addition to the response.

    `seconds` is the fault's duration, `now` is the Unix time, and `redirect_to` is the target of redirects.
    """

    seconds: float
    now: float
    redirect_to: str


Change: TypeAlias = Callable[[PlainResponse, Context], PlainResponse]


def refused(status: int, code: str, message: str, headers: Mapping[str, str]) -> PlainResponse:
    """Returns an error response with the sandbox's error body."""
    return PlainResponse(status, {**JSON, **headers}, msgspec.json.encode(refusal(Refused(status, code, message))))
