"""An answer as plain data: what faults change, and the bytes it would be on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec

from paycombat_async.sandbox.envelopes import refusal
from paycombat_async.sandbox.refusals import Refused

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)  # amounts keep their digits
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class PlainResponse:
    """Status, headers and body; the length is not among the headers."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, length: int) -> bytes:
        """The head, saying that the body has this length."""
        return self.head_with({"Content-Length": str(length)})

    def head_with(self, framing: Mapping[str, str]) -> bytes:
        """The head, saying this of where the body ends."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **framing}.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    # Any: a JSON document.
    @property
    def document(self) -> Any:
        """The body read as JSON, None where it is none."""
        try:
            return _DECODER.decode(self.body)
        except msgspec.DecodeError:
            return None

    def with_document(self, document: object) -> "PlainResponse":
        """The same with this in it, as JSON."""
        return replace(self, body=_ENCODER.encode(document))

    @property
    def whole(self) -> bytes:
        """All of it, with the right length."""
        return self.head(len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class Context:
    """What a change may look at beside the answer: the fault's time, the clock, where redirects point."""

    seconds: float
    now: float
    redirect_to: str


Change: TypeAlias = Callable[[PlainResponse, Context], PlainResponse]


def refused(status: int, code: str, message: str, headers: Mapping[str, str]) -> PlainResponse:
    """A refusal in the form of the sandbox's own."""
    return PlainResponse(status, {**JSON, **headers}, msgspec.json.encode(refusal(Refused(status, code, message))))
