"""The events of webhooks. Each of the provider's webhook pages has a class, and all other events are `UnknownEvent`.

match event:
    case PayinSucceeded(payin=payin): ...
"""

from typing import Final, TypeAlias

from msgspec import Struct, field

from paycombat_async._signing import content_digest
from paycombat_async.schemas._data import shown_value
from paycombat_async.schemas.payins import Payin, VirtualAccount, VirtualAccountStatus
from paycombat_async.schemas.payouts import Payout

# The decoder replaces invalid bytes and lone surrogates by this character, so that two different ids may become equal.
REPLACED: Final = "\ufffd"


class _Event(Struct, frozen=True, kw_only=True, gc=False):
    """The base class of all events. `payload` is the verified body, with every field, including personal data."""

    payload: bytes

    @property
    def id(self) -> str | None:
        """The provider's id of the payin, payout or virtual account, or None if it is missing."""
        return None

    @property
    def type(self) -> str | None:
        """PAYIN or PAYOUT, as the provider writes it, or None if the provider leaves it out."""
        return None

    @property
    def status(self) -> str | None:
        """The status of the object, as the provider writes it, or None if it is missing."""
        return None

    @property
    def key(self) -> str:
        """A str that is the same for every delivery of this event. Use it to process an event only once.

        The key consists of the type, id and status, because the provider sends neither a time nor an id of the event.
        If the id is missing or damaged, the key is a digest of `payload`.
        """
        return self._key(self.type or "")

    def _key(self, subject: str) -> str:
        if not self.id or REPLACED in self.id:
            return _digest_key(self.payload)
        return f"{subject}:{self.id}:{self.status}"

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:  # overrides the method that msgspec gives every Struct
        """Returns the fields that the repr shows: only fields without personal data, because programs log events."""
        return [("type", shown_value(self.type)), ("id", shown_value(self.id)), ("status", shown_value(self.status))]


class _PayinEvent(_Event, frozen=True, kw_only=True):
    payin: Payin

    @property
    def id(self) -> str | None:
        return self.payin.id or None

    @property
    def type(self) -> str | None:
        return self.payin.type

    @property
    def status(self) -> str | None:
        return self.payin.status


class PayinSucceeded(_PayinEvent, frozen=True, kw_only=True):
    """The payin is paid. Before you release goods, retrieve the payin and compare its amount.

    The event alone is not enough, because somebody may have sent an old webhook again.
    """


class PayinFailed(_PayinEvent, frozen=True, kw_only=True):
    """The payin failed.

    The provider's page for this event shows the body of a payout event. Such a body is decoded as `PayoutFailed`.
    """


class PayinExpired(_PayinEvent, frozen=True, kw_only=True):
    """Nobody paid the payin in time."""


class _PayoutEvent(_Event, frozen=True, kw_only=True):
    payout: Payout

    @property
    def id(self) -> str | None:
        return self.payout.id or None

    @property
    def type(self) -> str | None:
        return self.payout.type

    @property
    def status(self) -> str | None:
        return self.payout.status


class PayoutSucceeded(_PayoutEvent, frozen=True, kw_only=True):
    """The payout is paid. It may still be returned later."""


class PayoutFailed(_PayoutEvent, frozen=True, kw_only=True):
    """The payout failed."""


class PayoutReturned(_PayoutEvent, frozen=True, kw_only=True):
    """The beneficiary's bank returned the payout."""


class VirtualAccountRegistered(_Event, frozen=True, kw_only=True):
    """The registration of a virtual account (KRW) was approved or refused, as `is_approved` says.

    Only the status is documented, so `data` holds all fields that were received.
    """

    virtual_account: VirtualAccount
    data: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def id(self) -> str | None:
        return self.virtual_account.id or None

    @property
    def status(self) -> str | None:
        return self.virtual_account.status

    @property
    def key(self) -> str:
        return self._key("VIRTUAL_ACCOUNT")

    @property
    def is_approved(self) -> bool:
        """Whether the virtual account can receive payins."""
        return self.status == VirtualAccountStatus.APPROVED


class UnknownEvent(_Event, frozen=True, kw_only=True):
    """A correctly signed webhook with content that is not documented or contradicts itself.

    For example, it has an unknown status, or it reports a payout with SUCCESS that was not approved. Retrieve the
    object before you act on such an event.
    """

    data: dict[str, object]

    @property
    def id(self) -> str | None:
        return self._text("id")

    @property
    def type(self) -> str | None:
        return self._text("type")

    @property
    def status(self) -> str | None:
        return self._text("status")

    @property
    def key(self) -> str:
        """A digest of `payload`. Therefore a contradictory event never counts as a delivery of the regular event."""
        return _digest_key(self.payload)

    def _text(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) and value else None


WebhookEvent: TypeAlias = (
    PayinSucceeded
    | PayinFailed
    | PayinExpired
    | PayoutSucceeded
    | PayoutFailed
    | PayoutReturned
    | VirtualAccountRegistered
    | UnknownEvent
)


def _digest_key(payload: bytes) -> str:
    return f"payload:{content_digest(payload)}"
