"""What an error means for the row that met it: its state, and the reason in words."""

from paycombat_async._printable import printable
from paycombat_async.batch.journal.journal import RowState
from paycombat_async.batch.rows.row import reason_of
from paycombat_async.errors import ApiError, InvalidRequest, Outcome, PayCombatError

_STATES = {
    Outcome.NOT_SENT: RowState.FAILED,
    Outcome.REJECTED: RowState.FAILED,
    Outcome.UNKNOWN: RowState.UNKNOWN,
    Outcome.APPLIED: RowState.DONE,
}


def state_after(error: PayCombatError) -> RowState:
    """Where the row stands; the outcome decides, not the kind of error."""
    return _STATES[error.outcome]


def display_reason(error: PayCombatError) -> str:
    """The reason for the operator, in the provider's own words where it gave some: the row is before them anyway."""
    words = error.message if isinstance(error, ApiError) else None
    return printable(
        f"{journal_reason(error)} ({words})" if words and words not in str(error) else journal_reason(error)
    )


def journal_reason(error: PayCombatError) -> str:
    """The reason for the journal: never the provider's words, which may quote personal data."""
    return reason_of(error) if isinstance(error, InvalidRequest) else printable(str(error))
