"""Checks of options that are times in seconds, and the default waits between two attempts to deliver a webhook."""

import math
from typing import Final

from paycombat_async.errors import ConfigurationError

# The waits in seconds before the second and each further attempt to deliver a webhook. Together they are about a
# minute, so that a merchant's server can restart meanwhile. In a measurement with a last attempt after 0.25 s, an
# application that took 4 s to restart lost 197 of 283 webhooks. Finmo, the payment company behind the provider's API,
# waits for 15 minutes, then 1, 3, 6, 12 and 24 hours. The provider's own waits are unknown.
WEBHOOK_WAITS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


def seconds_in(text: str) -> tuple[float, ...]:
    """Returns the numbers in a str such as "0.25,1,4", or an empty tuple for "".

    Raises `ConfigurationError` if an item is not a number.
    """
    try:
        return tuple(float(part) for part in text.split(",") if part.strip() or "," in text)
    except ValueError:
        raise ConfigurationError("webhook_waits: expected seconds, separated by commas, like 0.25,1,4") from None


def checked_seconds(name: str, value: float) -> float:
    """Returns `value` unchanged. Raises `ConfigurationError` if it is negative or not finite.

    The message contains `name`, the name of the option.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ConfigurationError(f"{name}: expected seconds, 0 or more")
    return value
