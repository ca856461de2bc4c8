"""Lists, page by page, blocking: the walk is that of `paycombat_async.pagination`, the loop around it is not.

An async generator is never driven from here: each step would be another task, and what it holds open would be torn.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from paycombat_async import pagination
from paycombat_async.pagination import Cursor
from paycombat_async.schemas.envelope import Page
from paycombat_sync._runner import Runner

T = TypeVar("T")


class Pager(Generic[T]):
    """A list: `for item in pager`, `for page in pager.pages()`, or `pager.page()`.

    Nothing is sent before it is asked for. Each page is a GET, repeated on failure like any other.
    """

    def __init__(self, runner: Runner, pager: pagination.Pager[T]) -> None:
        self._runner = runner
        self._pager = pager

    def page(self, number: int = 1) -> Page[T]:
        """One page, counted from 1."""
        return self._runner.run(self._pager.page, number)

    def pages(self) -> Iterator[Page[T]]:
        """Page after page, to the end of the list."""
        cursor = Cursor()
        while not cursor.is_over:
            page = self.page(cursor.number)
            cursor = self._pager.listing.after(cursor, page)
            if cursor.is_news:
                yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items
