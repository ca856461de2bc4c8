"""Webhooks as evidence: an event that names a recorded call proves that the call was carried out."""

from typing import Final, NamedTuple

from paycombat_async._json.decoding import UndecodableData
from paycombat_async._protocol.decode import decode
from paycombat_async._protocol.echo import fits_expected
from paycombat_async.endpoints import CREATE_PAYIN, CREATE_PAYOUT
from paycombat_async.errors import InvalidRequest
from paycombat_async.intents.intent import FREE, UNRESOLVED, Intent, Intents, IntentState, Settlement, check_reference
from paycombat_async.schemas.events import (
    PayinExpired,
    PayinFailed,
    PayinSucceeded,
    PayoutFailed,
    PayoutReturned,
    PayoutSucceeded,
    UnknownEvent,
    WebhookEvent,
)
from paycombat_async.schemas.payouts import Payout

_TRIES: Final = 5  # attempts, as the call itself may change the record at the same time
# By type of event: the call that made the payin or payout, and the event's field with the merchant's reference of it.
_CALLS: Final = {
    "PAYIN": (CREATE_PAYIN.name, "order_reference"),
    "PAYOUT": (CREATE_PAYOUT.name, "order_id"),
}


class NamedCall(NamedTuple):
    """A call that an event names: its endpoint, as in "payouts.create", and the merchant's reference."""

    endpoint: str
    reference: str


def call_of(event: WebhookEvent) -> NamedCall | None:
    """Returns the call that made the event's payin or payout; None if the event has no reference of a call."""
    if event.type not in _CALLS:
        return None
    endpoint, field = _CALLS[event.type]
    reference = _field(event, field)
    if not isinstance(reference, str | int) or isinstance(reference, bool):
        return None
    try:
        check_reference(event.id or "none")  # no store could keep it as the id of the object
        return NamedCall(endpoint, check_reference(str(reference)))
    except InvalidRequest:  # calls with an invalid reference are refused, so none was recorded
        return None


async def settle(intents: Intents | None, event: WebhookEvent) -> bool:
    """Records the call that the event names as APPLIED, and returns whether the event contradicts the record.

    The event contradicts a record with another object id, and one that says that the call was refused or not sent; the
    latter is corrected, so that the call is not sent again. A payout with another amount or currency contradicts an
    unresolved record, which stays unresolved. Safe to repeat, with the same result. Raises `StoreFailed`.
    """
    call = call_of(event)
    if intents is None or call is None:
        return False
    is_contradicted = False
    for _ in range(_TRIES):
        intent = await _find(intents, call)
        if intent is None:
            return False
        is_contradicted = contradicts(event, intent)
        if intent.state is IntentState.APPLIED or (is_contradicted and intent.state in UNRESOLVED):
            return is_contradicted
        settlement = Settlement(
            endpoint=call.endpoint,
            reference=call.reference,
            attempt=intent.attempt,
            state=IntentState.APPLIED,
            evidence=_correction(event) if is_contradicted else "webhook",
            object_id=event.id,
        )
        if await intents.settle(settlement):
            return is_contradicted
    return is_contradicted


def contradicts(event: WebhookEvent, intent: Intent) -> bool:
    """Whether the event contradicts the record of the call that it names."""
    if intent.state is IntentState.APPLIED:
        is_another = None not in {intent.object_id, event.id} and intent.object_id != event.id
        return is_another or intent.evidence == _correction(event)
    return intent.state in FREE or not _fits(event, intent)


def _correction(event: WebhookEvent) -> str:
    """Returns the evidence of a record that was FREE until this event.

    It names the event, so that its next delivery contradicts the record, too: the first one may not have been stored.
    """
    return f"webhook {event.key}, after a refusal"


def _fits(event: WebhookEvent, intent: Intent) -> bool:
    """Whether the event can be about the call: a payout has its amount and currency, a payin is paid in any amount."""
    if event.type != "PAYOUT":
        return True
    try:
        payout = decode(Payout, event.payload)[0]
    except UndecodableData:
        return True
    sent = intent.expected
    amounts = {name: sent.get("wire_amount", ()) for name in ("wire_amount", "original_amount")}
    known = [name for name in amounts if getattr(payout, name) is not None and amounts[name]]
    is_same_amount = not known or any(fits_expected(payout, {name: amounts[name]}) for name in known)
    return is_same_amount and fits_expected(payout, {"currency": sent["currency"]} if "currency" in sent else {})


async def _find(intents: Intents, call: NamedCall) -> Intent | None:
    found = await intents.find(call.reference)
    return next((intent for intent in found if intent.endpoint == call.endpoint), None)


def _field(event: WebhookEvent, name: str) -> object:
    match event:
        case PayinSucceeded(payin=data) | PayinFailed(payin=data) | PayinExpired(payin=data):
            return getattr(data, name)
        case PayoutSucceeded(payout=data) | PayoutFailed(payout=data) | PayoutReturned(payout=data):
            return getattr(data, name)
        case UnknownEvent(data=fields):
            return fields.get(name)
        case _:
            return None
