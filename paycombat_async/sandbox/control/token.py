"""The control token, which gives full control of a sandbox. `paycombat sandbox` shows it only when it starts."""

import hmac
import secrets
from typing import Final

from paycombat_async.errors import ConfigurationError

CONTROL_HEADER: Final = "X-Sandbox-Control"
CONTROL_VARIABLE: Final = "PAYCOMBAT_SANDBOX_CONTROL"
_SHORTEST: Final = 16


def control_token_of(given: str | None) -> str:
    """Returns `given`, or a new random token of 64 hexadecimal digits if `given` is None.

    Raises `ConfigurationError` if `given` has fewer than 16 characters, or any character that is a space or not
    printable ASCII. The message does not contain the token.
    """
    if given is None:
        return secrets.token_hex(32)
    if len(given) < _SHORTEST or not given.isascii() or not given.isprintable() or " " in given:
        raise ConfigurationError(
            f"control_token: expected at least {_SHORTEST} printable ASCII characters without spaces; "
            "leave it out to get a random one"
        )
    return given


def is_token(given: str, token: str) -> bool:
    """Returns whether the two tokens are equal. The time that this takes does not reveal where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())
