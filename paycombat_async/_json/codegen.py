"""Generates functions that have a line of code for each field of a Struct. A loop over the fields takes twice as long.

`dataclasses` generates its methods in the same way. The code is made from the annotations of the Structs of this
package and of its users, and never from data. msgspec accepts only identifiers as names of fields, so a name cannot
contain other code.
"""

import linecache
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from keyword import iskeyword
from typing import Any, Final

_NUMBERS: Final = count(1)


def compile_function(name: str, lines: Iterable[str], names: Mapping[str, object]) -> Callable[[Any], Any]:
    """Returns a function that has one argument, `value`, and these lines as its body.

    `names` are the globals that the lines use. The source is registered in `linecache`, so that tracebacks and
    debuggers show the lines.
    """
    source = "\n    ".join([f"def {name}(value):", *lines]) + "\n"
    filename = f"<generated {__name__} {name} {next(_NUMBERS)}>"
    scope: dict[str, Any] = dict(names)
    exec(compile(source, filename, "exec"), scope)  # noqa: S102  # the lines are never made from data
    # The second item is the modification time. It is None, so that `linecache.checkcache` does not remove the source.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    made: Callable[[Any], Any] = scope[name]
    return made


def field_expression(it: str, name: str) -> str:
    """Returns code that reads a field of the variable named `it`: `it.name`, or a `getattr` if `name` is a keyword."""
    return f"getattr({it}, {name!r})" if iskeyword(name) else f"{it}.{name}"
