"""Lists, page by page. Their shape is on no record, so a pager trusts neither totals nor page numbers to end."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct

from paycombat_async._decode import identities
from paycombat_async._engine import Engine
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas.envelope import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk through a list stands. `is_news` says whether the page just seen had not been seen before."""

    number: int = 1
    seen: int = 0
    last: tuple[object, ...] = ()
    is_news: bool = True
    is_over: bool = False

    def after(self, page: Page[Any], page_size: int | None) -> "Cursor":
        """The walk one page on.

        It is over with an empty page, a page shorter than asked for, the announced total, or the same page again:
        a server that ignores the page number gives that for ever.
        """
        met = tuple(_identity(item) for item in page.items)
        seen = self.seen + len(met)
        is_news = bool(met) and met != self.last
        is_short = page_size is not None and len(met) < page_size
        is_complete = page.total is not None and seen >= page.total
        return Cursor(self.number + 1, seen, met, is_news, not is_news or is_short or is_complete)


def _identity(item: object) -> object:
    names = identities(type(item)) if isinstance(item, Struct) else ()
    return tuple(getattr(item, name) for name in names) if names else item


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a pager asks for: shared by the async pager and its blocking twin."""

    endpoint: Endpoint[None, Page[T]]
    page_size: int | None
    extra_query: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.page_size is not None and self.page_size < 1:
            raise InvalidRequest("page_size: must be 1 or more", path="page_size")

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
        self._listing = listing

    async def page(self, number: int = 1) -> Page[T]:
        """One page, counted from 1."""
        reply = await self._engine.send(self._listing.endpoint, None, {}, self._listing.query(number))
        return reply.data

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Page after page, to the end of the list."""
        cursor = Cursor()
        while not cursor.is_over:
            page = await self.page(cursor.number)
            cursor = cursor.after(page, self._listing.page_size)
            if cursor.is_news:
                yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
