"""Master data: https://docs.paycombat.com, group "Master Data".

Every method raises `ApiError` when the provider answers with an error, `TransportError` when the road fails,
`InvalidResponse` when the answer cannot be understood, and `InvalidRequest` before anything is sent.
"""

from paycombat_async.resources import master_data
from paycombat_sync._runner import Runner


class MasterData:
    """`client.master_data`: what the provider's codes mean."""

    def __init__(self, runner: Runner, resource: master_data.MasterData) -> None:
        self._runner = runner
        self._async = resource

    def countries_and_currencies(self) -> object:
        """The codes of all countries and currencies, as plain data: the record shows nothing of its shape.

        Nor does it show the path: give it to the client as `paths={"master_data.countries_and_currencies": …}`, else
        this raises `ConfigurationError`.

        Provider's page: Get All Country & Currency Code (its body is not in the public record).
        """
        return self._runner.run(self._async.countries_and_currencies)
