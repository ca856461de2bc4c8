"""Payouts: https://docs.paycombat.com, group "Payout".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import CREATE_PAYOUT, LIST_PAYOUTS, RETRIEVE_PAYOUT, SIMULATE_PAYOUT
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.payouts import CreatePayout, Payout, SimulatePayout


class Payouts:
    """`client.payouts`: payments that the merchant makes to beneficiaries."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(self, request: CreatePayout) -> Payout:
        """Sends money, and returns the payout, whose first status is PENDING. A webhook reports its final status later.

        SUCCESS is not final, because RETURNED may still follow, which a further webhook reports.

        Not safe to repeat, because a second call would pay a second time. Therefore it is retried only if the request
        was certainly not sent. After an error with `Outcome.UNKNOWN`, the payout may exist. Search in `list()` for the
        error's `reference`, which is your `order_id`. Not finding it proves nothing, because the payout may appear
        later. Raises `InvalidResponse` if the answer has a different `order_id` than the request. A different amount or
        currency in the answer is reported to `on_drift`.

        With an intents store, a second call with the same `order_id` does not pay again if the first call was carried
        out. The second call returns the recorded answer to the first call, and the status in this answer may be out of
        date. If no answer is recorded, the second call retrieves the payout, and raises `AnswerNotKept` if this fails.
        If the first call may be under way, the second call raises `IntentInProgress`. If the outcome of the first call
        is unknown, the second call raises `OutcomeUnknown`. If the second call has a different body than the first, it
        raises `ReferenceReused`.

        Provider's page: https://docs.paycombat.com/create-payout-12836301e0
        """
        return (await self._engine.send(CREATE_PAYOUT, request, {})).data

    async def simulate(self, request: SimulatePayout) -> object:
        """Makes a payout of the provider's sandbox succeed, fail or be returned.

        Returns the data of the answer as dicts and lists of JSON values. Not safe to repeat, so it is retried only if
        the request was certainly not sent. The provider does not document the path, so it is a guess. The fields of the
        body are a guess, too: `SimulatePayout(extra={"payout_id": …, "status": "SUCCESS"})`. If the provider tells you
        a path with an id in it, call `client.request("PATCH", path, body=…)` instead.

        Provider's page: https://docs.paycombat.com/simulate-payout-12814521e0
        """
        return (await self._engine.send(SIMULATE_PAYOUT, request, {})).data

    async def retrieve(self, id: str) -> Payout:  # noqa: A002  # the provider's name for it
        """Returns the payout with this `id`. Raises `NotFound` if it does not exist.

        A payout with SUCCESS may still become RETURNED. Retried after a failure, because the call changes nothing. The
        path is a guess, because the provider documents it only without /api/v1. A wrong path raises `NotFound`, too.

        Provider's page: "Retrieve Payout" (its content is not public).
        """
        return (await self._engine.send(RETRIEVE_PAYOUT, None, {"id": id})).data

    async def find(self, *, order_id: str, since: datetime | None = None) -> "list[Payout]":
        """Returns all payouts with this `order_id`, from all pages of `list()`.

        With `since`, payouts that were made before that time are left out. A `since` without a time zone is local time.
        A payout whose time is missing or unreadable is included. An empty list proves nothing, because a payout may
        appear later. Each page is a GET, which is retried after a failure.
        """
        found = [payout async for payout in self.list() if str(payout.order_id) == order_id]
        return [payout for payout in found if since is None or not _is_older(payout, since)]

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Payout]:
        """Returns a pager over all payouts: `async for payout in client.payouts.list()`.

        Nothing is sent before the first page is needed. Each page is a GET, which is retried after a failure. The
        provider documents neither the path nor the names of the query parameters, so they are guesses. If the provider
        tells you other parameters, pass them in `extra_query`, which adds and replaces parameters. Raises
        `InvalidRequest` for a `page_size` below 1.

        Provider's page: "Get All Payout" (its content is not public).
        """
        return Pager(self._engine, Listing(LIST_PAYOUTS, page_size, extra_query or {}))


def _is_older(payout: Payout, moment: datetime) -> bool:
    """Whether a payout was certainly made before this time. False if the payout's time is missing or unreadable.

    A time of the provider without a time zone is read as UTC, because all times of the provider are in UTC.
    """
    try:
        made = datetime.fromisoformat(payout.created_at or "")
    except ValueError:
        return False
    return (made if made.tzinfo else made.replace(tzinfo=UTC)) < moment.astimezone()
