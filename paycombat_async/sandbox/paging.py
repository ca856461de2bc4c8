"""Pagination with the query parameters `page` and `limit`, as at Finmo, the company behind the provider's API."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from paycombat_async.sandbox.refusals import bad_request

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
_LARGEST_PAGE = 2**31


class Window(NamedTuple):
    """Which part of a list to return: at most `limit` items, after the first `skip` ones."""

    limit: int
    skip: int


# How `newest` of each table ends: the rows whose JSON contains a text anywhere, ignoring case, and each of them if the
# text is empty. Its placeholders have no numbers: Python 3.12.0 to 3.12.3 takes `?1` for a named one, and warns.
NEWEST_WITH_TEXT: Final = "instr(lower(CAST(document AS TEXT)), lower(?)) > 0 ORDER BY seq DESC LIMIT ? OFFSET ?"


def window_of(query: Mapping[str, str]) -> Window:
    """Returns which items belong to the requested page.

    Without `page`, it is the first page. Without `limit`, a page has 10 items. Raises `Refused` (HTTP 400) unless
    `page` is a whole number from 1 to 2^31, and `limit` is a whole number from 1 to 100.
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
