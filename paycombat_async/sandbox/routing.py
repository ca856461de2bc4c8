"""A route connects an endpoint with the function that executes it and with the form of the response."""

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
    """A request whose token and signature have been verified.

    `body` has the received bytes, and `request` is the body decoded into the route's `body` type.
    """

    state: SandboxState
    request: Q
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    origin: str  # "http://host:port", the address at which the client has reached the sandbox
    token: str = field(repr=False)  # the merchant's API token, which is part of checkout URLs


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, R]):
    """How the sandbox serves one endpoint: its path, the function that executes requests, and the form of the response.

    `path` is the documented path, or the sandbox's own one if none is documented. The request body is decoded into the
    type `body`. `show` turns the handler's result into the data of the response.
    """

    # Any: the endpoint's request type. The sandbox may decode the request into another type, `body`.
    endpoint: Endpoint[Any, R]
    path: str
    body: type[Q]
    handler: Callable[[RoutedCall[Q]], R]
    envelope: Envelope
    show: Callable[[R], object]
    status: HTTPStatus = HTTPStatus.OK


def as_it_is(answer: object) -> object:
    """Returns its argument unchanged. Used for routes whose handler already returns the data of the response."""
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

    Pass `path` if the path of the endpoint is not documented. Pass `body`, a request type of the sandbox, if the SDK's
    request type does not declare all fields of the request. Clients pass such fields in `extra`, and the SDK sends them
    like all other fields.

    Raises `ValueError` if both `path` and the endpoint's own path are set, or if neither is set.
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
