"""Master data: https://docs.paycombat.com, group "Master Data".

Every method raises `InvalidRequest` when an argument is invalid (nothing is sent then), `TransportError` when the
connection fails or the time is over, `ApiError` when the provider answers with an error, and `InvalidResponse` when the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import LIST_COUNTRIES_AND_CURRENCIES


class MasterData:
    """`client.master_data`: the provider's code lists."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def countries_and_currencies(self) -> object:
        """Returns the codes of all countries and currencies, as plain JSON values. Retried: it changes nothing.

        Raises `ConfigurationError` unless the client has `paths={"master_data.countries_and_currencies": …}`, because
        neither path nor answer is documented.

        Provider's page: "Get All Country & Currency Code" (its content is not public).
        """
        return (await self._engine.send(LIST_COUNTRIES_AND_CURRENCIES, None, {})).data
