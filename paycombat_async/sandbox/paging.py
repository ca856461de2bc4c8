"""Which page of a list is asked for: `page` and `limit` in the query, as at Finmo."""

from collections.abc import Mapping
from typing import NamedTuple

from paycombat_async.sandbox.refusals import bad_request

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_LARGEST_PAGE = 2**31


class Window(NamedTuple):
    """How many to show, and how many to skip before them."""

    limit: int
    skip: int


def window_of(query: Mapping[str, str]) -> Window:
    """The window that the query asks for. Refused with 400 where a value is no whole number in bounds."""
    number = _whole_number(query, "page", default=1, largest=_LARGEST_PAGE)
    limit = _whole_number(query, "limit", default=DEFAULT_LIMIT, largest=MAX_LIMIT)
    return Window(limit=limit, skip=(number - 1) * limit)


def _whole_number(query: Mapping[str, str], name: str, *, default: int, largest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= largest):
        raise bad_request(f"{name}: expected a whole number from 1 to {largest}")
    return int(text)
