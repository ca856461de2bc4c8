"""Decodes lists: an array, or an object that contains the array, because the provider does not document the shape."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Raw, Struct

from paycombat_async._json.decoding import DECODE_ERRORS, UndecodableData, decode_repaired, decoder
from paycombat_async._protocol.drift import DriftKind, FieldIssue

R = TypeVar("R")

_ITEM_KEYS = (
    *("data", "items", "results", "rows", "list", "records", "docs"),
    *("customers", "payouts", "checkouts", "payin_methods", "payout_methods", "payment_methods", "methods"),
)
# "count" is not among these names of the total, because it may be the number of items on one page alone. The SDK would
# take that number for the total and stop after the first page.
_TOTAL_KEYS = ("total", "total_count", "totalCount", "total_items", "total_records")
_LIST_OR_OBJECT: msgspec.json.Decoder[list[Raw] | dict[str, Raw]] = msgspec.json.Decoder(list[Raw] | dict[str, Raw])


def decode_page(
    kind: type[R], data: bytes | Raw, path: str, decode_item: Callable[..., tuple[Struct, list[FieldIssue] | None]]
) -> tuple[R, list[FieldIssue] | None]:
    """Returns the page in `data`, and a list of its drift (how it differs from the documented schema).

    The list is empty if all items were checked and none has drift. The list is None if some items were not checked and
    the checked ones have no drift. `decode_item` decodes one item, and returns the item and its drift, or None in place
    of the drift if it has not checked the item. An item that is not an object is left out, which is reported as drift.
    Raises `UndecodableData` if `data` contains no list.
    """
    item_kind = get_args(kind)[0]
    raws, total = _items_and_total(data)
    items: list[Struct] = []
    notes: list[FieldIssue] = []
    looked = True
    for index, raw in enumerate(raws):
        where = f"{path}[{index}]"
        try:
            item, found = decode_item(item_kind, raw, where)
        except UndecodableData:
            notes.append(FieldIssue(where, DriftKind.WRONG_TYPE, "expected an object"))
        else:
            items.append(item)
            looked = looked and found is not None
            notes += found or []
    page: Any = kind(items=items, total=total, unread=len(raws) - len(items))  # type: ignore[call-arg]  # R is always a Page[...], which the caller checks
    return page, notes if looked or notes else None


def _items_and_total(data: bytes | Raw) -> tuple[list[Raw], int | None]:
    try:
        found = decode_repaired(_LIST_OR_OBJECT, data)
    except UndecodableData:
        raise UndecodableData("neither a list nor an object holding one") from None
    if not isinstance(found, dict):
        return found, None
    totals = (_count(found[key]) for key in _TOTAL_KEYS if key in found)
    total = next((total for total in totals if total is not None), None)
    for key in _ITEM_KEYS:
        if bytes(found.get(key, b"")).lstrip().startswith(b"["):
            return decoder(list[Raw]).decode(found[key]), total
    raise UndecodableData("no list in it")


def _count(raw: Raw) -> int | None:
    try:
        number = decoder(int).decode(raw)
    except DECODE_ERRORS:
        return None
    return number if number >= 0 else None
