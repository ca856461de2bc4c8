"""Builds the exact, encoded URL of a request from the base URL, path template, path parameters and query.

The transport sends this URL unchanged. Path parameters such as ids may come from a merchant's users. Therefore no id
can change the host, the number of path segments or the query.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import SplitResult, quote, urlsplit

from paycombat_async.errors import ConfigurationError, InvalidRequest

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_UNRESERVED = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")
_TEMPLATE = re.compile(r"/[A-Za-z0-9_\-./{}]*\Z")
_RAW_PATH = re.compile(r"/(?:[A-Za-z0-9_\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*\Z")
# Python's `urlsplit` is not strict enough: it silently drops line breaks and accepts invalid hosts.
_BASE_URL = re.compile(r"[a-z]+://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9_\-.~]+)*/?\Z")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# A label is a part of a host name between its dots. RFC 1123 forbids underscores, but names in private networks use
# them.
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
API_PREFIX = "/api/v1"  # the beginning of every path of the provider's API


def check_base_url(base_url: str) -> str:
    """Returns the URL without a final slash. Raises `ConfigurationError` unless it is https, or http to localhost."""
    if not _is_text(base_url):
        raise ConfigurationError("base_url must be a str, such as https://host[:port]; pass str(url)")
    parts = safe_urlsplit(base_url)
    if not _BASE_URL.match(base_url) or not parts.hostname or not {".", ".."}.isdisjoint(parts.path.split("/")):
        raise ConfigurationError("base_url must look like https://host[:port], without user, query, fragment or spaces")
    if not is_host(parts.hostname):
        raise ConfigurationError("base_url has no valid host name: look for doubled dots, and for numbers that are cut")
    if parts.path.rstrip("/").endswith(API_PREFIX):
        raise ConfigurationError(f"base_url must not end in {API_PREFIX}: the paths of the calls begin with it")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError("base_url must be https (http only to this machine): it carries token and signature")
    return base_url.rstrip("/")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def is_host(name: str) -> bool:
    """Whether this is a valid host name, which may have letters of other scripts (RFC 3490), or an IP address."""
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:  # raised if a part of the name between two dots is empty or too long
        return False
    *_, last = labels = name.removesuffix(".").split(".")
    if ":" in name or last.isdigit():
        return _is_ip_address(name)
    return len(name) <= 254 and all(map(_LABEL.match, labels))


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def safe_urlsplit(address: str) -> SplitResult:
    """Returns the parts of a URL, or empty parts if the URL is invalid.

    Never raises, because the error of `urlsplit` would contain the secrets in the URL.
    """
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # reading the property raises ValueError if the port is invalid
    except ValueError:
        return urlsplit("")
    return parts


def is_loopback(base_url: str) -> bool:
    return urlsplit(base_url).hostname in _LOOPBACK


def check_template(name: str, template: str, like: str | None) -> str:
    """Returns the user's path template for the endpoint `name` unchanged.

    Raises `ConfigurationError` if the template is invalid, or if its parameters differ from those of `like`. `like` is
    the SDK's own template for this endpoint, or None if the SDK has none.
    """
    if (
        not _is_text(template)
        or not _is_path(template, _TEMPLATE)
        or not {"{", "}"}.isdisjoint(_PLACEHOLDER.sub("", template))
    ):
        raise ConfigurationError(f"paths[{name!r}] must be a path such as /api/v1/thing/{{id}}")
    if like is not None and _placeholders(template) != _placeholders(like):
        raise ConfigurationError(f"paths[{name!r}] must have the same parameters as {like}")
    return template


def check_raw_path(path: str) -> str:
    """Returns the user's percent-encoded path unchanged.

    Raises `InvalidRequest` if the path is not encoded, or contains "//" or a part that is "." or "..".
    """
    if not _is_path(path, _RAW_PATH):
        raise InvalidRequest("path: must be an encoded path such as /api/v1/thing/1, without a query", path="path")
    return path


def _is_path(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether `text` matches `pattern`, and contains neither "//" nor a part that is "." or "..", also as "%2e"."""
    # "%2e" is decoded first, because servers decode it to a dot (RFC 3986, 6.2.2.2).
    parts = text.lower().replace("%2e", ".").split("/")
    return bool(pattern.match(text)) and "//" not in text and {".", ".."}.isdisjoint(parts)


def split_parameters(
    template: str, parameters: Mapping[str, str], query: Mapping[str, str | int] | None
) -> tuple[Mapping[str, str], Mapping[str, str | int]]:
    """Returns the path parameters and the query for a user's path template.

    A parameter without a placeholder in the template becomes part of the query.
    """
    placeholders = _placeholders(template)
    path = {name: value for name, value in parameters.items() if name in placeholders}
    return path, {name: value for name, value in parameters.items() if name not in placeholders} | dict(query or {})


def build_url(base_url: str, template: str, path: Mapping[str, str], query: Mapping[str, str | int] | None) -> str:
    """Returns the whole URL. Raises `InvalidRequest` with the name of the parameter if a parameter is invalid.

    All reserved characters of a parameter are percent-encoded, including "/".
    """
    if _placeholders(template) != frozenset(path):
        raise ConfigurationError(f"{template} takes {sorted(_placeholders(template))}, got {sorted(path)}")
    filled = template.format_map({name: _segment(name, value) for name, value in path.items()}) if path else template
    return f"{base_url}{filled}{_query(query)}" if query else base_url + filled


@cache
def _placeholders(template: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(template))


def _segment(name: str, value: object) -> str:
    if isinstance(value, str):
        if _UNRESERVED.match(value):
            return value
        if 0 < len(value) <= 255 and value not in {".", ".."} and not _FORBIDDEN.search(value):
            return _quoted(name, value)
    raise InvalidRequest(
        f"{name}: must be 1 to 255 characters of text without slashes, control characters, '.' or '..' alone",
        path=name,
    )


def _query(query: Mapping[str, str | int]) -> str:
    return "?" + "&".join(
        f"{_quoted(key, key)}={_quoted(key, _query_text(key, value))}" for key, value in query.items()
    )


def _query_text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRequest(f"{name}: a query value is text or int, got {type(value).__name__}", path=name)
    try:
        return str(value)
    except ValueError:
        pass  # raised for an int of more than 4300 digits
    raise InvalidRequest(f"{name}: has too many digits", path=name)


def _quoted(name: str, value: str) -> str:
    try:
        return quote(value, safe="")
    except (UnicodeEncodeError, TypeError):
        pass
    raise InvalidRequest(f"{name}: holds half of a surrogate pair, or is no text", path=name)
