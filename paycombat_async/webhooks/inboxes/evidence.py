"""Webhooks as evidence: an event with the reference of a recorded call proves that the call was carried out.

An intent is the record of a call that moves money. It is written to an intents store before the call is sent.
"""

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

# The number of attempts to settle an intent. An attempt fails if the call itself changes the intent at the same time.
_TRIES: Final = 5
# For each type of event, the call that made the payin or payout, and the event's field with the merchant's reference.
_CALLS: Final = {
    "PAYIN": (CREATE_PAYIN.name, "order_reference"),
    "PAYOUT": (CREATE_PAYOUT.name, "order_id"),
}


class NamedCall(NamedTuple):
    """The call that an event names: its endpoint, such as "payouts.create", and the merchant's reference."""

    endpoint: str
    reference: str


def call_of(event: WebhookEvent) -> NamedCall | None:
    """Returns the call that made the event's payin or payout. Returns None if the event is about neither.

    Returns None, too, if the event's reference is missing, or if the reference or the event's id is invalid.
    """
    if event.type not in _CALLS:
        return None
    endpoint, field = _CALLS[event.type]
    reference = _field(event, field)
    if not isinstance(reference, str | int) or isinstance(reference, bool):
        return None
    try:
        # The event's id is checked, too, because the intents store keeps it as the object id and refuses invalid ids.
        check_reference(event.id or "none")
        return NamedCall(endpoint, check_reference(str(reference)))
    except InvalidRequest:  # a call with an invalid reference is refused, so it was not recorded
        return None


async def settle(intents: Intents | None, event: WebhookEvent) -> bool:
    """Sets the record of the call that the event names to APPLIED. Returns whether the event contradicts the record.

    There are three contradictions. If the record is APPLIED with another object id than the event's id, the record
    stays unchanged. If the record says that the call was refused or not sent, the record becomes APPLIED nevertheless,
    so that the call is not sent again. If the record has no object id yet, and the event's payout has another amount or
    currency, the record stays unchanged.

    Returns False if `intents` is None, if the event names no call, or if the store has no record of the call. If other
    code changes the record during each of 5 attempts, `settle` leaves the record as it is. Safe to repeat, with the
    same result. Raises `StoreFailed` if the store cannot be read or written.
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
    """Returns whether the event contradicts the record of the call that it names; see `settle`."""
    if intent.state is IntentState.APPLIED:
        is_another = None not in {intent.object_id, event.id} and intent.object_id != event.id
        # Without an id, such as after a person's word, only the amount tells whose payout the event is about.
        is_unfit = intent.object_id is None and not _fits(event, intent)
        return is_another or is_unfit or intent.evidence == _correction(event)
    return intent.state in FREE or not _fits(event, intent)


def _correction(event: WebhookEvent) -> str:
    """Returns the `evidence` of a record that this event changes from REJECTED or NOT_SENT to APPLIED.

    The evidence contains the event's key. By this key, `contradicts` recognizes the event when the provider sends it
    again, and reports the contradiction again. This is necessary because the inbox may have failed to store the event
    the first time.
    """
    return f"webhook {event.key}, after a refusal"


def _fits(event: WebhookEvent, intent: Intent) -> bool:
    """Returns whether the event can be about the call.

    A payout must have the amount and currency of the call. A payin always fits, because it may be paid in any amount.
    """
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
