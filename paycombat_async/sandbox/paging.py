"""Pagination with the query parameters `page` and `limit`, as in the API of Finmo, the provider's upstream."""

from collections.abc import Mapping
from typing import NamedTuple

from paycombat_async.sandbox.refusals import bad_request

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
_LARGEST_PAGE = 2**31


class Window(NamedTuple):
    """The number of items to return (`limit`), and the number of items to skip before them (`skip`)."""

    limit: int
    skip: int


def window_of(query: Mapping[str, str]) -> Window:
    """Returns the window of the requested page.

    Without `page`, the first page is used. Without `limit`, the page has 10 items. Raises `Refused` (400) unless `page`
    is a whole number from 1 to 2^31, and `limit` is a whole number from 1 to 100.
    """
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
