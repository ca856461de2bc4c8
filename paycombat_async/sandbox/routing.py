"""What a route is: an endpoint's constant, the handler that answers it, and how its page wraps and shows the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from paycombat_async.endpoints import Endpoint
from paycombat_async.sandbox.envelopes import Envelope
from paycombat_async.sandbox.state import State

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Call(Generic[Q]):
    """One admitted request: token and signature hold, the body is of the endpoint's own type."""

    state: State
    request: Q
    path: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, R]):
    """One endpoint of the sandbox. `path` is the endpoint's, or the sandbox's own where the record has none."""

    endpoint: Endpoint[Q, R]
    path: str
    handler: Callable[[Call[Q]], R]
    envelope: Envelope
    show: Callable[[R], object]
    status: HTTPStatus = HTTPStatus.OK


def route(
    endpoint: Endpoint[Q, R],
    handler: Callable[[Call[Q]], R],
    *,
    envelope: Envelope,
    show: Callable[[R], object],
    path: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Route[Q, R]:
    """A route; the types of handler and page must be those of the endpoint. `path` is for endpoints without one.

    Raises `ValueError` where not exactly one of the two paths is given.
    """
    if (endpoint.path is None) == (path is None):
        raise ValueError(f"{endpoint.name}: the path is either the endpoint's or given here")
    return Route(
        endpoint=endpoint,
        path=endpoint.path or path or "",
        handler=handler,
        envelope=envelope,
        show=show,
        status=status,
    )
