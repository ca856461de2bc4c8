"""Payouts: https://docs.paycombat.com, group "Payout".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from paycombat_async._engine import Engine
from paycombat_async.endpoints import CREATE_PAYOUT, LIST_PAYOUTS, RETRIEVE_PAYOUT, SIMULATE_PAYOUT
from paycombat_async.pagination import Listing, Pager
from paycombat_async.schemas.payouts import CreatePayout, Payout, SimulatePayout


class Payouts:
    """`client.payouts`: money going out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create(self, request: CreatePayout) -> Payout:
        """Send money. It begins as PENDING; what came of it is told by webhook, later.

        Sent again only if it certainly never left: twice would pay twice. On `Outcome.UNKNOWN`, `error.reference` is
        your `order_id`: look for it in `list()`. If it is not there, that proves nothing: it may still arrive. An
        answer for another `order_id` is an `InvalidResponse`; another amount or currency is told as drift.

        https://docs.paycombat.com/create-payout-12836301e0
        """
        return (await self._engine.send(CREATE_PAYOUT, request, {})).data

    async def simulate(self, request: SimulatePayout) -> object:
        """Let a payout of the sandbox succeed, fail or be returned. Returns what stands in the answer, as plain data.

        The record shows neither path nor body: give the path to the client as `paths={"payouts.simulate": …}`, else
        this raises `ConfigurationError`. A path with an id in it needs `send(SIMULATE_PAYOUT, request, id=…)`. Sent
        again only if it certainly never left.

        https://docs.paycombat.com/simulate-payout-12814521e0
        """
        return (await self._engine.send(SIMULATE_PAYOUT, request, {})).data

    async def retrieve(self, id: str) -> Payout:  # noqa: A002  # the provider's name for it
        """Look a payout up, by its `id`. Raises `NotFound` if there is none, or if the path, a guess, is wrong.

        Provider's page: Retrieve Payout (its body is not in the public record).
        """
        return (await self._engine.send(RETRIEVE_PAYOUT, None, {"id": id})).data

    async def find(self, *, order_id: str, since: datetime | None = None) -> "list[Payout]":
        """All payouts with this `order_id`, from every page of `list()`; with `since`, only those made at or after it.

        An empty list proves nothing: a payout may still be on its way. Retried like `list()`, safe to repeat.
        """
        found = [payout async for payout in self.list() if str(payout.order_id) == order_id]
        return [payout for payout in found if since is None or not _is_older(payout, since)]

    def list(self, *, page_size: int | None = None, extra_query: Mapping[str, str] | None = None) -> Pager[Payout]:
        """All payouts: `async for payout in client.payouts.list()`.

        The path and the names of the query are guesses; `extra_query` adds what the provider tells you.

        Provider's page: Get All Payout (its body is not in the public record).
        """
        return Pager(self._engine, Listing(LIST_PAYOUTS, page_size, extra_query or {}))


def _is_older(payout: Payout, moment: datetime) -> bool:
    """Whether a payout was certainly made before this moment; one without a readable time was not."""
    try:
        made = datetime.fromisoformat(payout.created_at or "")
    except ValueError:
        return False
    return made.astimezone(UTC) < moment.astimezone(UTC)
