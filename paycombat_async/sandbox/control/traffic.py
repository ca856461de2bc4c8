"""The control commands that show the requests which the sandbox has received."""

import asyncio
from collections.abc import Callable
from itertools import islice

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.bodies import RequestQuery, RequestsQuery
from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.traffic import Exchange, SignatureCheck


async def show_requests(controls: Controls, query: RequestsQuery) -> object:
    """Returns the latest requests that match the query, oldest first, and the number of all requests by operation."""
    found = list(islice(filter(_filter(query), reversed(controls.traffic)), query.limit))
    redactor = controls.redactor
    shown = [redactor.row(each) if query.brief else redactor.request(each) for each in reversed(found)]
    return {"requests": shown, "counts": dict(controls.arrivals.counts), "kept": len(controls.traffic)}


async def show_request(controls: Controls, query: RequestQuery) -> object:
    """Returns one request. If its signature is wrong, `verdict` explains why; otherwise `verdict` is None."""
    exchange = controls.traffic.find(query.number)
    if exchange is None:
        raise ConfigurationError("number: no request with this number is kept")
    verdict = None
    if exchange.signature is SignatureCheck.WRONG:
        # Runs in a thread: the search for the cause takes seconds for a long body, and the sandbox must go on serving
        # requests meanwhile.
        verdict = await asyncio.to_thread(controls.diagnose, exchange)
    return {"request": controls.redactor.request(exchange), "verdict": verdict}


def _filter(query: RequestsQuery) -> Callable[[Exchange], bool]:
    words = query.search.strip().casefold()

    def fits(exchange: Exchange) -> bool:
        return (
            query.operation in {None, exchange.arrival.operation}
            and (query.before is None or exchange.number < query.before)
            and (not words or exchange.has(words))
        )

    return fits
