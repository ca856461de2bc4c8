"""Records calls that must happen once in the intents store, before they are sent and when their outcome is known."""

import logging
import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct

from paycombat_async._engine.background import in_task
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
    StoreFailed,
)
from paycombat_async.intents.intent import Begun, Intent, Intents, IntentState, NewIntent, Settlement
from paycombat_async.telemetry.attributes import ENDPOINT, ERROR, endpoint_name

if TYPE_CHECKING:
    import asyncio

# The longest lease (time for sending) that is recorded is 32 years. A longer lease could end on a date that a store
# cannot hold.
_LONGEST_LEASE_S: Final = 1e9

# After the deadline of a call, its outcome can be written to the store for this number of seconds.
LEASE_MARGIN_S: Final = 5.0

_STATES: Final[Mapping[Outcome, IntentState]] = {
    Outcome.NOT_SENT: IntentState.NOT_SENT,
    Outcome.REJECTED: IntentState.REJECTED,
    Outcome.UNKNOWN: IntentState.UNKNOWN,
    Outcome.APPLIED: IntentState.APPLIED,
}
MODE: Final = "$mode"  # `Intent.expected["$mode"]` says if the recorded call was "live" or "sandbox"
_log: Final = logging.getLogger("paycombat")


class CallRecord(Struct, frozen=True):
    """The record, in the intents store, of a call that may be sent now.

    `attempt` counts the calls made with this reference, beginning with 1. The call must not be sent after `send_until`,
    in seconds since 1970. Monotonic seconds are not used, because the monotonic clock may stop while the machine is
    suspended. During the suspension, a person may decide the outcome of the record, and a call with a decided outcome
    must not be sent.
    """

    store: Intents
    endpoint: Endpoint[Any, Any]
    reference: str
    attempt: int
    send_until: float

    async def settle(self, state: IntentState, object_id: str | None = None, answer: RawReply | None = None) -> bool:
        """Writes the outcome to the store, and returns whether it was written.

        Returns False if the store raises an error, refuses the outcome, or takes more than `LEASE_MARGIN_S` seconds.
        These failures are logged and not raised, because the caller must get the result of the call. A slow store goes
        on writing in the background, also after a cancellation. A record without an outcome becomes UNKNOWN when its
        lease (the time for sending) ends.
        """
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        settlement = Settlement(
            endpoint=self.endpoint.name,
            reference=self.reference,
            attempt=self.attempt,
            state=state,
            evidence="answer",
            object_id=object_id,
            answer=None if answer is None else answer.body,
        )
        task = in_task(self._write(settlement))
        await asyncio.wait([task], timeout=LEASE_MARGIN_S)
        if not task.done():
            _log.warning("the outcome of a call is not recorded yet: %s", self.endpoint.name, extra=self._fields())
            return False
        return task.result()

    async def _write(self, settlement: Settlement) -> bool:
        try:
            is_recorded = await self.store.settle(settlement)
        except Exception as error:  # noqa: BLE001  # a user's store may raise anything; the call's result must not be lost
            name = type(error).__name__
            fields = {**self._fields(), ERROR: name}
            _log.warning("the outcome of a call is not recorded: %s (%s)", self.endpoint.name, name, extra=fields)
            return False
        if not is_recorded:
            text = "the outcome of a call does not fit its record, which stays as it is: %s"
            _log.warning(text, self.endpoint.name, extra=self._fields())
        return is_recorded

    def _fields(self) -> dict[str, str]:
        return {ENDPOINT: endpoint_name(self.endpoint.name)}

    async def settle_error(self, error: PayCombatError) -> bool:
        """Writes the outcome of a failed call to the store, and returns whether it was written."""
        return await self.settle(_STATES[error.outcome])

    def settle_cut(self, error: PayCombatError) -> None:
        """Writes the outcome of a cancelled call to the store in a new task, because a cancelled task must not wait."""
        import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # Without an event loop, nothing is written. The record becomes UNKNOWN when its lease ends.
            return
        in_task(self.settle_error(error))


class Lookup(NamedTuple):
    """The endpoint that retrieves the object created by a call, and the path parameter for the id of the object."""

    endpoint: Endpoint[None, Any]
    parameter: str


LOOKUPS: Final[Mapping[str, Lookup]] = {
    CREATE_PAYOUT.name: Lookup(RETRIEVE_PAYOUT, "id"),
    CREATE_PAYIN.name: Lookup(RETRIEVE_PAYIN, "id"),
    CREATE_CUSTOMER.name: Lookup(RETRIEVE_CUSTOMER, "customer_id"),
}


def object_id_of(data: object) -> str | None:
    """Returns the id of the object in an answer's data, or None if the data has no id."""
    names = identity_fields(type(data)) if isinstance(data, Struct) else ()
    return next((str(value) for name in names if (value := getattr(data, name))), None)


def reference_for(endpoint: Endpoint[Any, Any], request: object, given: str | None) -> str | None:
    """Returns the reference under which a call is recorded, or None if the call is not recorded.

    `given` is the argument `reference=` of the caller. Raises `InvalidRequest` if a required reference is missing, or
    if `given` differs from the reference in the request, because the same payout could then be sent twice under two
    references.
    """
    reference = None if endpoint.intent is IntentUse.NONE else reference_of(endpoint, request)
    if given is not None and reference not in {None, "", given}:
        raise InvalidRequest(
            f"{endpoint.name}: reference= differs from {endpoint.reference} in the request; leave one of them out",
            path=f"$.{endpoint.reference}",
        )
    if given is not None or endpoint.intent is IntentUse.NONE:
        return given
    if reference is None and endpoint.intent is IntentUse.REQUIRED:
        raise InvalidRequest(
            f"{endpoint.name}: with an intents store, {endpoint.reference} is required, since it makes the call unique",
            path=f"$.{endpoint.reference}",
        )
    return reference


def is_of_other_mode(intent: Intent, mode: tuple[str, ...]) -> bool:
    """Whether the recorded call and the client have different modes (sandbox or live). `mode` is the client's mode.

    Sandbox and live calls have the same host and often the same references. A sandbox payment must not be mistaken for
    the live payment with the same reference.
    """
    return intent.expected.get(MODE, mode) != mode


def mode_of(*, is_sandbox: bool) -> tuple[str, ...]:
    """Returns the mode of a client, as a record holds it in `Intent.expected["$mode"]`: ("sandbox",) or ("live",)."""
    return ("sandbox" if is_sandbox else "live",)


def new_intent(
    endpoint: Endpoint[Any, Any], request: object, reference: str, body: bytes, lease: float, *, is_sandbox: bool
) -> NewIntent:
    """Returns the record to store before a call is sent.

    `lease` is the number of seconds that the call may take. After that time, its outcome counts as unknown.
    """
    import socket  # noqa: PLC0415  # importing it takes 5 ms, needed only with a store

    return NewIntent(
        endpoint=endpoint.name,
        reference=reference,
        body_digest=body_digest(body),
        owner=f"{socket.gethostname()}:{os.getpid()}",
        lease=min(lease, _LONGEST_LEASE_S),
        expected={**expected_echoes(endpoint, request), MODE: mode_of(is_sandbox=is_sandbox)},
    )


async def open_record(
    store: Intents, endpoint: Endpoint[Any, Any], new: NewIntent, now: float, seconds: float
) -> CallRecord | Intent:
    """Records a call. Returns a `CallRecord` if the call may be sent now.

    Returns the `Intent` of an earlier call if that call had the same reference and body, and was carried out. `now` is
    in seconds since 1970, and `seconds` is the time left for the call. Raises `IntentInProgress`, `OutcomeUnknown`,
    `ReferenceReused` or `StoreFailed`. After an error, nothing may be sent.
    """

    def record_of(begun: Begun) -> CallRecord:
        return CallRecord(store, endpoint, new.reference, begun.intent.attempt, now + seconds)

    begun = await _begin(store, new, seconds, record_of)
    intent = begun.intent
    if begun.may_send:
        return record_of(begun)
    if is_of_other_mode(intent, new.expected[MODE]):
        raise ReferenceReused(
            f"{endpoint.name}: this reference belongs to a call in the other mode (sandbox or live); nothing was sent;"
            " use another store, or another account=, for each mode"
        )
    if intent.body_digest != new.body_digest:
        raise ReferenceReused(f"{endpoint.name}: this reference belongs to a call with another body; nothing was sent")
    if intent.state is IntentState.APPLIED:
        return intent
    if intent.state is IntentState.SENDING:
        raise _in_progress(endpoint, intent, now)
    raise OutcomeUnknown(
        f"{endpoint.name}: an earlier call with this reference may have been carried out; this one was not sent"
    )


def _in_progress(endpoint: Endpoint[Any, Any], intent: Intent, now: float) -> IntentInProgress:
    """Returns the error for a call whose reference belongs to another call that is still under way.

    Its `retry_after` says in how many seconds the lease of the other call ends, or is None if the record has no lease
    (a time for sending). Since the clocks of this machine and of the store may differ, `retry_after` is limited to
    values from 1 second to the length of the lease. `now` is in seconds since 1970.
    """
    until = intent.leased_until
    sentence = f"{endpoint.name}: a call with this reference is under way; this one was not sent"
    if until is None:
        return IntentInProgress(sentence)
    left = min(max(until.timestamp() - now, 1.0), (until - intent.created_at).total_seconds())
    return IntentInProgress(f"{sentence}; ask again in {math.ceil(left)} s", retry_after=left)


async def _begin(
    store: Intents,
    new: NewIntent,
    seconds: float,
    record_of: Callable[[Begun], CallRecord],
) -> Begun:
    """Records a call in the store. Raises `StoreFailed` if the store takes longer than `seconds`.

    After `StoreFailed` or a cancellation, the call is not sent, but the store goes on writing in the background. When
    the record is written, it gets the outcome NOT_SENT.
    """
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    task = in_task(store.begin(new))
    try:
        await asyncio.wait([task], timeout=seconds)
    except BaseException:
        in_task(_give_back(task, record_of))
        raise
    if task.done():
        try:
            return task.result()
        finally:
            del task  # breaks the reference cycle task -> error -> frame -> task, so that memory is freed at once
    in_task(_give_back(task, record_of))
    raise StoreFailed("the intents store did not answer before the deadline of the call; nothing was sent")


async def _give_back(task: "asyncio.Task[Begun]", record_of: Callable[[Begun], CallRecord]) -> None:
    """Waits until `task` has written its record, and gives the record the outcome NOT_SENT.

    The call of this record ended before it was sent.
    """
    import asyncio  # noqa: PLC0415  # importing it takes 30 ms, which code that only signs need not spend

    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is None and task.result().may_send:
        await record_of(task.result()).settle(IntentState.NOT_SENT)
