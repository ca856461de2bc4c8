"""Splits the address of a proxy into URL and credentials, because aiohttp would encode the password as Latin-1.

If the password cannot be encoded so, aiohttp raises a `UnicodeEncodeError` that contains the password. The results of
these functions are secret, so they are not cached.
"""

import base64
from urllib.parse import unquote_to_bytes, urlsplit

from yarl import URL

from paycombat_async._secrets import Secret


def proxy_url(proxy: Secret) -> URL:
    """Returns the address without the credentials."""
    return URL(proxy.reveal()).with_user(None)


def proxy_headers(proxy: Secret) -> dict[str, str] | None:
    """Returns the header with the credentials of the address in UTF-8 (RFC 7617), or None if it has no credentials."""
    if "@" not in urlsplit(proxy.reveal()).netloc:
        return None
    return {"Proxy-Authorization": f"Basic {base64.b64encode(_credentials(proxy)).decode()}"}


def _credentials(proxy: Secret) -> bytes:
    user, _, password = urlsplit(proxy.reveal()).netloc.rpartition("@")[0].partition(":")
    return unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
