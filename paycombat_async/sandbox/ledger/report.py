"""The whole ledger as one value. Other processes get it as JSON from `GET /sandbox/ledger`."""

import http.client
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.ledger.book import Ledger
from paycombat_async.sandbox.ledger.entries import Double, LedgerEntry, doubles_in

LEDGER_PATH: Final = "/sandbox/ledger"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT_S: Final = 10.0


class LedgerReport(Struct, frozen=True, kw_only=True):
    """The contents of a ledger at one moment.

    `balances` has the balance of each currency, `entries` all movements of money, and `doubles` the groups of duplicate
    payins and payouts.
    """

    balances: dict[str, Decimal]
    entries: list[LedgerEntry]
    doubles: list[Double]


def report_of(ledger: Ledger) -> LedgerReport:
    """Returns the balances, movements and duplicates of a ledger at this moment.

    Reads the entries from the database only once.
    """
    entries = ledger.entries()
    return LedgerReport(balances=ledger.balances(), entries=entries, doubles=doubles_in(entries))


def fetch_ledger(base_url: str) -> LedgerReport:
    """Returns the ledger of a sandbox that runs in another process, such as `paycombat sandbox`.

    Blocks until the sandbox has answered. Raises `ConfigurationError` if the sandbox sends nothing for 10 seconds, if
    there is no sandbox at the address, or if the address is on another machine.
    """
    host, port = loopback_url_parts(base_url)
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", LEDGER_PATH)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        raise ConfigurationError("nobody answers at this address; is `paycombat sandbox` running?") from None
    finally:
        connection.close()
    try:
        return msgspec.json.decode(body, type=LedgerReport)
    except msgspec.MsgspecError:
        raise ConfigurationError("what answers at this address is not a sandbox with a ledger") from None


def loopback_url_parts(base_url: str) -> tuple[str, int | None]:
    """Returns the host and port in the URL of a sandbox.

    Raises `ConfigurationError` unless it is an http URL whose host is this machine.
    """
    try:
        parts = urlsplit(base_url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if host not in _LOOPBACK or scheme != "http":
        raise ConfigurationError("a sandbox is on this machine: give its address, such as http://127.0.0.1:8080")
    return host, port
