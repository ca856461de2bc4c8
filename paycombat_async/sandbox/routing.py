"""What a route is: an endpoint's constant, the handler that answers it, and how its page wraps and shows the answer."""

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
    """One admitted request: token and signature hold, `request` is of the route's body type, `body` is as received."""

    state: SandboxState
    request: Q
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    token: str = field(repr=False)  # the merchant's own: the provider writes it into the URLs of checkouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, R]):
    """One endpoint of the sandbox. `path` is the endpoint's, or the sandbox's own where the record has none.

    `body` is what the sandbox reads the request as.
    """

    # Any: the sandbox may read the request as a type of its own, with the fields that the client sends as `extra`.
    endpoint: Endpoint[Any, R]
    path: str
    body: type[Q]
    handler: Callable[[RoutedCall[Q]], R]
    envelope: Envelope
    show: Callable[[R], object]
    status: HTTPStatus = HTTPStatus.OK


def as_it_is(answer: object) -> object:
    """The page of an endpoint whose handler says itself what is shown."""
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
    """A route; the types of handler and page must be those of the endpoint.

    `path` is for endpoints without one. `body` is for endpoints whose request type leaves fields to `extra`: on the
    wire these are plain keys, so the sandbox reads them as a Struct of its own. Raises `ValueError` where not exactly
    one of the two paths is given.
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
