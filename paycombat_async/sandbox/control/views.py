"""What control requests return: requests and deliveries without secrets, faults, and the time."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from yarl import URL

from paycombat_async.sandbox.arrivals import Arrival
from paycombat_async.sandbox.control.token import CONTROL_HEADER
from paycombat_async.sandbox.deliveries.log import Delivery

REDACTED: Final = "[redacted]"
_SECRET_HEADERS: Final = frozenset(
    name.lower()
    for name in (
        *("X-token", "signature", "X-Signature", CONTROL_HEADER),
        *("Authorization", "Proxy-Authorization", "Cookie"),
    )
)


class SeenRequest(Struct, frozen=True, kw_only=True):
    """One request that the sandbox has received. `status` is None if it had no complete response."""

    operation: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int | None


class SeenDelivery(Struct, frozen=True, kw_only=True):
    """One webhook. `statuses` has an item for each attempt: the HTTP status, or None if there was no response."""

    event: str
    id: str
    url: str
    body: str
    statuses: list[int | None]
    is_delivered: bool


class Redactor:
    """Shows requests and deliveries without the given secrets, in plain or percent-encoded form."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(form for secret in secrets for form in {secret, quote(secret, safe="")})

    def request(self, arrival: Arrival) -> SeenRequest:
        """Returns a recorded request without secrets. Repeated headers are joined with commas."""
        return SeenRequest(
            operation=arrival.operation,
            method=arrival.method,
            path=self._masked(arrival.path),
            headers=self._headers(arrival.headers),
            body=self._masked(arrival.body.decode("utf-8", "replace")),
            status=arrival.status,
        )

    def delivery(self, delivery: Delivery) -> SeenDelivery:
        """Returns a delivery without its signature. Its URL has neither a password nor a query."""
        return SeenDelivery(
            event=delivery.event,
            id=delivery.id,
            url=self._masked(str(URL(delivery.url).with_user(None).with_query(None).with_fragment(None))),
            body=self._masked(delivery.body.decode("utf-8", "replace")),
            statuses=list(delivery.statuses),
            is_delivered=delivery.is_delivered,
        )

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
