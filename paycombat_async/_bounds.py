"""Checks numbers that users pass to intents stores and webhook inboxes, so that all stores refuse the same numbers."""

from typing import Final

from paycombat_async.errors import ConfigurationError

MOST_DAYS: Final = 36_500
_MOST_LISTED: Final = 1_000_000_000
_MOST_SECONDS: Final = 1e9  # 1,000,000,000 seconds are about 32 years


def is_within(number: object, least: float, most: float) -> bool:
    """Returns True if `number` is an int or a float from `least` to `most`. Returns False for NaN and for a bool."""
    return isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most


def check_days(days: float) -> float:
    """Returns `days`, an age in days. Raises `ConfigurationError` unless it is a number from -36,500 to 36,500."""
    if not is_within(days, -MOST_DAYS, MOST_DAYS):
        raise ConfigurationError("days must be a number from -36,500 to 36,500")
    return days


def check_age(older_than: float) -> float:
    """Returns `older_than`, an age in seconds. Raises `ConfigurationError` unless it is from 0 to 1,000,000,000."""
    if not is_within(older_than, 0, _MOST_SECONDS):
        raise ConfigurationError("older_than must be a number of seconds from 0 to 1,000,000,000")
    return older_than


def check_limit(limit: object) -> int:
    """Returns `limit`, the largest number of items to list.

    Raises `ConfigurationError` unless it is an integer from 0 to 1,000,000,000.
    """
    if not isinstance(limit, int) or not is_within(limit, 0, _MOST_LISTED):
        raise ConfigurationError("limit must be an integer from 0 to 1,000,000,000")
    return limit
