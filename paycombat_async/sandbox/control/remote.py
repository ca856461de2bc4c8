"""Client of the control interface of a sandbox in another process, for `paycombat sandbox ctl`."""

import http.client
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.token import CONTROL_HEADER
from paycombat_async.sandbox.ledger.report import loopback_url_parts

# Seconds until a request is given up. The longest request is `drain`, which waits until all webhooks are delivered or
# given up. With the default waits between the attempts, one webhook takes less than two minutes.
_TIMEOUT_S: Final = 120.0


class _Refusal(Struct):
    message: str


class Remote:
    """Client for the control interface of a sandbox on this machine, at `base_url`."""

    def __init__(self, base_url: str, token: str) -> None:
        """Raises `ConfigurationError` unless `base_url` is an http URL with a loopback address.

        The control token must not be sent to another machine.
        """
        self._host, self._port = loopback_url_parts(base_url)
        self._token = token

    def get(self, name: str, query: Mapping[str, object]) -> bytes:
        """Returns the JSON response to `GET /_sandbox/<name>`. Parameters that are None are left out.

        Blocks. Raises `ConfigurationError` if no response comes within 120 seconds, or if the sandbox refuses the
        request.
        """
        given = urlencode({key: value for key, value in query.items() if value is not None})
        return self._send("GET", f"/_sandbox/{name}?{given}" if given else f"/_sandbox/{name}", None)

    def post(self, name: str, body: Mapping[str, object]) -> bytes:
        """Returns the JSON response to `POST /_sandbox/<name>`. Fields that are None are left out.

        Blocks. Raises `ConfigurationError` if no response comes within 120 seconds, or if the sandbox refuses the
        request.
        """
        given = {key: value for key, value in body.items() if value is not None}
        return self._send("POST", f"/_sandbox/{name}", msgspec.json.encode(given))

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        headers = {CONTROL_HEADER: self._token} | ({} if body is None else {"Content-Type": "application/json"})
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        # ValueError is raised if the token has characters that a header cannot contain
        except (OSError, http.client.HTTPException, ValueError):
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
