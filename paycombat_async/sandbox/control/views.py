"""What the control interface (`/_sandbox/`) returns: requests and webhook deliveries, shown without secrets."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct
from yarl import URL

from paycombat_async.sandbox.control.token import CONTROL_HEADER
from paycombat_async.sandbox.deliveries.log import Delivery
from paycombat_async.sandbox.traffic import Exchange

REDACTED: Final = "[redacted]"
_SECRET_HEADERS: Final = frozenset(
    name.lower()
    for name in (
        *("X-token", "signature", "X-Signature", CONTROL_HEADER),
        *("Authorization", "Proxy-Authorization", "Cookie"),
    )
)


class SeenRow(Struct, frozen=True, kw_only=True):
    """The summary of one received request. `status` is None if the client got no complete response.

    `milliseconds` is the time until the response, or None before it. The class `Exchange` explains the other fields.
    """

    number: int
    at: str
    operation: str
    method: str
    path: str
    status: int | None
    signature: str | None
    code: str | None
    message: str | None
    fault: str | None
    is_executed: bool
    milliseconds: float | None


class SeenRequest(SeenRow, frozen=True, kw_only=True):
    """One received request with headers, body and response. Bytes that are not UTF-8 are shown as U+FFFD."""

    headers: dict[str, str]
    body: str
    answer: str
    answer_length: int


class SeenDelivery(Struct, frozen=True, kw_only=True):
    """One webhook. `statuses` has one item per finished attempt: the HTTP status, or None if there was no response.

    `times` has the start time of each attempt, including an attempt that is still running.
    """

    number: int
    event: str
    id: str
    url: str
    body: str
    statuses: list[int | None]
    times: list[str]
    is_delivered: bool


class Redactor:
    """Replaces secrets in the requests and deliveries that are shown, in plain and in percent-encoded form."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(form for secret in secrets for form in {secret, quote(secret, safe="")})

    def row(self, exchange: Exchange) -> SeenRow:
        """Returns a summary of the request, without headers, body and response."""
        return SeenRow(**self._row(exchange))

    def request(self, exchange: Exchange) -> SeenRequest:
        """Returns the request with its secrets redacted. Headers with the same name are joined with commas."""
        arrival = exchange.arrival
        return SeenRequest(
            **self._row(exchange),
            headers=self._headers(arrival.headers),
            body=self._masked(arrival.body.decode("utf-8", "replace")),
            answer=self._masked(exchange.answer.decode("utf-8", "replace")),
            answer_length=exchange.answer_length,
        )

    def delivery(self, delivery: Delivery) -> SeenDelivery:
        """Returns a webhook delivery without its signature. Its URL has neither a password nor a query."""
        return SeenDelivery(
            number=delivery.number,
            event=delivery.event,
            id=delivery.id,
            url=self.url(delivery.url),
            body=self._masked(delivery.body.decode("utf-8", "replace")),
            statuses=list(delivery.statuses),
            times=list(delivery.times),
            is_delivered=delivery.is_delivered,
        )

    def url(self, url: str) -> str:
        """Returns a URL without user, password, query and fragment."""
        return self._masked(str(URL(url).with_user(None).with_query(None).with_fragment(None)))

    # Any: the values of the fields of `SeenRow`, whose types the class `SeenRow` declares.
    def _row(self, exchange: Exchange) -> dict[str, Any]:
        arrival = exchange.arrival
        return {
            "number": exchange.number,
            "at": exchange.at,
            "operation": arrival.operation,
            "method": arrival.method,
            "path": self._masked(arrival.path),
            "status": arrival.status,
            "signature": exchange.signature,
            "code": exchange.code,
            "message": exchange.message,
            "fault": exchange.fault,
            "is_executed": exchange.is_executed,
            "milliseconds": None if exchange.seconds is None else round(exchange.seconds * 1000, 1),
        }

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown: dict[str, str] = {}
        for name, value in headers.items():
            text = REDACTED if name.lower() in _SECRET_HEADERS else self._masked(value)
            shown[name] = f"{shown[name]}, {text}" if name in shown else text
        return shown

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text
