"""Turns a request into a `Draft`: an HTTP request that is checked, encoded and signed, but not yet sent."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct

from paycombat_async._protocol.messages import ClientConfig, Draft
from paycombat_async._protocol.request_body import encode_body
from paycombat_async._protocol.url import build_url, split_parameters
from paycombat_async.endpoints import Endpoint, Repeat
from paycombat_async.errors import ConfigurationError

Q = TypeVar("Q")
R = TypeVar("R")

_ONCE: Final = Repeat.ONLY_IF_UNSENT  # read only once, because it takes time to read a member of an enum


def draft(
    endpoint: Endpoint[Q, R],
    request: Q,
    path: Mapping[str, str],
    query: Mapping[str, str | int] | None,
    config: ClientConfig,
    *,
    body: bytes | None = None,
) -> Draft:
    """Returns the checked, encoded and signed HTTP request. Raises `InvalidRequest` or `ConfigurationError`.

    `body` is the result of `encode_body` for this request, if the caller has already computed it.
    """
    template = config.paths.get(endpoint.name, endpoint.path)
    if path or query or template is None or "{" in template:
        url = _url(endpoint, template, path, query, config)
    else:
        url = config.base_url + template
    is_once_only = endpoint.repeat is _ONCE
    if request is None and not issubclass(endpoint.request, Struct):
        return Draft(endpoint.name, endpoint.method, url, {"X-token": config.token.reveal()}, None, is_once_only)
    if body is None:
        body = encode_body(endpoint, request)
    headers = {"X-token": config.token.reveal(), "Content-Type": "application/json"}
    if endpoint.signed:
        headers["signature"] = config.signer.sign(body)
    return Draft(endpoint.name, endpoint.method, url, headers, body, is_once_only)


def _url(
    endpoint: Endpoint[Any, Any],
    template: str | None,
    path: Mapping[str, str],
    query: Mapping[str, str | int] | None,
    config: ClientConfig,
) -> str:
    if template is None:
        raise ConfigurationError(
            f"the provider's public record does not show the path of {endpoint.name}; "
            f"give it to the client: paths={{{endpoint.name!r}: '/api/v1/…'}}"
        )
    if endpoint.path is None:
        path, query = split_parameters(template, path, query)
    return build_url(config.base_url, template, path, query)
