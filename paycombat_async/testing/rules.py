"""Makes checks out of rules, for the test suites of stores and inboxes.

The error of a check that fails says which rule was broken, and what was found.
"""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")


# Any: what a coroutine yields to its event loop
def rule(check: Callable[[T], Awaitable[None]]) -> Callable[[T], Coroutine[Any, Any, None]]:
    """Returns a check whose errors contain the name and the docstring of `check`. The docstring is the rule.

    An `AssertionError` contains them in its message, and any other error in a note.
    """
    text = f"rule {check.__name__}: {' '.join((check.__doc__ or '').split())}"

    @functools.wraps(check)
    async def checked(subject: T) -> None:
        try:
            await check(subject)
        except AssertionError as error:
            error.args = (f"{error}\n{text}",)
            raise
        except Exception as error:
            error.add_note(text)
            raise

    return checked


def expect(what: str, found: object, wanted: object) -> None:
    """Raises `AssertionError`, with both values, unless `found` equals `wanted`.

    If both are Structs of one type, the message has only the fields that differ.
    """
    if found == wanted:
        return
    if isinstance(found, Struct) and type(found) is type(wanted):
        fields = ((name, getattr(found, name), getattr(wanted, name)) for name in found.__struct_fields__)
        differing = [f"its {name} is {one!r} instead of {other!r}" for name, one, other in fields if one != other]
        raise AssertionError(f"{what}: {', '.join(differing)}")
    raise AssertionError(f"{what}: {found!r} instead of {wanted!r}")


async def expect_error(what: str, call: Awaitable[object], error: type[Exception]) -> None:
    """Raises `AssertionError` if the call raises nothing. Raises any error other than `error` unchanged."""
    try:
        result = await call
    except error:
        return
    raise AssertionError(f"{what}: returned {result!r} instead of raising {error.__name__}")
