"""Finds and settles recorded calls whose outcome is unknown."""

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
        """Looks up calls with an unknown outcome in the provider's lists, settles those it finds, and returns a report.

        Only payouts and customers can be found, since there is no list of payins, and only records that are at least
        `older_than` seconds old are looked up. An object fits a record if the reference is the same and no amount,
        currency or other repeated field differs. No call is ever sent again. Raises the errors of `list()`, before
        anything is settled, and `StoreFailed`.
        """
        return self._runner.run(self._async.reconcile, older_than=older_than)

    def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records with an unknown outcome that are at least `older_than` seconds old, the oldest first.

        A call that may be under way is not among them, and neither is one whose process was killed less than its
        time-out and five seconds ago: see `sending()`.
        """
        return self._runner.run(self._async.unresolved, older_than=older_than)

    def sending(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records of calls that may be under way, at least `older_than` seconds old, the oldest first.

        Nobody can tell whether their processes are alive; each is settled or unresolved after its `leased_until` (UTC).
        """
        return self._runner.run(self._async.sending, older_than=older_than)

    def find(self, reference: str) -> list[Intent]:
        """Returns the records with this reference, one for each endpoint that it was used with."""
        return self._runner.run(self._async.find, reference)

    def resolve(self, reference: str, outcome: Outcome, *, by: str, endpoint: str | None = None) -> Intent:
        """Settles a record with an unknown outcome by what a person has found out, and returns the record.

        `outcome` is APPLIED or REJECTED, `by` is the person's name. After REJECTED a call with this reference may be
        sent again, so be sure that the first call was not carried out. Raises `ConfigurationError` unless exactly one
        record with this reference has an unknown outcome; `endpoint`, such as "payins.create", says which of several is
        meant.
        """
        return self._runner.run(self._async.resolve, reference, outcome, by=by, endpoint=endpoint)

    def forget(self, *, days: float) -> int:
        """Deletes records that were settled more than `days` ago and returns their number. Unresolved records stay.

        A forgotten reference is new again: a call with it is sent. Raises `ConfigurationError` unless `days` is a
        number from 0 to 36,500.
        """
        return self._runner.run(self._async.forget, days=days)
