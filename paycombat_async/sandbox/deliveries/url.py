"""Where webhooks may go: to this machine and nowhere else, since a test double must not post to the internet."""

from ipaddress import ip_address

from msgspec import UnsetType
from yarl import URL

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.sandbox.wire import given

_ONLY_HERE = "the sandbox delivers webhooks to http(s) URLs on localhost or a loopback address only"


def loopback_url(text: str) -> URL | None:
    """The URL, or None if it is not one on this machine."""
    try:
        url = URL(text)  # read as aiohttp reads it, so that no other reading of the same text matters
        host = url.host or ""
        is_here = url.scheme in {"http", "https"} and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return None
    return url if is_here else None


def configured_url(name: str, text: str | None) -> str | None:
    """The URL of an option. Raises `ConfigurationError` if it is not one on this machine."""
    if text is not None and loopback_url(text) is None:
        raise ConfigurationError(f"{name}: {_ONLY_HERE}")
    return text


def check_webhook_url(sent: str | UnsetType) -> str | None:
    """The URL that came with a request, None if there is none. Refused with 400 if it is not one on this machine."""
    text = given(sent)
    if text is not None and loopback_url(text) is None:
        raise bad_request(f"$.webhook_url: {_ONLY_HERE}")
    return text
