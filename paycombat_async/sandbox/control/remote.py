"""Sends control requests to a sandbox in another process, as `paycombat sandbox ctl` does."""

import http.client
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.token import CONTROL_HEADER
from paycombat_async.sandbox.ledger.report import loopback_url_parts

# Longer than the default waits between the attempts to deliver a webhook, for which `drain` waits.
_TIMEOUT_S: Final = 120.0


class _Refusal(Struct):
    message: str


class Remote:
    """A sandbox on this machine, at `base_url`."""

    def __init__(self, base_url: str, token: str) -> None:
        """Raises `ConfigurationError` unless `base_url` is http and loopback. No other machine gets the token."""
        self._host, self._port = loopback_url_parts(base_url)
        self._token = token

    def get(self, name: str, query: Mapping[str, object]) -> bytes:
        """Returns the JSON answer of `GET /_sandbox/<name>`. Parameters that are None are left out.

        Blocks. Raises `ConfigurationError` if nobody answers within 120 seconds or if the sandbox refuses.
        """
        given = urlencode({key: value for key, value in query.items() if value is not None})
        return self._send("GET", f"/_sandbox/{name}?{given}" if given else f"/_sandbox/{name}", None)

    def post(self, name: str, body: Mapping[str, object]) -> bytes:
        """Returns the JSON answer of `POST /_sandbox/<name>`. Fields that are None are left out. Raises as `get`."""
        given = {key: value for key, value in body.items() if value is not None}
        return self._send("POST", f"/_sandbox/{name}", msgspec.json.encode(given))

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        headers = {CONTROL_HEADER: self._token} | ({} if body is None else {"Content-Type": "application/json"})
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException, ValueError):  # ValueError: the token cannot be a header
            raise ConfigurationError("nobody answers at this address; is `paycombat sandbox` running?") from None
        finally:
            connection.close()
        if answer.status != 200:
            raise ConfigurationError(_message(content))
        return content


def _message(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=_Refusal).message
    except msgspec.MsgspecError:
        return "what answers at this address is not a sandbox with a control interface"
