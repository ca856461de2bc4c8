"""Payouts: https://docs.paycombat.com, group "Payout".

Every method raises `InvalidRequest` when an argument is invalid (nothing is sent then), `TransportError` when the
connection fails or the time is over, `ApiError` when the provider answers with an error, and `InvalidResponse` when the
answer cannot be decoded.
"""

from collections.abc import Mapping
from datetime import datetime

from paycombat_async.resources import payouts
from paycombat_async.schemas.payouts import CreatePayout, Payout, SimulatePayout
from paycombat_sync._runner import Runner
from paycombat_sync.pagination import Pager


class Payouts:
    """`client.payouts`: payments that the merchant makes to beneficiaries."""

    def __init__(self, runner: Runner, resource: payouts.Payouts) -> None:
        self._runner = runner
        self._async = resource

    def create(self, request: CreatePayout) -> Payout:
        """Sends money, and returns the payout, which begins as PENDING. A webhook reports how it ends.

        SUCCESS is not final: RETURNED may still follow, and another webhook reports it.

        Not safe to repeat, because a second call would pay a second time: retried only if the request was certainly not
        sent. On `Outcome.UNKNOWN`, `error.reference` is your `order_id`: look for it in `list()`. If it is not there,
        that proves nothing: it may still arrive. An answer for another `order_id` raises `InvalidResponse`; another
        amount or currency is reported to `on_drift`.

        With an intents store, a second call with the same `order_id` sends nothing once the first was carried out: it
        returns the recorded answer, whose status is that of then. While the first may be under way, it raises
        `IntentInProgress`; while its outcome is unknown, `OutcomeUnknown`; for another body, `ReferenceReused`.

        Provider's page: https://docs.paycombat.com/create-payout-12836301e0
        """
        return self._runner.run(self._async.create, request)

    def simulate(self, request: SimulatePayout) -> object:
        """Makes a payout of the provider's sandbox succeed, fail or be returned.

        Returns the data of the answer, as plain JSON values. Not safe to repeat: retried only if the request was
        certainly not sent. Path and body are guesses: `SimulatePayout(extra={"payout_id": …, "status": "SUCCESS"})`.
        Where the path has an id in it, call `request("PATCH", path, body=…)` instead.

        Provider's page: https://docs.paycombat.com/simulate-payout-12814521e0
        """
        return self._runner.run(self._async.simulate, request)

    def retrieve(self, id: str) -> Payout:  # noqa: A002  # the provider's name for it
        """Returns the payout with this `id`. Raises `NotFound` if it does not exist.

        A payout with SUCCESS may still become RETURNED. Retried: it changes nothing. The path is a guess: if it is
        wrong, that raises `NotFound` too.

        Provider's page: "Retrieve Payout" (its content is not public).
        """
        return self._runner.run(self._async.retrieve, id)

    def find(self, *, order_id: str, since: datetime | None = None) -> "list[Payout]":
        """Returns all payouts with this `order_id`, from all pages of `list()`, made at `since` or later.

        An empty list proves nothing: a payout may still be on its way. Each page is a GET, which is retried.
        """
        return self._runner.run(self._async.find, order_id=order_id, since=since)

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Payout]:
        """Returns a pager over all payouts: `for payout in client.payouts.list()`.

        Nothing is sent before the first page is needed; each page is a GET, which is retried. The path and the query
        names are guesses; `extra_query` adds or replaces parameters of the query, as the provider tells you.
        Raises `InvalidRequest` for a `page_size` below 1.

        Provider's page: "Get All Payout" (its content is not public).
        """
        return Pager(self._runner, self._async.list(page_size=page_size, extra_query=extra_query))
