"""Master data: https://docs.paycombat.com, group "Master Data".

Every method raises `InvalidRequest` when an argument is invalid (nothing is sent then), `TransportError` when the
connection fails or the time is over, `ApiError` when the provider answers with an error, and `InvalidResponse` when the
answer cannot be decoded.
"""

from paycombat_async.resources import master_data
from paycombat_sync._runner import Runner


class MasterData:
    """`client.master_data`: the provider's code lists."""

    def __init__(self, runner: Runner, resource: master_data.MasterData) -> None:
        self._runner = runner
        self._async = resource

    def countries_and_currencies(self) -> object:
        """Returns the codes of all countries and currencies, as plain JSON values. Retried: it changes nothing.

        Raises `ConfigurationError` unless the client has `paths={"master_data.countries_and_currencies": …}`, because
        neither path nor answer is documented.

        Provider's page: "Get All Country & Currency Code" (its content is not public).
        """
        return self._runner.run(self._async.countries_and_currencies)
