"""Pagers over lists whose format the provider does not document."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    Checkout,
    ConfigurationError,
    Customer,
    InvalidRequest,
    InvalidResponse,
    Page,
    PayinMethod,
    Payout,
    PayoutMethod,
)
from paycombat_async.pagination import Cursor
from paycombat_async.schemas.methods import RequiredField
from paycombat_async.testing import FakeClock, FakeTransport
from paycombat_sync import PayCombat
from tests.calls import LOCAL, PATHS


@pytest.fixture(name="client")
def _client(make_client):
    """A client that knows a path for every list, and does not warn of guessed ones."""
    return make_client(base_url=LOCAL, paths=PATHS)


def page(*ids: str, total: int | None = None, identity: str = "customer_id") -> bytes:
    data = {"data": [{identity: one} for one in ids]} | ({} if total is None else {"total": total})
    return msgspec.json.encode({"status": True, "data": data})


def query(draft: Any) -> str:
    return str(draft.url.partition("?")[2])


async def test_items_come_page_after_page_until_an_empty_one(client, transport):
    """Without a page size and a total, only an empty page ends the list."""
    for answer in (page("a", "b"), page("c"), page()):
        transport.answer(200, answer)

    assert ["a", "b", "c"] == [customer.customer_id async for customer in client.customers.list()]
    assert ["page=1", "page=2", "page=3"] == [query(draft) for draft in transport.drafts]


async def test_a_short_page_is_the_last(client, transport):
    """When `page_size` is given and was reached once, a shorter page ends the list without another request."""
    transport.answer(200, page("a", "b"))
    transport.answer(200, page("c"))

    pages = [found async for found in client.customers.list(page_size=2).pages()]

    assert [2, 1] == [len(found.items) for found in pages]
    assert "page=2&limit=2" == query(transport.drafts[1])


async def test_a_server_that_gives_fewer_than_asked_is_walked_to_its_end(client, transport):
    """The server may not know `limit`, or have a lower maximum: a first short page does not end the list."""
    for answer in (page("a", "b"), page("c", "d"), page("e")):
        transport.answer(200, answer)

    items = [customer.customer_id async for customer in client.customers.list(page_size=100)]

    assert ["a", "b", "c", "d", "e"] == items
    assert 3 == len(transport.drafts)


async def test_the_announced_total_is_the_end(client, transport):
    """No further page is requested once `total` items were seen."""
    transport.answer(200, page("a", "b", total=2))

    assert 2 == len([customer async for customer in client.customers.list()])


async def test_a_count_of_the_page_does_not_end_the_walk(client, transport):
    """`count` may be that of the page, so it is not taken for the total: an item that is missed could be paid twice."""
    for ids in (["a", "b"], ["c", "d"], []):
        data = {"count": len(ids), "data": [{"customer_id": one} for one in ids]}
        transport.answer(200, msgspec.json.encode({"status": True, "data": data}))

    assert ["a", "b", "c", "d"] == [customer.customer_id async for customer in client.customers.list()]


async def test_a_server_that_ignores_the_page_number_does_not_loop_for_ever(client, transport):
    """A page equal to the one before ends the list, and its items are not yielded again."""
    for _ in range(2):
        transport.answer(200, page("a", "b"))

    assert ["a", "b"] == [customer.customer_id async for customer in client.customers.list()]
    assert 2 == len(transport.drafts)


WALKS: dict[str, tuple[list[list[str]], list[str]]] = {
    "begins again behind the end": ([["a", "b"], ["c", "d"], ["a", "b"]], ["a", "b", "c", "d"]),
    "begins again, in another order": ([["a", "b"], ["c", "d"], ["b", "a"]], ["a", "b", "c", "d"]),
    "begins again, with less": ([["a", "b"], ["c", "d"], ["b"]], ["a", "b", "c", "d"]),
    "repeats the last page": ([["a", "b"], ["c"], ["c"]], ["a", "b", "c"]),
    "repeats a page, one item shifted": ([["a", "b"], ["b", "c"], ["c", "d"], []], ["a", "b", "b", "c", "c", "d"]),
    "repeats a page with one new item": ([["a", "b"], ["a", "b", "c"], ["a", "b", "c"]], ["a", "b", "a", "b", "c"]),
    "nothing at all": ([[]], []),
    "one page": ([["a"], []], ["a"]),
    "one item twice on a page": ([["a", "a"], []], ["a", "a"]),
}


@pytest.mark.parametrize(("pages", "items"), WALKS.values(), ids=WALKS)
async def test_a_walk_ends_by_itself(pages, items, client, transport):
    """A page whose items were all on the first or the latest page ends the list, and is not yielded."""
    for ids in pages:
        transport.answer(200, page(*ids, identity="id"))

    assert items == [payout.id async for payout in client.payouts.list()]
    assert len(pages) == len(transport.drafts)


def with_odd_items(*items: object) -> bytes:
    data = [{"id": item} if isinstance(item, str) else item for item in items]
    return msgspec.json.encode({"status": True, "data": data})


@pytest.mark.promise("P6")
async def test_an_odd_item_does_not_make_a_page_short(client, transport):
    """An item that cannot be decoded is left out but counted, so the next pages are still requested."""
    for items in (["a", "b"], ["c", 7], ["d", "e"], []):
        transport.answer(200, with_odd_items(*items))

    assert ["a", "b", "c", "d", "e"] == [payout.id async for payout in client.payouts.list(page_size=2)]


@pytest.mark.promise("P6")
async def test_a_page_of_odd_items_is_not_the_end(client, transport):
    """A page whose items cannot be decoded is not empty: the pages after it are requested."""
    for items in (["a"], [7], ["b"], []):
        transport.answer(200, with_odd_items(*items))

    assert ["a", "b"] == [payout.id async for payout in client.payouts.list()]


async def test_a_page_says_how_many_items_it_could_not_read(client, transport):
    """`Page.unread` counts the items that were left out because they cannot be decoded."""
    transport.answer(200, with_odd_items("a", 7, None, "b", [1]))
    transport.answer(200, with_odd_items("a"))

    pages = [await client.payouts.list().page(number) for number in (1, 2)]

    assert [(["a", "b"], 3), (["a"], 0)] == [([payout.id for payout in found.items], found.unread) for found in pages]


async def test_endless_odd_pages_end(client, transport):
    """A server that sends the same undecodable page again and again does not keep the pager in a loop."""
    for _ in range(3):
        transport.answer(200, with_odd_items(7, 8))

    assert [] == [payout.id async for payout in client.payouts.list()]


async def test_one_page_can_be_asked_for(client, transport):
    """`page(3)` requests page 3 only; `extra_query` overrides the pager's own parameters."""
    transport.answer(200, page("a", total=9))

    found = await client.customers.list(page_size=5, extra_query={"limit": "50", "q": "x"}).page(3)

    assert Page(items=[Customer(customer_id="a")], total=9) == found
    assert "page=3&limit=50&q=x" == query(transport.drafts[0])


LONG_LISTS: dict[str, tuple[Callable[..., Any], type, str]] = {
    "customers": (lambda client, **options: client.customers.list(**options), Customer, "customer_id"),
    "payouts": (lambda client, **options: client.payouts.list(**options), Payout, "id"),
    "checkouts": (lambda client, **options: client.checkouts.list(**options), Checkout, "id"),
}


@pytest.mark.parametrize(("listing", "kind", "identity"), LONG_LISTS.values(), ids=LONG_LISTS)
async def test_long_lists_take_a_page_size_and_more(listing, kind, identity, client, transport):
    """Items have the type of the endpoint, and the query uses the endpoint's parameter names."""
    transport.answer(200, page("a", "b", identity=identity))
    transport.answer(200, page("c", identity=identity))

    items = [item async for item in listing(client, page_size=2, extra_query={"status": "PENDING"})]

    assert [kind(**{identity: one}) for one in "abc"] == items
    assert ["page=1&limit=2&status=PENDING", "page=2&limit=2&status=PENDING"] == [query(d) for d in transport.drafts]


ONE_PAGE: dict[str, tuple[Callable[[Any], Any], type, str, str]] = {
    "payin methods": (
        *(lambda client: client.payin_methods.list(), PayinMethod),
        *("payin_method_name", "/api/v1/payin-method/all"),
    ),
    "payout methods": (
        *(lambda client: client.payout_methods.list(), PayoutMethod),
        *("payout_method_name", "/api/v1/payout-method/all"),
    ),
    "payment methods": (
        *(lambda client: client.payment_methods.list("AUD"), PayinMethod),
        *("payin_method_name", "/api/v1/payment-method/AUD"),
    ),
}


@pytest.mark.parametrize(("listing", "kind", "identity", "path"), ONE_PAGE.values(), ids=ONE_PAGE)
@pytest.mark.parametrize("total", [None, 9], ids=["no total", "a total"])
async def test_a_list_that_knows_no_pages_is_asked_for_once(listing, kind, identity, path, total, client, transport):
    """An endpoint without a page parameter gets one request without a page number, whatever `total` says."""
    transport.answer(200, page("a", "b", identity=identity, total=total))

    items = [item async for item in listing(client)]

    assert [kind(**{identity: "a"}), kind(**{identity: "b"})] == items
    assert [LOCAL + path] == [draft.url for draft in transport.drafts]


@pytest.mark.parametrize(("listing", "kind", "identity", "path"), ONE_PAGE.values(), ids=ONE_PAGE)
async def test_an_empty_list_that_knows_no_pages_is_empty(listing, kind, identity, path, client, transport):
    """An empty answer of an endpoint without a page parameter yields no page after one request."""
    transport.answer(200, page())

    assert [] == [found async for found in listing(client).pages()]
    assert 1 == len(transport.drafts)


CURRENCIES = {
    "in the path": ("/api/v1/payment-method/{currency}", "AUD", "/api/v1/payment-method/AUD"),
    "in the middle of the path": ("/api/v1/{currency}/methods", "AUD", "/api/v1/AUD/methods"),
    "in the query": ("/api/v1/payment-method", "AUD", "/api/v1/payment-method?currency=AUD"),
    "odd, in the path": ("/api/v1/payment-method/{currency}", "A&B ?", "/api/v1/payment-method/A%26B%20%3F"),
    "odd, in the query": ("/api/v1/payment-method", "A&x=1/..#", "/api/v1/payment-method?currency=A%26x%3D1%2F..%23"),
}


@pytest.mark.parametrize(("template", "currency", "expected"), CURRENCIES.values(), ids=CURRENCIES)
async def test_the_currency_goes_where_the_users_template_wants_it(
    template, currency, expected, make_client, transport
):
    """The currency replaces `{currency}` in the user's path, or goes into the query if there is no such placeholder."""
    client = make_client(base_url=LOCAL, paths={"payment_methods.list": template})
    transport.answer(200, page("a", identity="payin_method_name"))

    await client.payment_methods.list(currency).page()

    assert LOCAL + expected == transport.drafts[0].url


@pytest.mark.parametrize("template", ["/api/v1/payment-method/{code}", "/api/v1/{currency}/{id}"])
async def test_a_template_that_asks_for_something_else_is_refused(template, make_client, transport):
    """A path with a placeholder that nothing fills raises `ConfigurationError`, and nothing is sent."""
    client = make_client(base_url=LOCAL, paths={"payment_methods.list": template})

    with pytest.raises(ConfigurationError):
        await client.payment_methods.list("AUD").page()

    assert [] == transport.drafts


@pytest.mark.promise("P11")
@pytest.mark.parametrize("currency", [None, 5.5, True, "\ud83d"], ids=ascii)
@pytest.mark.parametrize("template", ["/api/v1/payment-method", "/api/v1/payment-method/{currency}"])
async def test_a_currency_that_is_no_text_is_refused(template, currency, make_client, transport):
    """A currency of the wrong type raises `InvalidRequest` with its name as path, before anything is sent."""
    client = make_client(base_url=LOCAL, paths={"payment_methods.list": template})

    with pytest.raises(InvalidRequest) as caught:
        await client.payment_methods.list(currency).page()

    assert "currency" == caught.value.path
    assert [] == transport.drafts


SHAPES = {
    "a list": b"[%s]",
    "data": b'{"data":[%s]}',
    "items": b'{"items":[%s]}',
    "named after what it holds": b'{"payouts":[%s]}',
    "rows and a page number": b'{"page":1,"rows":[%s],"limit":20}',
    "a total beside": b'{"total":2,"results":[%s]}',
    "a total that is none": b'{"total":"many","results":[%s]}',
    "a total below zero": b'{"total":-1,"results":[%s]}',
    "an empty total": b'{"total":null,"results":[%s]}',
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_a_list_is_found_wherever_it_stands(shape, client, transport):
    """All usual formats of a list give the same items, since the provider documents none."""
    transport.answer(200, b'{"status":true,"data":%s}' % (shape % b'{"id":"a"},{"id":"b"}'))
    transport.answer(200, b'{"status":true,"data":[]}')

    assert ["a", "b"] == [payout.id async for payout in client.payouts.list()]


async def test_a_failing_page_ends_the_walk_with_its_error(client, transport):
    """Items of the pages before are yielded, then the error of the failed page is raised."""
    transport.answer(200, page("a", identity="id"))
    transport.answer(200, b'{"status":true,"data":{"nothing":1}}')
    walk = aiter(client.payouts.list())

    first = await anext(walk)
    with pytest.raises(InvalidResponse):
        await anext(walk)

    assert "a" == first.id


async def test_nothing_is_sent_before_it_is_asked_for(client, transport):
    """Making a pager sends no request."""
    for listing, *_ in [*LONG_LISTS.values(), *ONE_PAGE.values()]:
        listing(client)

    assert [] == transport.drafts


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("listing", "kind", "identity"), LONG_LISTS.values(), ids=LONG_LISTS)
@pytest.mark.parametrize("size", [0, -1])
def test_a_page_size_below_one_is_refused(listing, kind, identity, size, client):
    """A page size below 1 raises `InvalidRequest` when the pager is made."""
    with pytest.raises(InvalidRequest):
        listing(client, page_size=size)


def test_a_walk_counts_what_it_saw():
    """The next cursor has the next page number and the number of items so far."""
    first = Cursor().after(Page(items=[Customer(customer_id="a")], total=3), None)

    assert (2, 1, True, False) == (first.number, first.seen, first.has_new_items, first.is_over)


def test_a_walk_remembers_its_first_and_its_latest_page():
    """A cursor keeps the identities of two pages only, however long the list is."""
    walk = Cursor()
    for number in range(1, 6):
        walk = walk.after(Page(items=[Payout(id=f"{number}a"), Payout(id=f"{number}b")]), None)

    assert (6, 10, True, False) == (walk.number, walk.seen, walk.has_new_items, walk.is_over)
    assert {("1a",), ("1b",)} == walk.first
    assert {("5a",), ("5b",)} == walk.last


def test_items_without_identity_are_told_apart_by_all_they_hold():
    """Items with empty ids are equal only when all their fields are equal."""
    one, other = Payout(order_id="1"), Payout(order_id="2")
    start = Cursor().after(Page(items=[one]), None)

    assert start.after(Page(items=[other]), None).has_new_items
    assert not start.after(Page(items=[Payout(order_id="1")]), None).has_new_items


def test_items_of_a_kind_without_identity_are_told_apart_too():
    """Items of a type without an id field are compared by all their fields."""
    start = Cursor().after(Page(items=[RequiredField(name="bsb")]), None)

    assert start.after(Page(items=[RequiredField(name="iban")]), None).has_new_items
    assert not start.after(Page(items=[RequiredField(name="bsb")]), None).has_new_items


@given(
    pages=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=3), min_size=1, max_size=6),
    size=st.none() | st.integers(1, 4),
    behind=st.sampled_from(["begins again", "repeats the last", "empty"]),
)
def test_any_list_of_distinct_items_is_walked_whole_and_to_an_end(pages, size, behind):
    """Every item is yielded once, whatever the server sends after its last page; pages differ in size only when no page
    size was given.
    """
    transport, clock = FakeTransport(), FakeClock()
    names = [[f"{number}{item}" for item in sorted(set(ids))] for number, ids in enumerate(pages) if ids]
    if size is not None:
        names = [ids for ids in names[:-1] if len(ids) == len(names[0])] + names[-1:]
    tail = {"begins again": names[:1], "repeats the last": names[-1:], "empty": [[]]}[behind]
    for ids in [*names, *tail, []]:
        transport.answer(200, page(*ids, identity="id"))

    with PayCombat(token="snd_t", signature_key="snd_k", base_url=LOCAL, transport=transport, clock=clock) as client:
        found = [payout.id for payout in client.payouts.list(page_size=size)]

    assert [one for ids in names for one in ids] == found


def test_a_list_ends_with_its_total():
    """All pages together are counted: not a page more is asked for, and not one less."""
    items = [Customer(customer_id=f"c{number}") for number in range(5)]
    cursor, ended = Cursor(), []
    for size in (slice(0, 2), slice(2, 4), slice(4, 5)):
        cursor = cursor.after(Page(items=items[size], total=5), None)
        ended.append(cursor.is_over)

    assert [False, False, True] == ended
