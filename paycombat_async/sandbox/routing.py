"""A route connects an endpoint with its handler, its response format and its envelope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar, overload

from msgspec import Struct

from paycombat_async.endpoints import Endpoint
from paycombat_async.sandbox.envelopes import Envelope
from paycombat_async.sandbox.state import SandboxState

Q = TypeVar("Q")
R = TypeVar("R")
B = TypeVar("B", bound=Struct)


@dataclass(frozen=True, slots=True)
class RoutedCall(Generic[Q]):
    """One verified request. `request` is the decoded body, of the route's body type; `body` has the received bytes."""

    state: SandboxState
    request: Q
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    token: str = field(repr=False)  # for checkout URLs, which contain the merchant's token


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, R]):
    """One endpoint of the sandbox. `path` is the documented path, or the sandbox's own if no path is documented.

    `body` is the type that the request body is decoded into. `show` turns the handler's result into response data.
    """

    # Any: `body` may differ from the endpoint's request type (see `route`).
    endpoint: Endpoint[Any, R]
    path: str
    body: type[Q]
    handler: Callable[[RoutedCall[Q]], R]
    envelope: Envelope
    show: Callable[[R], object]
    status: HTTPStatus = HTTPStatus.OK


def as_it_is(answer: object) -> object:
    """Returns its argument. This is the `show` function for a handler that already returns plain data."""
    return answer


@overload
def route(
    endpoint: Endpoint[Q, R],
    handler: Callable[[RoutedCall[Q]], R],
    *,
    envelope: Envelope,
    show: Callable[[R], object],
    path: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Route[Q, R]: ...


@overload
def route(
    endpoint: Endpoint[Any, R],
    handler: Callable[[RoutedCall[B]], R],
    *,
    body: type[B],
    envelope: Envelope,
    show: Callable[[R], object],
    path: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Route[B, R]: ...


def route(
    endpoint: Endpoint[Any, Any],
    handler: Callable[[RoutedCall[Any]], Any],
    *,
    body: type[Any] | None = None,
    envelope: Envelope,
    show: Callable[[Any], object],
    path: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Route[Any, Any]:
    """Returns a new `Route`. The overloads let a type checker verify that `handler` and `show` match the endpoint.

    Give `path` for an endpoint whose path is not documented. Give `body`, a Struct of the sandbox, for an endpoint
    whose request type in the SDK lacks fields: clients pass such fields in `extra`, and they are sent as plain fields.

    Raises `ValueError` unless exactly one of the endpoint's path and `path` is set.
    """
    if (endpoint.path is None) == (path is None):
        raise ValueError(f"{endpoint.name}: the path is either the endpoint's or given here")
    return Route(
        endpoint=endpoint,
        path=endpoint.path or path or "",
        body=body or endpoint.request,
        handler=handler,
        envelope=envelope,
        show=show,
        status=status,
    )
