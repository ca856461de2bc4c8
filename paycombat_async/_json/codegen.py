"""Functions generated for a type, with a line for each field of a Struct: half the price of a loop over the fields.

`dataclasses` makes its methods like this, for the same reason. The lines come from the annotations of this package and
of its users' own Structs, never from data: msgspec accepts only identifiers as names of fields.
"""

import linecache
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from keyword import iskeyword
from typing import Any, Final

_NUMBERS: Final = count(1)


def compile_function(name: str, lines: Iterable[str], names: Mapping[str, object]) -> Callable[[Any], Any]:
    """A function of one `value` with these lines as its body; `names` are the globals that the lines use.

    Its source is registered in `linecache`, so that tracebacks and debuggers show the lines.
    """
    source = "\n    ".join([f"def {name}(value):", *lines]) + "\n"
    filename = f"<generated {__name__} {name} {next(_NUMBERS)}>"
    scope: dict[str, Any] = dict(names)
    exec(compile(source, filename, "exec"), scope)  # noqa: S102  # the lines never come from data: see above
    # `linecache.checkcache` keeps entries without a modification time.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    made: Callable[[Any], Any] = scope[name]
    return made


def field_expression(it: str, name: str) -> str:
    """The expression for a field of the variable `it`: `it.name`, or a `getattr` where the name is a keyword."""
    return f"getattr({it}, {name!r})" if iskeyword(name) else f"{it}.{name}"
