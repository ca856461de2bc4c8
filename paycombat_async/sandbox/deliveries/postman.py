"""One attempt at one webhook, over HTTP."""

from typing import Final

import aiohttp

from paycombat_async.sandbox.deliveries.log import Delivery

_TIMEOUT_S: Final = 5.0


class Postman:
    """Posts webhooks. To be used in one loop, and closed there."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(self, delivery: Delivery) -> int | None:
        """The status of the answer; None if there was none. Redirects are not followed: they may lead elsewhere."""
        headers = {"Content-Type": "application/json", "X-Signature": delivery.signature}
        try:
            async with self._opened().post(
                delivery.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),  # a server that stops is not kept waiting
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            )
        return self._session
