"""Recorded calls that must happen once: what is not certain, and how it becomes certain."""

from paycombat_async.errors import Outcome
from paycombat_async.intents.intent import Intent
from paycombat_async.resources import intents
from paycombat_async.resources.intents import ReconcileReport
from paycombat_sync._runner import Runner


class IntentRecords:
    """`client.intents`: the calls that the client's store has recorded for its account."""

    def __init__(self, runner: Runner, resource: intents.IntentRecords) -> None:
        self._runner = runner
        self._async = resource

    def reconcile(self, *, older_than: float = 0) -> ReconcileReport:
        """Looks for unknown payouts and customers in the provider's lists, and settles those that are there.

        Only records that are at least `older_than` seconds old are looked for. An object fits if its reference is the
        same and no amount, currency or other repeated field differs. Payins have no list, so they stay as they are.
        Nothing is ever sent again. Raises what listing raises, and `StoreFailed`.
        """
        return self._runner.run(self._async.reconcile, older_than=older_than)

    def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """The records whose outcome nobody knows, at least `older_than` seconds old, the oldest first."""
        return self._runner.run(self._async.unresolved, older_than=older_than)

    def find(self, reference: str) -> list[Intent]:
        """The records with this reference, one for each endpoint that it was used with."""
        return self._runner.run(self._async.find, reference)

    def resolve(self, reference: str, outcome: Outcome, *, by: str) -> Intent:
        """Settles an unknown record on a person's word: `outcome` is APPLIED or REJECTED, `by` is the person's name.

        After REJECTED the reference may be sent again, so be sure that nothing was carried out. Raises
        `ConfigurationError` if there is no unknown record with this reference, or more than one.
        """
        return self._runner.run(self._async.resolve, reference, outcome, by=by)

    def forget(self, *, days: float) -> int:
        """Deletes records that were settled more than `days` ago and returns how many. Unresolved ones stay."""
        return self._runner.run(self._async.forget, days=days)
