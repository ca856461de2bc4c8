"""Webhook URLs. Only loopback addresses are allowed, because a test server must not post to the internet."""

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
    """The default URLs of webhooks: `va_url` for webhooks about virtual accounts, `url` for all other webhooks.

    If `va_url` is None, webhooks about virtual accounts are not sent. If `url` is None, the other webhooks are sent
    only if the payin or payout has a URL of its own. Both URLs may be changed while the sandbox runs, from any thread.
    A change applies from the next event on.
    """

    url: str | None
    va_url: str | None

    def copy_from(self, other: "WebhookUrls") -> None:
        """Replaces both URLs by the URLs of the passed `WebhookUrls`."""
        self.url, self.va_url = other.url, other.va_url


def loopback_url(text: str) -> URL | None:
    """Returns the parsed URL, or None if it is not a loopback URL.

    A loopback URL is an http or https URL whose host is localhost or a loopback address.
    """
    try:
        # aiohttp parses URLs with the same class, so that this check and the later request see the same host
        url = URL(text)
        host = url.host or ""
        is_here = url.scheme in {"http", "https"} and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return None
    return url if is_here else None


def configured_url(name: str, text: str | None) -> str | None:
    """Returns `text` unchanged: a webhook URL that the user gave in the option `name`, or None for no URL.

    Raises `ConfigurationError` if `text` is neither None nor a loopback URL.
    """
    if text is not None and loopback_url(text) is None:
        raise ConfigurationError(f"{name}: {_ONLY_HERE}")
    return text


def check_webhook_url(sent: str | UnsetType) -> str | None:
    """Returns the `webhook_url` of a request, or None if this field is absent or empty.

    Raises `Refused` (HTTP 400) if the URL is not a loopback URL.
    """
    text = given(sent)
    if text is not None and loopback_url(text) is None:
        raise bad_request(f"$.webhook_url: {_ONLY_HERE}")
    return text
