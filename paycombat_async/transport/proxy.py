"""Splits the address of a proxy into a URL and a header with its user name and password.

aiohttp would encode the password as Latin-1. If the password has other characters, aiohttp raises a
`UnicodeEncodeError` that contains the password. The functions here do not cache their results, which are secret.
"""

import base64
from urllib.parse import unquote_to_bytes, urlsplit

from yarl import URL

from paycombat_async._secrets import Secret


def proxy_url(proxy: Secret) -> URL:
    """Returns the proxy's address without the user name and the password."""
    return URL(proxy.reveal()).with_user(None)


def proxy_headers(proxy: Secret) -> dict[str, str] | None:
    """Returns the header with the proxy's user name and password in UTF-8 (RFC 7617).

    Returns None if the proxy's address contains neither.
    """
    if "@" not in urlsplit(proxy.reveal()).netloc:
        return None
    return {"Proxy-Authorization": f"Basic {base64.b64encode(_credentials(proxy)).decode()}"}


def _credentials(proxy: Secret) -> bytes:
    user, _, password = urlsplit(proxy.reveal()).netloc.rpartition("@")[0].partition(":")
    return unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
