"""What an error means for the row that met it: its state, and the reason in words."""

from paycombat_async._printable import printable
from paycombat_async.batch.journal.journal import State
from paycombat_async.batch.rows.row import reason_of
from paycombat_async.errors import ApiError, InvalidRequest, Outcome, PayCombatError

_STATES = {
    Outcome.NOT_SENT: State.FAILED,
    Outcome.REJECTED: State.FAILED,
    Outcome.UNKNOWN: State.UNKNOWN,
    Outcome.APPLIED: State.DONE,
}


def state_after(error: PayCombatError) -> State:
    """Where the row stands; the outcome decides, not the kind of error."""
    return _STATES[error.outcome]


def shown(error: PayCombatError) -> str:
    """The reason for the operator, in the provider's own words where it gave some: the row is before them anyway."""
    words = error.message if isinstance(error, ApiError) else None
    return printable(f"{kept(error)} ({words})" if words and words not in str(error) else kept(error))


def kept(error: PayCombatError) -> str:
    """The reason for the journal: never the provider's words, which may quote personal data."""
    return reason_of(error) if isinstance(error, InvalidRequest) else printable(str(error))
