"""Master data: https://docs.paycombat.com, group "Master Data".

Every method raises `InvalidRequest`, and sends nothing, if an argument is invalid. It raises `TransportError` if the
connection fails or the time-out passes, `ApiError` if the provider answers with an error, and `InvalidResponse` if the
answer cannot be decoded.
"""

from paycombat_async._engine.engine import Engine
from paycombat_async.endpoints import LIST_COUNTRIES_AND_CURRENCIES


class MasterData:
    """`client.master_data`: the provider's code lists."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def countries_and_currencies(self) -> object:
        """Returns the codes of all countries and currencies, as dicts and lists of JSON values.

        Retried after a failure, because the call changes nothing. Raises `ConfigurationError` unless the client has
        `paths={"master_data.countries_and_currencies": …}`, because neither the path nor the answer is documented.

        Provider's page: "Get All Country & Currency Code" (its content is not public).
        """
        return (await self._engine.send(LIST_COUNTRIES_AND_CURRENCIES, None, {})).data
