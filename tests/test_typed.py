"""What type checkers find in the packages: that they are typed, and types that their users have."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from paycombat_async import AsyncPayCombat
from paycombat_async.testing import FakeTransport
from paycombat_sync import PayCombat

pytestmark = pytest.mark.promise("P12")

PACKAGES = ("paycombat_async", "paycombat_sync")
PUBLIC = (*PACKAGES, *(f"paycombat_async.{name}" for name in ("batch", "sandbox", "schemas", "testing", "webhooks")))


def signatures(owner: object, name: str) -> Iterator[tuple[str, str]]:
    """Of a public thing, and of all that is public in it: what it is made of, as it is written."""
    if inspect.isclass(owner):
        yield name, f"{owner.__mro__} {vars(owner).get('__annotations__', {})}"
        for inner, value in vars(owner).items():
            if not inner.startswith("_") or inner == "__init__":
                whole = value.fget if isinstance(value, property) else inspect.unwrap(getattr(owner, inner))
                yield from signatures(whole, f"{name}.{inner}")
    elif callable(owner):
        yield name, str(inspect.signature(owner))


def speaking_aiohttp(owner: object, name: str) -> list[str]:
    return [place for place, text in signatures(owner, name) if "aiohttp" in text]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    """Without the mark a type checker takes everything from it for Any."""
    assert (Path(str(importlib.import_module(package).__file__)).parent / "py.typed").is_file()


@pytest.mark.parametrize("module", PUBLIC)
def test_nothing_of_aiohttp_is_in_a_public_signature(module: str) -> None:
    """Neither a parameter nor a return type nor a base class nor an attribute: it may be replaced one day."""
    package = importlib.import_module(module)

    assert package.__all__
    assert [] == [place for name in package.__all__ for place in speaking_aiohttp(getattr(package, name), name)]


@pytest.mark.parametrize("kind", [AsyncPayCombat, PayCombat])
def test_nothing_of_aiohttp_is_in_the_methods_of_a_client(kind: type[AsyncPayCombat] | type[PayCombat]) -> None:
    """Its resources are attributes of the object, so they are looked at from there."""
    client = kind(token="snd_token", signature_key="snd_key", transport=FakeTransport())
    resources = {name: value for name, value in vars(client).items() if not name.startswith("_")}

    assert {"customers", "payouts"} <= resources.keys()
    assert [] == [place for name, value in resources.items() for place in speaking_aiohttp(type(value), name)]


def test_the_way_over_the_signatures_sees_aiohttp_wherever_it_is() -> None:
    """The tests above would be worth nothing if it were blind."""

    class Open(aiohttp.ClientTimeout):
        session: aiohttp.ClientSession

        def __init__(self, session: aiohttp.ClientSession) -> None: ...
        def get(self) -> aiohttp.ClientResponse: ...
        @property
        def form(self) -> aiohttp.FormData: ...
        @classmethod
        def made(cls, url: "aiohttp.ClientSession") -> None: ...

    assert ["Open", "Open.__init__", "Open.get", "Open.form", "Open.made"] == speaking_aiohttp(Open, "Open")
