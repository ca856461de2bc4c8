"""The types of the queries and JSON bodies that the control interface (`/_sandbox/`) accepts.

Unknown fields are refused.
"""

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from paycombat_async.sandbox.traffic import KEPT

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=KEPT)]
Skip: TypeAlias = Annotated[int, Meta(ge=0, le=2**31)]
ObjectKind: TypeAlias = Literal["customers", "payins", "payouts", "virtual_accounts", "checkouts"]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty query, or the JSON body `{}`."""


class RequestsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Selects received requests: the latest `limit` ones that match all other parameters.

    `operation` is the name of an endpoint. `search` is a text anywhere in the request or its response. `before` is the
    number of a request and selects older ones. With `brief`, the result has no headers, bodies and responses.
    """

    limit: Limit = 100
    operation: str | None = None
    search: str = ""
    before: int | None = None
    brief: bool = False


class RequestQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Selects one received request by its number."""

    number: int


class LedgerQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for the latest `limit` entries of the ledger, or for all entries if `limit` is None.

    Duplicate payins and payouts are always searched for in the whole ledger.
    """

    limit: Limit | None = None


class ObjectsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for the objects of one kind, such as payins, that contain the text `search` anywhere, newest first."""

    kind: ObjectKind
    search: str = ""
    limit: Limit = 100
    skip: Skip = 0


class DeliveriesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Selects the latest `limit` webhook deliveries."""

    limit: Limit = 100


class Settle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says which status to change: that of one object (`id` and `status`), of one checkout, or of everything.

    `id` is moved to `status`; with `amount`, a payin succeeds with this part of its amount. `checkout_id` is paid, with
    the payin method `payin_method_name` if it is set. `all` moves all pending objects to success, and pays all
    checkouts.
    """

    id: str | None = None
    status: str | None = None
    amount: Decimal | None = None
    checkout_id: str | None = None
    payin_method_name: str | None = None
    all: bool = False


class MakeMove(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the actions in the `moves` of an object, for the object with this `id`.

    `amount` is for the move "pay_part", and `payin_method_name` for the moves of a checkout.
    """

    id: str
    move: str
    amount: Decimal | None = None
    payin_method_name: str | None = None


class Deliver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes the webhook URLs and sends webhooks again. With `drain`, waits until all webhooks have been sent.

    If a URL is an empty str, its webhooks are no longer sent. `resend` is the id of an object, whose latest webhook is
    sent again. `again`, `duplicate` and `out_of_order` are the number of a delivery. `again` sends it once more,
    `duplicate` twice at the same time, and `out_of_order` sends all webhooks about its object again, newest first.
    """

    webhook_url: str | None = None
    va_webhook_url: str | None = None
    resend: str | None = None
    again: int | None = None
    duplicate: int | None = None
    out_of_order: int | None = None
    drain: bool = False


class SetFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes the faults, in this order.

    `calm` removes all faults. `rates` replaces all rates. `change_rates` changes only the given rates, and 0 removes
    one. `next` queues faults for the next requests: those of `operation`, or all if it is None. The value None in
    `next` stands for a request without a fault.
    """

    calm: bool = False
    rates: dict[str, float] | None = None
    change_rates: dict[str, float] | None = None
    operation: str | None = None
    next: list[str | None] | None = None


class MoveClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Moves the sandbox's time forward by `advance` seconds."""

    advance: float
