"""Lists, page by page. Their shape is on no record, so a pager trusts neither totals nor page numbers to end."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from paycombat_async._engine import Engine
from paycombat_async._protocol.decode import identity_fields
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas.envelope import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk through a list stands. `is_news` says whether the page just seen had something not seen before.

    Only the first and the latest page are remembered, so that a list of any length fits in memory.
    """

    number: int = 1
    seen: int = 0
    largest: int = 0
    first: frozenset[object] = frozenset()
    last: frozenset[object] = frozenset()
    is_news: bool = True
    is_over: bool = False

    def after(self, page: Page[Any], page_size: int | None) -> "Cursor":
        """The walk one page on.

        It is over with an empty page, the announced total, a page shorter than asked for and than an earlier one (a
        server may give fewer than asked), or a page without news: a server that ignores the page number, or begins
        again behind the end, gives those for ever.
        """
        met = frozenset(_identity(item) for item in page.items)
        if page.unread:
            met |= {("unread", page.unread)}
        size = len(page.items) + page.unread
        is_news = not met <= self.first | self.last
        is_short = page_size is not None and size < min(page_size, self.largest)
        is_complete = page.total is not None and self.seen + size >= page.total
        return Cursor(
            number=self.number + 1,
            seen=self.seen + size,
            largest=max(self.largest, size),
            first=self.first or met,
            last=met,
            is_news=is_news,
            is_over=not is_news or is_short or is_complete,
        )


def _identity(item: object) -> object:
    """What tells one item from another: its id, or all of it."""
    names = identity_fields(type(item)) if isinstance(item, Struct) else ()
    found = tuple(getattr(item, name) for name in names)
    return found if any(found) else msgspec.json.encode(item)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a pager asks for: shared by the async pager and its blocking twin."""

    endpoint: Endpoint[None, Page[T]]
    page_size: int | None
    extra_query: Mapping[str, str]
    path: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if self.page_size is not None and self.page_size < 1:
            raise InvalidRequest("page_size: must be 1 or more", path="page_size")

    def after(self, cursor: Cursor, page: Page[T]) -> Cursor:
        """The walk one page on; it ends with the first page where the endpoint knows of no others."""
        onwards = cursor.after(page, self.page_size)
        return onwards if self.endpoint.page_parameter is not None else replace(onwards, is_over=True)

    def query(self, number: int) -> dict[str, str | int]:
        """The query of one page, counted from 1. `extra_query` comes last, and wins."""
        query: dict[str, str | int] = {}
        if self.endpoint.page_parameter is not None:
            query[self.endpoint.page_parameter] = number
        if self.endpoint.size_parameter is not None and self.page_size is not None:
            query[self.endpoint.size_parameter] = self.page_size
        return query | dict(self.extra_query)


class Pager(Generic[T]):
    """A list: `async for item in pager`, `async for page in pager.pages()`, or `await pager.page()`.

    Nothing is sent before it is asked for. Each page is a GET, repeated on failure like any other.
    """

    def __init__(self, engine: Engine, listing: Listing[T]) -> None:
        self._engine = engine
        self.listing = listing

    async def page(self, number: int = 1) -> Page[T]:
        """One page, counted from 1."""
        reply = await self._engine.send(self.listing.endpoint, None, self.listing.path, self.listing.query(number))
        return reply.data

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Page after page, to the end of the list."""
        cursor = Cursor()
        while not cursor.is_over:
            page = await self.page(cursor.number)
            cursor = self.listing.after(cursor, page)
            if cursor.is_news:
                yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
