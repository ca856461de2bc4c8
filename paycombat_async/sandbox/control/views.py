"""What control requests return: requests and deliveries without secrets, faults, and the time."""

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
    """One request that the sandbox has received, in short. `status` is None if it had no complete response.

    `Exchange` explains the other fields. `milliseconds` is None until there is an answer.
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
    """One request in full. Bytes that are not UTF-8 are shown as U+FFFD."""

    headers: dict[str, str]
    body: str
    answer: str
    answer_length: int


class SeenDelivery(Struct, frozen=True, kw_only=True):
    """One webhook. `statuses` has an item for each attempt: the HTTP status, or None if there was no response.

    `times` has the time of each attempt, and one more while an attempt is under way.
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
    """Shows requests and deliveries without the given secrets, in plain or percent-encoded form."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(form for secret in secrets for form in {secret, quote(secret, safe="")})

    def row(self, exchange: Exchange) -> SeenRow:
        """Returns a request without headers, body and answer."""
        return SeenRow(**self._row(exchange))

    def request(self, exchange: Exchange) -> SeenRequest:
        """Returns a request without secrets. Repeated headers are joined with commas."""
        arrival = exchange.arrival
        return SeenRequest(
            **self._row(exchange),
            headers=self._headers(arrival.headers),
            body=self._masked(arrival.body.decode("utf-8", "replace")),
            answer=self._masked(exchange.answer.decode("utf-8", "replace")),
            answer_length=exchange.answer_length,
        )

    def delivery(self, delivery: Delivery) -> SeenDelivery:
        """Returns a delivery without its signature. Its URL has neither a password nor a query."""
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

    # Any: the values of the fields of `SeenRow`, whose types `SeenRow` declares.
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
