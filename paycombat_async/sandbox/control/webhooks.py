"""The control commands that show webhooks and send them again."""

from itertools import islice

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.bodies import Deliver, DeliveriesQuery
from paycombat_async.sandbox.control.controls import Controls
from paycombat_async.sandbox.deliveries.log import Delivery
from paycombat_async.sandbox.deliveries.url import configured_url


async def show_deliveries(controls: Controls, query: DeliveriesQuery) -> object:
    """Returns the latest webhook deliveries, oldest first."""
    latest = islice(reversed(tuple(controls.deliveries)), query.limit)
    return {"deliveries": [controls.redactor.delivery(each) for each in reversed(tuple(latest))]}


async def deliver(controls: Controls, what: Deliver) -> object:
    """Carries out all requested actions on webhooks. If any of them is invalid, none is carried out.

    Returns the latest webhook deliveries.
    """
    urls = {"webhook_url": what.webhook_url, "va_webhook_url": what.va_webhook_url}
    checked = {name: configured_url(name, url or None) for name, url in urls.items() if url is not None}
    resent = [] if what.resend is None else [_about(controls, what.resend)[-1]]
    resent += [] if what.again is None else [_numbered(controls, what.again)]
    twice = None if what.duplicate is None else _numbered(controls, what.duplicate)
    newest_first = [] if what.out_of_order is None else _newest_first(controls, what.out_of_order)
    controls.webhook_urls.url = checked.get("webhook_url", controls.webhook_urls.url)
    controls.webhook_urls.va_url = checked.get("va_webhook_url", controls.webhook_urls.va_url)
    if twice is not None:
        controls.dispatcher.send_twice(twice)
    for delivery in (*resent, *newest_first):
        controls.dispatcher.send_again(delivery)
    if what.drain:
        await controls.clock.caught_up()
        await controls.dispatcher.drain()
    return await show_deliveries(controls, DeliveriesQuery())


def _about(controls: Controls, object_id: str) -> list[Delivery]:
    found = [each for each in controls.deliveries if each.id == object_id]
    if not found:
        raise ConfigurationError("resend: no webhook about this id has been sent")
    return found


def _numbered(controls: Controls, number: int) -> Delivery:
    found = next((each for each in controls.deliveries if each.number == number), None)
    if found is None:
        raise ConfigurationError("no delivery with this number is kept")
    return found


def _newest_first(controls: Controls, number: int) -> list[Delivery]:
    """Returns one delivery of each webhook about an object, newest event first.

    `number` is the number of any delivery about this object.
    """
    about = _about(controls, _numbered(controls, number).id)
    each_once = {delivery.body: delivery for delivery in reversed(about)}
    in_order = sorted(each_once.values(), key=lambda delivery: delivery.number, reverse=True)
    if len(in_order) < 2:
        raise ConfigurationError(
            "out_of_order: there is only one webhook about this object; move the object on first, "
            "or queue the fault out_of_order_webhook"
        )
    return in_order
