"""The blocking pager, which reads lists page by page.

`paycombat_async.pagination` decides which page to request next and where a list ends. The async generator of pages in
that module is not used here, for two reasons: each of its steps would run in a task of its own, and the generator would
stay open in the event loop if the user leaves the loop over the pages early.
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

    Nothing is sent before a page is needed. Each page is a GET, which is retried. If a page still fails after its
    retries, the iteration yields all items of the earlier pages and then raises the error.
    """

    def __init__(self, runner: Runner, pager: pagination.Pager[T]) -> None:
        self._runner = runner
        self._pager = pager

    def page(self, number: int = 1) -> Page[T]:
        """Returns the page with this number; the first page has number 1."""
        return self._runner.run(self._pager.page, number)

    def pages(self) -> Iterator[Page[T]]:
        """Yields the pages from the first to the last, except a page whose items were all on earlier pages."""
        cursor = Cursor()
        while not cursor.is_over:
            page = self.page(cursor.number)
            cursor = self._pager.listing.after(cursor, page)
            if cursor.has_new_items:
                yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items
