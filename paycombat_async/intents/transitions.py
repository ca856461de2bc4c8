"""The rules for changing the record of a call, as pure functions. The PostgreSQL store has the same rules in SQL."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from paycombat_async._printable import printable
from paycombat_async.errors import ConfigurationError
from paycombat_async.intents.intent import FREE, UNRESOLVED, Intent, IntentState, NewIntent, Settlement

_TIMES: Final = ("created_at", "settled_at", "leased_until")
_MOST_SHOWN: Final = 400  # characters: an endpoint and the longest reference


class Record(Struct, frozen=True):
    """An intent (the record of a call), and the end of its lease: the time until which the call may be under way."""

    intent: Intent
    leased_until: datetime

    def at(self, now: datetime) -> Intent:
        """Returns the intent as it is at the time `now`.

        A SENDING intent is returned with the end of its lease or, if the lease is over, as UNKNOWN. A lease also counts
        as over if the record was created after `now` by more than the length of the lease. Such a record means that the
        clock was set back. Without this rule, the call would count as under way until the clock reaches the time of the
        record again.
        """
        begun = self.intent.created_at
        is_over = self.leased_until <= now or begun - now > self.leased_until - begun
        if is_over and self.intent.state is IntentState.SENDING:
            return msgspec.structs.replace(self.intent, state=IntentState.UNKNOWN, leased_until=None)
        return self.as_stored()

    def as_stored(self) -> Intent:
        """Returns the intent with the end of its lease if its state is SENDING, whatever the time is."""
        if self.intent.state is not IntentState.SENDING:
            return self.intent
        return msgspec.structs.replace(self.intent, leased_until=self.leased_until)


class DamagedRecord(Exception):
    """A row that no release of paycombat has written. The text is the problem for the store's own error."""


# Any is used because a database's values have no static types.
def record_of(row: Sequence[Any], moment: Callable[[Any], datetime]) -> Record:
    """Returns the record that a row of a database contains. Raises `DamagedRecord` if a value has the wrong type.

    The row has the fields in the order in which `Intent` declares them, with `expected` as JSON. `moment` turns the
    database's times into UTC.
    """
    values = dict(zip(Intent.__struct_fields__, row, strict=True))
    try:
        values["expected"] = msgspec.json.decode(values["expected"])
        for name in _TIMES:
            values[name] = None if values[name] is None else moment(values[name])
        intent = msgspec.convert(values, Intent, builtin_types=(bytes, datetime))
        lease = msgspec.convert(intent.leased_until, datetime, builtin_types=(datetime,))
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, OSError, AttributeError):
        # The error is raised below, because it must not have this exception, which may quote the row, as its context.
        pass
    else:
        return Record(msgspec.structs.replace(intent, leased_until=None), lease)
    name = printable(f"{values['endpoint']} {values['reference']}", limit=_MOST_SHOWN)
    raise DamagedRecord(
        f"contains a record that cannot be read ({name}); it is the evidence of payments: repair it before you send"
        " any more"
    )


def begin(standing: Record | None, new: NewIntent, account: str, now: datetime) -> Record | None:
    """Returns the record to write if the call may be sent, else None.

    `standing` is the existing record of the call, or None if there is no record.
    """
    if standing is not None and standing.intent.state not in FREE:
        return None
    intent = Intent(
        account=account,
        endpoint=new.endpoint,
        reference=new.reference,
        state=IntentState.SENDING,
        attempt=1 if standing is None else standing.intent.attempt + 1,
        body_digest=new.body_digest,
        created_at=now,
        expected=new.expected,
    )
    return Record(intent, now + timedelta(seconds=new.lease))


def settle(standing: Record | None, settlement: Settlement, now: datetime) -> Record | None:
    """Returns the record to write: `standing`, the existing record of the call, with the outcome from `settlement`.

    If the record is already APPLIED but has no answer, the answer is added. Returns None if nothing is to be written,
    because there is no record, the record has another attempt number, or its state is final.
    """
    if standing is None or standing.intent.attempt != settlement.attempt:
        return None
    if _completes(standing.intent, settlement):
        object_id = settlement.object_id or standing.intent.object_id
        completed = msgspec.structs.replace(standing.intent, object_id=object_id, answer=settlement.answer)
        return msgspec.structs.replace(standing, intent=completed)
    is_correction = settlement.state is IntentState.APPLIED and standing.intent.state in FREE
    if standing.intent.state not in UNRESOLVED and not is_correction:
        return None
    settled = msgspec.structs.replace(
        standing.intent,
        state=settlement.state,
        settled_at=None if settlement.state in UNRESOLVED else now,
        object_id=settlement.object_id or standing.intent.object_id,
        evidence=settlement.evidence,
        answer=settlement.answer,
        leased_until=None,
    )
    return msgspec.structs.replace(standing, intent=settled)


def _completes(intent: Intent, settlement: Settlement) -> bool:
    """Returns whether the settlement only adds a missing answer to a record that is already APPLIED.

    A record has no answer if a webhook, the provider's list or a person has settled it.
    """
    is_applied = intent.state is settlement.state is IntentState.APPLIED
    is_same = not settlement.object_id or intent.object_id in {None, settlement.object_id}
    return is_applied and is_same and intent.answer is None and settlement.answer is not None


class Move(NamedTuple):
    """The result of a request to a store to move records to another account.

    `under_way` is the number of calls that may be in progress. `shared` is the number of calls that are recorded for
    both accounts. If both numbers are 0, `moved` records were moved. If a number is not 0, no record was moved, and
    `moved` has no meaning.
    """

    under_way: int
    shared: int
    moved: int

    def total(self, source: str, target: str) -> int:
        """Returns how many records were moved. Raises `ConfigurationError` if `under_way` or `shared` is not 0.

        `source` and `target` are the names of the accounts, for the message of the error.
        """
        if self.under_way:
            raise ConfigurationError(
                f"{self.under_way} of the calls of the account {source} may be under way; stop the programs that use"
                " it, and wait until the deadline of these calls is over; nothing was moved"
            )
        if self.shared:
            raise ConfigurationError(
                f"the accounts {source} and {target} both have a record of {self.shared} of the calls"
                " (same endpoint and reference); nothing was moved"
            )
        return self.moved


def is_in(state: IntentState, record: Record, older_than: float, now: datetime) -> bool:
    """Returns whether the record is in this state at the time `now` and is at least `older_than` seconds old.

    A record that was created after `now`, because the clock was set back, counts as old, so that it is not overlooked.
    """
    begun = record.intent.created_at
    is_old = begun <= now - timedelta(seconds=older_than) or begun > now
    return is_old and record.at(now).state is state
