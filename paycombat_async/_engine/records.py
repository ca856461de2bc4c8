"""Calls under an intents store: written down before they are sent, settled when their outcome is known."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct

from paycombat_async._protocol.decode import identity_fields
from paycombat_async._protocol.echo import expected_echoes, reference_of
from paycombat_async._protocol.messages import RawReply
from paycombat_async._signing import body_digest
from paycombat_async.endpoints import (
    CREATE_CUSTOMER,
    CREATE_PAYIN,
    CREATE_PAYOUT,
    RETRIEVE_CUSTOMER,
    RETRIEVE_PAYIN,
    RETRIEVE_PAYOUT,
    Endpoint,
    IntentUse,
)
from paycombat_async.errors import (
    IntentInProgress,
    InvalidRequest,
    Outcome,
    OutcomeUnknown,
    PayCombatError,
    ReferenceReused,
)
from paycombat_async.intents.intent import Intent, Intents, IntentState, NewIntent, Settlement

if TYPE_CHECKING:
    import asyncio

LEASE_MARGIN_S: Final = 5.0  # beyond the deadline of the call, for the way from its end to the store
_STATES: Final[Mapping[Outcome, IntentState]] = {
    Outcome.NOT_SENT: IntentState.NOT_SENT,
    Outcome.REJECTED: IntentState.REJECTED,
    Outcome.UNKNOWN: IntentState.UNKNOWN,
    Outcome.APPLIED: IntentState.APPLIED,
}
_log: Final = logging.getLogger("paycombat")
_settling: "set[asyncio.Task[bool]]" = set()  # tasks that nobody awaits would otherwise be collected


@dataclass(frozen=True, slots=True)
class CallRecord:
    """The record of the call that may be sent now: one attempt under its reference."""

    store: Intents
    endpoint: Endpoint[Any, Any]
    reference: str
    attempt: int

    async def settle(self, state: IntentState, object_id: str | None = None, answer: RawReply | None = None) -> bool:
        """Writes the outcome down. False if that failed, which is logged and never raised: the answer is there.

        The record then becomes UNKNOWN when its lease is over.
        """
        settlement = Settlement(
            endpoint=self.endpoint.name,
            reference=self.reference,
            attempt=self.attempt,
            state=state,
            evidence="answer",
            object_id=object_id,
            answer=None if answer is None else answer.body,
        )
        try:
            is_recorded = await self.store.settle(settlement)
        except Exception as error:  # noqa: BLE001  # the store may be foreign code, and the call has its result
            _log.warning("the outcome of a call is not recorded: %s (%s)", self.endpoint.name, type(error).__name__)
            return False
        if not is_recorded:
            _log.warning("the outcome of a call came too late for its record: %s", self.endpoint.name)
        return is_recorded

    async def settle_error(self, error: PayCombatError) -> bool:
        """Writes the outcome of a failed call down."""
        return await self.settle(_STATES[error.outcome])

    def settle_cut(self, error: PayCombatError) -> None:
        """Writes the outcome of a cancelled call down in a task of its own: the cancelled one must not wait."""
        import asyncio  # noqa: PLC0415  # 30 ms that those who only sign need not wait for

        try:
            task = asyncio.get_running_loop().create_task(self.settle_error(error))
        except RuntimeError:  # the loop is closed: the lease does it
            return
        _settling.add(task)
        task.add_done_callback(_settling.discard)


class Lookup(NamedTuple):
    """The endpoint that shows what a call has made, and the name of its id in the path."""

    endpoint: Endpoint[None, Any]
    parameter: str


LOOKUPS: Final[Mapping[str, Lookup]] = {
    CREATE_PAYOUT.name: Lookup(RETRIEVE_PAYOUT, "id"),
    CREATE_PAYIN.name: Lookup(RETRIEVE_PAYIN, "id"),
    CREATE_CUSTOMER.name: Lookup(RETRIEVE_CUSTOMER, "customer_id"),
}


def object_id_of(data: object) -> str | None:
    """The id of the object in an answer; None if it has none."""
    names = identity_fields(type(data)) if isinstance(data, Struct) else ()
    return next((str(value) for name in names if (value := getattr(data, name))), None)


async def settled() -> None:
    """Waits until the outcomes of the running loop's cancelled calls are written down."""
    import asyncio  # noqa: PLC0415  # see above

    loop = asyncio.get_running_loop()
    if own := [task for task in _settling if task.get_loop() is loop]:
        await asyncio.wait(own)


def reference_for(endpoint: Endpoint[Any, Any], request: object, given: str | None) -> str | None:
    """The reference under which a call is recorded; None for a call that is not. Raises `InvalidRequest`."""
    if given is not None:
        return given
    if endpoint.intent is IntentUse.NONE:
        return None
    reference = reference_of(endpoint, request)
    if reference is None and endpoint.intent is IntentUse.REQUIRED:
        raise InvalidRequest(
            f"{endpoint.name}: with an intents store, {endpoint.reference} is required, since it makes the call unique",
            path=f"$.{endpoint.reference}",
        )
    return reference


def new_intent(endpoint: Endpoint[Any, Any], request: object, reference: str, body: bytes, lease: float) -> NewIntent:
    """What is written down of a call before it is sent. `lease` is in seconds from now."""
    import socket  # noqa: PLC0415  # 5 ms: not for those who have no store

    return NewIntent(
        endpoint=endpoint.name,
        reference=reference,
        body_digest=body_digest(body),
        owner=f"{socket.gethostname()}:{os.getpid()}",
        lease=lease,
        expected=expected_echoes(endpoint, request),
    )


async def open_record(store: Intents, endpoint: Endpoint[Any, Any], new: NewIntent) -> CallRecord | Intent:
    """The record of a call that may be sent now, or the record of one that was carried out before with this body.

    Raises `IntentInProgress`, `OutcomeUnknown`, `ReferenceReused`, `StoreFailed`; nothing may be sent then.
    """
    begun = await store.begin(new)
    intent = begun.intent
    if begun.may_send:
        return CallRecord(store, endpoint, new.reference, intent.attempt)
    if intent.body_digest != new.body_digest:
        raise ReferenceReused(f"{endpoint.name}: this reference belongs to a call with another body; nothing was sent")
    if intent.state is IntentState.APPLIED:
        return intent
    if intent.state is IntentState.SENDING:
        raise IntentInProgress(f"{endpoint.name}: a call with this reference is under way; this one was not sent")
    raise OutcomeUnknown(
        f"{endpoint.name}: an earlier call with this reference may have been carried out; this one was not sent"
    )
