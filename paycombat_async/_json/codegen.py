"""Functions written out, a line for each field of a Struct: half the price of a loop over the fields, in every call.

`dataclasses` makes its methods like this, for the same reason. What is written comes from the annotations of this
package and of its users' own Structs, never from data: msgspec takes nothing for a field's name but an identifier.
"""

from collections.abc import Callable, Iterable, Mapping
from keyword import iskeyword
from typing import Any


def compile_function(name: str, lines: Iterable[str], names: Mapping[str, object]) -> Callable[[Any], Any]:
    """A function of one `value` with these lines as its body; `names` are what the lines speak of."""
    scope: dict[str, Any] = dict(names)
    exec("\n    ".join([f"def {name}(value):", *lines]), scope)  # noqa: S102  # see above
    made: Callable[[Any], Any] = scope[name]
    return made


def field_expression(it: str, name: str) -> str:
    """The field of this name in `it`, as the lines speak of it; `msgspec.defstruct` takes Python's keywords, too."""
    return f"getattr({it}, {name!r})" if iskeyword(name) else f"{it}.{name}"
