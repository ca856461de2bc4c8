"""Walking through lists whose shape nobody knows."""

import msgspec
import pytest

from paycombat_async import Customer, InvalidRequest, Page
from paycombat_async.pagination import Cursor


@pytest.fixture(name="client")
def _client(make_client):
    """A client that is told the path of the list, so that it does not warn of its guess."""
    return make_client(paths={"customers.list": "/api/v1/customer/customer"})


def page(*ids: str, total: int | None = None) -> bytes:
    data = {"data": [{"customer_id": one} for one in ids]} | ({} if total is None else {"total": total})
    return msgspec.json.encode({"status": True, "data": data})


async def test_items_come_page_after_page_until_an_empty_one(client, transport):
    """Without size and total an empty page is the end."""
    for answer in (page("a", "b"), page("c"), page()):
        transport.answer(200, answer)

    assert ["a", "b", "c"] == [customer.customer_id async for customer in client.customers.list()]
    assert ["page=1", "page=2", "page=3"] == [draft.url.split("?")[1] for draft in transport.drafts]


async def test_a_short_page_is_the_last(client, transport):
    """With page_size known, no further page is asked for."""
    transport.answer(200, page("a", "b"))
    transport.answer(200, page("c"))

    pages = [found async for found in client.customers.list(page_size=2).pages()]

    assert [2, 1] == [len(found.items) for found in pages]
    assert "page=2&limit=2" == transport.drafts[1].url.split("?")[1]


async def test_the_announced_total_is_the_end(client, transport):
    """No further page once all are seen."""
    transport.answer(200, page("a", "b", total=2))

    assert 2 == len([customer async for customer in client.customers.list()])


async def test_a_server_that_ignores_the_page_number_does_not_loop_for_ever(client, transport):
    """The same page again ends the walk, and is not given twice."""
    for _ in range(2):
        transport.answer(200, page("a", "b"))

    assert ["a", "b"] == [customer.customer_id async for customer in client.customers.list()]
    assert 2 == len(transport.drafts)


async def test_one_page_can_be_asked_for(client, transport):
    """By its number; `extra_query` has the last word."""
    transport.answer(200, page("a", total=9))

    found = await client.customers.list(page_size=5, extra_query={"limit": "50", "q": "x"}).page(3)

    assert Page(items=[Customer(customer_id="a")], total=9) == found
    assert "page=3&limit=50&q=x" == transport.drafts[0].url.split("?")[1]


async def test_nothing_is_sent_before_it_is_asked_for(client, transport):
    """A pager is only a plan."""
    client.customers.list()

    assert [] == transport.drafts


def test_a_page_size_below_one_is_refused(client):
    """Before anything is sent."""
    with pytest.raises(InvalidRequest):
        client.customers.list(page_size=0)


def test_a_walk_counts_what_it_saw():
    """Pure: page in, cursor out."""
    first = Cursor().after(Page(items=[Customer(customer_id="a")], total=3), None)

    assert (2, 1, True, False) == (first.number, first.seen, first.is_news, first.is_over)
