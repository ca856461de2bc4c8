"""Reads lists page by page. The provider documents no list, so a pager must end even if totals or pages are wrong."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from paycombat_async._engine.engine import Engine
from paycombat_async._protocol.decode import identity_fields
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas.envelope import Page

T = TypeVar("T")


class Cursor(Struct, frozen=True):
    """The position in a list. `has_new_items` says whether the latest page has an item that earlier pages do not have.

    The latest page is compared with only two earlier pages, the first and the previous one, so that the memory used
    does not grow with the list.
    """

    number: int = 1
    seen: int = 0
    largest: int = 0
    first: frozenset[object] = frozenset()
    last: frozenset[object] = frozenset()
    has_new_items: bool = True
    is_over: bool = False

    def after(self, page: Page[Any], page_size: int | None) -> "Cursor":
        """Returns the cursor of the page after `page`, with `is_over=True` if the list ends with `page`.

        The list ends after a page of one of these kinds:

        - An empty page, or the page with which the announced total number of items is reached.
        - A page that is shorter than `page_size` and shorter than an earlier page. A page that is only shorter than
          `page_size` does not end the list, because the server may have a lower limit.
        - A page without new items. Some servers ignore the page number, or start again after the last page, and would
          never stop sending pages.
        """
        identities = frozenset(_identity(item) for item in page.items)
        if page.unread:
            identities |= {("unread", page.unread)}
        size = len(page.items) + page.unread
        has_new_items = not identities <= self.first | self.last
        is_short = page_size is not None and size < min(page_size, self.largest)
        is_complete = page.total is not None and self.seen + size >= page.total
        return Cursor(
            number=self.number + 1,
            seen=self.seen + size,
            largest=max(self.largest, size),
            first=self.first or identities,
            last=identities,
            has_new_items=has_new_items,
            is_over=not has_new_items or is_short or is_complete,
        )


def _identity(item: object) -> object:
    """Returns a value that differs between items: the ids of the item, or its whole content if all ids are empty."""
    names = identity_fields(type(item)) if isinstance(item, Struct) else ()
    found = tuple(getattr(item, name) for name in names)
    return found if any(found) else msgspec.json.encode(item)


class Listing(Struct, Generic[T], frozen=True):
    """The requests that a pager sends for its pages. The async and the blocking pager share this class.

    Raises `InvalidRequest` for a `page_size` below 1.
    """

    endpoint: Endpoint[None, Page[T]]
    page_size: int | None
    extra_query: Mapping[str, str]
    path: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if self.page_size is not None and self.page_size < 1:
            raise InvalidRequest("page_size: must be 1 or more", path="page_size")

    def after(self, cursor: Cursor, page: Page[T]) -> Cursor:
        """Returns the cursor for the next page. If the endpoint has no page parameter, the list ends with this page."""
        following = cursor.after(page, self.page_size)
        return following if self.endpoint.page_parameter is not None else replace(following, is_over=True)

    def query(self, number: int) -> dict[str, str | int]:
        """Returns the query for page `number`, counted from 1. `extra_query` overrides the other parameters."""
        query: dict[str, str | int] = {}
        if self.endpoint.page_parameter is not None:
            query[self.endpoint.page_parameter] = number
        if self.endpoint.size_parameter is not None and self.page_size is not None:
            query[self.endpoint.size_parameter] = self.page_size
        return query | dict(self.extra_query)


class Pager(Generic[T]):
    """A list: `async for item in pager`, `async for page in pager.pages()`, or `await pager.page()`.

    Nothing is sent before a page is needed. Each page is a GET, which is retried. If a page still fails after its
    retries, the iteration yields all items of the earlier pages and then raises the error.
    """

    def __init__(self, engine: Engine, listing: Listing[T]) -> None:
        self._engine = engine
        self.listing = listing

    async def page(self, number: int = 1) -> Page[T]:
        """Returns the page with this number; the first page has number 1."""
        reply = await self._engine.send(self.listing.endpoint, None, self.listing.path, self.listing.query(number))
        return reply.data

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yields the pages from the first to the last, except a page whose items were all on earlier pages."""
        cursor = Cursor()
        while not cursor.is_over:
            page = await self.page(cursor.number)
            cursor = self.listing.after(cursor, page)
            if cursor.has_new_items:
                yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
