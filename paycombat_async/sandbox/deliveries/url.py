"""Webhook URLs: only loopback addresses, because a test server must not post to the internet."""

from dataclasses import dataclass
from ipaddress import ip_address

from msgspec import UnsetType
from yarl import URL

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.bodies import given
from paycombat_async.sandbox.refusals import bad_request

_ONLY_HERE = "the sandbox delivers webhooks to http(s) URLs on localhost or a loopback address only"


@dataclass(slots=True)
class WebhookUrls:
    """The targets of webhooks: `va_url` for webhooks about virtual accounts, `url` for all others.

    With None such webhooks are not sent. Both may be changed while the sandbox runs, from any thread; the next event
    uses them.
    """

    url: str | None
    va_url: str | None


def loopback_url(text: str) -> URL | None:
    """Returns the parsed http(s) URL; None if the URL is invalid or its host is not localhost or a loopback address."""
    try:
        url = URL(text)  # the parser that aiohttp uses, so that both see the same host
        host = url.host or ""
        is_here = url.scheme in {"http", "https"} and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return None
    return url if is_here else None


def configured_url(name: str, text: str | None) -> str | None:
    """Returns the URL of the option `name` unchanged. Raises `ConfigurationError` if it is not a loopback URL."""
    if text is not None and loopback_url(text) is None:
        raise ConfigurationError(f"{name}: {_ONLY_HERE}")
    return text


def check_webhook_url(sent: str | UnsetType) -> str | None:
    """Returns the `webhook_url` of a request; None if the request has none.

    Raises `Refused` (400) if it is not a loopback URL.
    """
    text = given(sent)
    if text is not None and loopback_url(text) is None:
        raise bad_request(f"$.webhook_url: {_ONLY_HERE}")
    return text
