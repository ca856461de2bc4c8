"""Payins: https://docs.paycombat.com, group "Payin".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async.resources import payins
from paycombat_async.schemas.payins import CreatePayin, CreateVirtualAccount, Payin, SimulatePayin, VirtualAccount
from paycombat_sync._runner import Runner


class Payins:
    """`client.payins`: money coming in."""

    def __init__(self, runner: Runner, resource: payins.Payins) -> None:
        self._runner = runner
        self._async = resource

    def create(self, request: CreatePayin) -> Payin:
        """Ask for money. What came of it is told by webhook, later.

        The record does not show what is sent: `payer_id` (KRW) apart, it goes into `extra`. Sent again only if it
        certainly never left. An `order_reference` in `extra` is `error.reference` if the outcome is unknown; there is
        no list of payins to look it up in: wait for the webhook, or look at the dashboard.

        https://docs.paycombat.com/create-payin-12823303e0
        """
        return self._runner.run(self._async.create, request)

    def simulate(self, request: SimulatePayin) -> object:
        """Let a payin of the sandbox succeed or fail. Returns what stands in the answer, as plain data.

        The record shows neither path nor body: give the path to the client as `paths={"payins.simulate": …}`, else
        this raises `ConfigurationError`. A path with an id in it needs `send(SIMULATE_PAYIN, request, id=…)`. Sent
        again only if it certainly never left.

        https://docs.paycombat.com/simulate-payin-12814516e0
        """
        return self._runner.run(self._async.simulate, request)

    def retrieve(self, id: str) -> Payin:  # noqa: A002  # the provider's name for it
        """Look a payin up, by its `id`. Raises `NotFound` if there is none.

        https://docs.paycombat.com/retrieve-payin-12823155e0
        """
        return self._runner.run(self._async.retrieve, id)

    def create_virtual_account(self, request: CreateVirtualAccount) -> VirtualAccount:
        """Open a virtual account (KRW). Its `id` goes into `create` as `payer_id` once a callback has approved it.

        The record does not show what is sent: it goes into `extra`. Sent again only if it certainly never left.

        https://docs.paycombat.com/create-virtual-account-16406617e0
        """
        return self._runner.run(self._async.create_virtual_account, request)
