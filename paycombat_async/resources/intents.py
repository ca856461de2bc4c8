"""Finds recorded calls with an unknown outcome, and settles their records."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import msgspec

from paycombat_async._bounds import MOST_DAYS, check_age, is_within
from paycombat_async._engine.engine import Engine
from paycombat_async._engine.records import is_of_other_mode, mode_of
from paycombat_async._protocol.echo import fits_expected
from paycombat_async.endpoints import CREATE_CUSTOMER, CREATE_PAYOUT, LIST_CUSTOMERS, LIST_PAYOUTS
from paycombat_async.errors import ConfigurationError, Outcome
from paycombat_async.intents.intent import Intent, Intents, IntentState, Settlement, is_storable
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.customers import Customer
from paycombat_async.schemas.payouts import Payout

_STATES: Final = {Outcome.APPLIED: IntentState.APPLIED, Outcome.REJECTED: IntentState.REJECTED}


class ReconcileReport(msgspec.Struct, frozen=True):
    """The result of `intents.reconcile()`: four tuples with records of calls.

    - `applied`: the object of the call was found at the provider, and the record is now settled as APPLIED.
    - `ambiguous`: the provider has several objects with the record's reference, or one object with other values.
    - `unresolved`: no object was found, or the call was made by a client of the other mode (sandbox or live). A missing
      object does not prove that the call failed, because the object may appear later.
    - `sending`: not looked up, because the call may be under way. If its process was killed, reconcile again after the
      `leased_until` of the record.

    A record in `ambiguous` or `unresolved` stays unknown until a webhook or a person settles it, or until a later run
    finds its object.
    """

    applied: tuple[Intent, ...]
    ambiguous: tuple[Intent, ...]
    unresolved: tuple[Intent, ...]
    sending: tuple[Intent, ...] = ()


class _Found(msgspec.Struct, frozen=True):
    """An object in one of the provider's lists, with the merchant's own reference."""

    id: str
    reference: str
    data: object


class IntentRecords:
    """`client.intents`: the calls that the client's store has recorded for its account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def reconcile(self, *, older_than: float = 0) -> ReconcileReport:
        """Searches the provider's lists for calls with an unknown outcome, settles what it finds, and returns a report.

        Only payouts and customers can be found, because the provider has no list of payins. Only records that are at
        least `older_than` seconds old are looked up. An object fits a record if it has the same reference, and if no
        amount, currency or other field that the provider repeats differs. No call is ever sent again. If a list cannot
        be read, raises the error of `list()` and settles nothing. Raises `StoreFailed` if the store fails.
        """
        store = self._store()
        check_age(older_than)
        # The lease of a record (its time for sending) may end between the two reads. `sending` is read first, so that
        # such a record is in both lists. In the other order, the record would be in neither list.
        sending = await store.sending(older_than=older_than)
        unknown = await store.unresolved(older_than=older_than)
        wanted = {(intent.endpoint, intent.reference) for intent in unknown}
        found: dict[tuple[str, str], dict[str, _Found]] = {}
        for endpoint in sorted({intent.endpoint for intent in unknown} & _LISTS.keys()):
            async for item in _LISTS[endpoint](self._engine):
                if (endpoint, item.reference) in wanted:
                    # The objects are collected in a dict by id, because the same object may be on two pages: new
                    # objects at the beginning of the list may move it to the next page before that page is read.
                    found.setdefault((endpoint, item.reference), {})[item.id] = item
        mode = mode_of(is_sandbox=self._engine.is_sandbox)
        applied: list[Intent] = []
        ambiguous: list[Intent] = []
        left: list[Intent] = []
        for intent in unknown:
            items = [*found.get((intent.endpoint, intent.reference), {}).values()]
            if is_of_other_mode(intent, mode):
                left.append(intent)
            elif len(items) == 1 and fits_expected(items[0].data, intent.expected):
                await self._settle(store, intent, "list", items[0].id)
                # The record is read again, because another program or a person may have settled it meanwhile, or a new
                # call with this reference may have begun.
                standing = await _standing(store, intent)
                applied += [standing] if standing is not None and standing.state is IntentState.APPLIED else []
            elif items:
                ambiguous.append(intent)
            else:
                left.append(intent)
        return ReconcileReport(tuple(applied), tuple(ambiguous), tuple(left), tuple(sending))

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records with an unknown outcome that are at least `older_than` seconds old, the oldest first.

        Calls that may be under way are not included; `sending()` returns them. If the process of a call was killed,
        `sending()` returns the call until its time-out and five more seconds have passed.
        """
        check_age(older_than)
        return await self._store().unresolved(older_than=older_than)

    async def sending(self, *, older_than: float = 0) -> list[Intent]:
        """Returns the records of calls that may be under way, at least `older_than` seconds old, the oldest first.

        If the process of such a call was killed, its record stays among them until its `leased_until` (UTC), and is
        unresolved from then on.
        """
        check_age(older_than)
        return await self._store().sending(older_than=older_than)

    async def find(self, reference: str) -> list[Intent]:
        """Returns the records with this reference, one for each endpoint that it was used with."""
        return await self._store().find(reference)

    async def resolve(self, reference: str, outcome: Outcome, *, by: str, endpoint: str | None = None) -> Intent:
        """Settles a record with an unknown outcome as a person has decided, and returns the record.

        `outcome` is APPLIED or REJECTED, and `by` is the person's name. After REJECTED, a call with this reference may
        be sent again, so be sure that the first call was not carried out. Raises `ConfigurationError` unless exactly
        one record with this reference has an unknown outcome. If several have, select one of them with `endpoint`, such
        as "payins.create".
        """
        return await resolve_on_word(self._store(), reference, outcome, by, endpoint)

    async def forget(self, *, days: float) -> int:
        """Deletes the records that were settled more than `days` days ago, and returns their number.

        Unresolved records stay. A call with a forgotten reference counts as new, so it is sent. Raises
        `ConfigurationError` unless `days` is a number from 0 to 36,500.
        """
        if not is_within(days, 0, MOST_DAYS):
            raise ConfigurationError("forget: days must be a number from 0 to 36,500")
        return await self._store().forget(days=days)

    def _store(self) -> Intents:
        if self._engine.intents is None:
            raise ConfigurationError("this client has no intents store: pass intents=… when you make it")
        return self._engine.intents

    @staticmethod
    async def _settle(store: Intents, intent: Intent, evidence: str, object_id: str) -> bool:
        settlement = _settlement(intent, IntentState.APPLIED, evidence)
        return await store.settle(msgspec.structs.replace(settlement, object_id=object_id))


async def resolve_on_word(
    store: Intents, reference: str, outcome: Outcome, by: str, endpoint: str | None = None
) -> Intent:
    """Settles the unknown record with this reference as APPLIED or REJECTED, with the person's name as its evidence.

    Returns the settled record. With `endpoint`, only records of this endpoint count. Raises `ConfigurationError` in
    these cases:

    - `outcome` is neither APPLIED nor REJECTED.
    - A store cannot keep `by`, the person's name.
    - No record with this reference is unknown, or several are.
    - Somebody else settles or forgets the record meanwhile.
    """
    if outcome not in _STATES:
        raise ConfigurationError("resolve: outcome must be Outcome.APPLIED or Outcome.REJECTED")
    if not is_storable(by):
        raise ConfigurationError("resolve: by= must be the name of the person who decides, at most 255 characters")
    found = await store.find(reference)
    unknown = _only_unknown([intent for intent in found if endpoint in {None, intent.endpoint}])
    if not await store.settle(_settlement(unknown, _STATES[outcome], by)):
        raise ConfigurationError("resolve: the record was settled by somebody else meanwhile")
    standing = await _standing(store, unknown)
    if standing is None:
        raise ConfigurationError("resolve: the record was settled, and then forgotten by somebody else")
    return standing


def _only_unknown(found: list[Intent]) -> Intent:
    """Returns the only record with an unknown outcome.

    Raises `ConfigurationError` if no or several records have one.
    """
    unknown = [intent for intent in found if intent.state is IntentState.UNKNOWN]
    if len(unknown) == 1:
        return unknown[0]
    if unknown:
        names = " and ".join(intent.endpoint for intent in unknown)
        raise ConfigurationError(
            f"resolve: {len(unknown)} records with this reference are unknown, of {names}; say which by its endpoint"
        )
    if any(intent.state is IntentState.SENDING for intent in found):
        raise ConfigurationError(
            "resolve: a call with this reference may be under way; it can be resolved when its lease is over"
            " (`leased_until` of the record)"
        )
    states = " and ".join(f"{intent.endpoint} is {intent.state}" for intent in found) or "there is none"
    raise ConfigurationError(f"resolve: no record with this reference is unknown: {states}")


async def _standing(store: Intents, intent: Intent) -> Intent | None:
    standing = await store.find(intent.reference)
    return next((each for each in standing if each.endpoint == intent.endpoint), None)


def _settlement(intent: Intent, state: IntentState, evidence: str) -> Settlement:
    return Settlement(
        endpoint=intent.endpoint,
        reference=intent.reference,
        attempt=intent.attempt,
        state=state,
        evidence=evidence,
        object_id=intent.object_id,
    )


async def _payouts(engine: Engine) -> AsyncIterator[_Found]:
    payouts: Pager[Payout] = Pager(engine, Listing(LIST_PAYOUTS, None, {}))
    async for payout in payouts:
        if payout.id and payout.order_id is not None:
            yield _Found(payout.id, str(payout.order_id), payout)


async def _customers(engine: Engine) -> AsyncIterator[_Found]:
    customers: Pager[Customer] = Pager(engine, Listing(LIST_CUSTOMERS, None, {}))
    async for customer in customers:
        if customer.customer_id and customer.organization_reference_id is not None:
            yield _Found(customer.customer_id, str(customer.organization_reference_id), customer)


_LISTS: Final[Mapping[str, Callable[[Engine], AsyncIterator[_Found]]]] = {
    CREATE_PAYOUT.name: _payouts,
    CREATE_CUSTOMER.name: _customers,
}
