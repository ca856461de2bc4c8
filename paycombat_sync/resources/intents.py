"""Finds recorded calls with an unknown outcome, and settles their records."""

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
        """Searches the provider's lists for calls with an unknown outcome, settles what it finds, and returns a report.

        Only payouts and customers can be found, because the provider has no list of payins. Only records that are at
        least `older_than` seconds old are looked up. An object fits a record if it has the same reference, and if no
        amount, currency or other field that the provider repeats differs. No call is ever sent again. If a list cannot
        be read, raises the error of `list()` and settles nothing. Raises `StoreFailed` if the store fails.
        """
        return self._runner.run(self._async.reconcile, older_than=older_than)

    def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records with an unknown outcome that are at least `older_than` seconds old, the oldest first.

        Calls that may be under way are not included; `sending()` returns them. If the process of a call was killed,
        `sending()` returns the call until its time-out and five more seconds have passed.
        """
        return self._runner.run(self._async.unresolved, older_than=older_than)

    def sending(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records of calls that may be under way, at least `older_than` seconds old, the oldest first.

        If the process of such a call was killed, its record stays among them until its `leased_until` (UTC), and is
        unresolved from then on.
        """
        return self._runner.run(self._async.sending, older_than=older_than)

    def find(self, reference: str) -> list[Intent]:
        """Returns the records with this reference, one for each endpoint that it was used with."""
        return self._runner.run(self._async.find, reference)

    def resolve(self, reference: str, outcome: Outcome, *, by: str, endpoint: str | None = None) -> Intent:
        """Settles a record with an unknown outcome as a person has decided, and returns the record.

        `outcome` is APPLIED or REJECTED, and `by` is the person's name. After REJECTED, a call with this reference may
        be sent again, so be sure that the first call was not carried out. Raises `ConfigurationError` unless exactly
        one record with this reference has an unknown outcome. If several have, select one of them with `endpoint`, such
        as "payins.create".
        """
        return self._runner.run(self._async.resolve, reference, outcome, by=by, endpoint=endpoint)

    def forget(self, *, days: float) -> int:
        """Deletes the records that were settled more than `days` days ago, and returns their number.

        Unresolved records stay. A call with a forgotten reference counts as new, so it is sent. Raises
        `ConfigurationError` unless `days` is a number from 0 to 36,500.
        """
        return self._runner.run(self._async.forget, days=days)
