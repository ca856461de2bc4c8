"""The calls that `paycombat call` can make, one for each endpoint, and the parameters that each of them takes."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_origin

from msgspec import Struct

from paycombat_async.client import AsyncPayCombat
from paycombat_async.endpoints import ENDPOINTS, LIST_PAYOUTS, Endpoint
from paycombat_async.schemas.envelope import Page

_ABOUT_PAGES: Final = "Print the objects of a list."
_BODY, _PAGE_SIZE, _QUERY = "request", "page_size", "extra_query"


# `Any`, because `Endpoint` is invariant in its type parameters, so that no narrower type fits all endpoints.
@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    """Describes one call that `paycombat call` can make.

    `name` is the name of the client's method, such as "payouts.create". `needed` are the names of its required
    parameters, except the request. `is_list` is true if the answer is a page of a list, `takes_size` if the user may
    give the size of the page, and `takes_query` if further parameters of the query may be given. `about` is the first
    paragraph of the help text.
    """

    name: str
    endpoint: Endpoint[Any, Any]
    needed: tuple[str, ...] = ()
    is_list: bool = False
    takes_size: bool = False
    takes_query: bool = False
    about: str = ""

    @property
    def request(self) -> type[Struct] | None:
        """The type of the request, or None for a call without a body."""
        kind: type[Struct | None] = self.endpoint.request
        return kind if issubclass(kind, Struct) else None

    @property
    def is_change(self) -> bool:
        """Whether the call creates, changes or moves something."""
        return self.endpoint.method != "GET"

    @property
    def has_pages(self) -> bool:
        """Whether a page of the list can be requested by its number."""
        return self.is_list and self.endpoint.page_parameter is not None


def _spec(name: str, endpoint: Endpoint[Any, Any], *, is_list: bool) -> CallSpec:
    namespace, _, method = name.partition(".")
    function: Callable[..., object] = getattr(getattr(AsyncPayCombat, namespace), method)
    parameters = inspect.signature(function).parameters
    needed = (each for each, parameter in parameters.items() if parameter.default is inspect.Parameter.empty)
    return CallSpec(
        name=name,
        endpoint=endpoint,
        needed=tuple(each for each in needed if each != _BODY),
        is_list=is_list,
        takes_size=_PAGE_SIZE in parameters,
        takes_query=_QUERY in parameters,
        about=_ABOUT_PAGES if is_list else (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " "),
    )


FIND_PAYOUTS: Final = "payouts.find"  # no endpoint of its own: the method searches the list of payouts


@cache
def call_specs() -> dict[str, CallSpec]:
    """Returns the description of each call, by the name of the call.

    First come the endpoints, in the order of the provider's pages, then `payouts.find`, which is no endpoint of its
    own: it searches the list of payouts.
    """
    specs = [_spec(each.name, each, is_list=get_origin(each.response) is Page) for each in ENDPOINTS]
    specs.append(_spec(FIND_PAYOUTS, LIST_PAYOUTS, is_list=False))
    return {spec.name: spec for spec in specs}
