"""The queries and JSON bodies of control requests. Unknown fields are refused."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from paycombat_async.sandbox.arrivals import KEPT

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=KEPT)]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters, or the body `{}`."""


class RequestsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests to show: at most the `limit` latest ones, of one `operation` or of all."""

    limit: Limit = 100
    operation: str | None = None


class DeliveriesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries to show: at most the `limit` latest ones."""

    limit: Limit = 100


class Settle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to settle: `id` with `status`, or `checkout_id` with or without `payin_method_name`, or `all`."""

    id: str | None = None
    status: str | None = None
    checkout_id: str | None = None
    payin_method_name: str | None = None
    all: bool = False


class Deliver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sets URLs, sends the latest webhook about the object `resend` again, and waits until all are sent (`drain`).

    An empty str as URL means that these webhooks are no longer sent.
    """

    webhook_url: str | None = None
    va_webhook_url: str | None = None
    resend: str | None = None
    drain: bool = False


class SetFaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of the faults: `calm` removes all, then `rates` replace the rates, then `next` are queued.

    With `operation`, the faults in `next` are for this operation. None in `next` is a request without a fault.
    """

    calm: bool = False
    rates: dict[str, float] | None = None
    operation: str | None = None
    next: list[str | None] | None = None


class MoveClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many seconds to move the time forward."""

    advance: float
