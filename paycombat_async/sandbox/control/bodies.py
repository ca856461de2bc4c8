"""The queries and JSON bodies of control requests. Unknown fields are refused."""

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from paycombat_async.sandbox.traffic import KEPT

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=KEPT)]
Skip: TypeAlias = Annotated[int, Meta(ge=0, le=2**31)]
ObjectKind: TypeAlias = Literal["customers", "payins", "payouts", "virtual_accounts", "checkouts"]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters, or the body `{}`."""


class RequestsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests to show: at most the `limit` latest ones of those that fit all other parameters.

    `operation` is the endpoint's name, `search` is text anywhere in request or answer, `before` is a number: only
    older requests. With `brief`, they are shown without headers, body and answer.
    """

    limit: Limit = 100
    operation: str | None = None
    search: str = ""
    before: int | None = None
    brief: bool = False


class RequestQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which request to show."""

    number: int


class LedgerQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many entries to show: the `limit` latest ones, or all. Duplicates are looked for in all."""

    limit: Limit | None = None


class ObjectsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which objects to show: those of one kind that contain `search` anywhere, newest first."""

    kind: ObjectKind
    search: str = ""
    limit: Limit = 100
    skip: Skip = 0


class DeliveriesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries to show: at most the `limit` latest ones."""

    limit: Limit = 100


class Settle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to settle: `id` with `status`, or `checkout_id` with or without `payin_method_name`, or `all`.

    With `amount`, the payin `id` succeeds with a part of its amount.
    """

    id: str | None = None
    status: str | None = None
    amount: Decimal | None = None
    checkout_id: str | None = None
    payin_method_name: str | None = None
    all: bool = False


class MakeMove(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the `moves` that an object allows. `amount` is for pay_part, `payin_method_name` for a checkout."""

    id: str
    move: str
    amount: Decimal | None = None
    payin_method_name: str | None = None


class Deliver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sets URLs, sends webhooks again, and waits until all are sent (`drain`).

    An empty str as URL means that these webhooks are no longer sent. `resend` is the id of an object: its latest
    webhook is sent again. The others are numbers of deliveries: `again` sends it once more, `duplicate` twice at the
    same time, and `out_of_order` sends all webhooks about its object again, the newest first.
    """

    webhook_url: str | None = None
    va_webhook_url: str | None = None
    resend: str | None = None
    again: int | None = None
    duplicate: int | None = None
    out_of_order: int | None = None
    drain: bool = False


class SetFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of the faults: `calm` removes all, then `rates` replace the rates, then `next` are queued.

    `change_rates` changes only the given rates; 0 removes one. With `operation`, the faults in `next` are for this
    operation. None in `next` is a request without a fault.
    """

    calm: bool = False
    rates: dict[str, float] | None = None
    change_rates: dict[str, float] | None = None
    operation: str | None = None
    next: list[str | None] | None = None


class MoveClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many seconds to move the time forward."""

    advance: float
