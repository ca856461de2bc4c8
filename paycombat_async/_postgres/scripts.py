"""Scripts: generators that yield SQL statements. The same script runs on async, blocking and Django's connections.

    def count(after: int) -> Script[int]:
        ((number,),) = yield "SELECT count(*) FROM {schema}.event WHERE number > %(after)s", {"after": after}
        return number

A script yields each statement with its values, and the `yield` returns the rows. This module does not need psycopg.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Values: TypeAlias = Mapping[str, object]
# The rows are tuples of Any because PostgreSQL's values have no static types.
Rows: TypeAlias = list[tuple[Any, ...]]
Script: TypeAlias = Generator[tuple[str, Values], Rows, T]


def play(script: Script[T], execute: Callable[[str, Values], Rows]) -> T:
    """Runs a script of SQL statements and returns its result.

    `execute` is a blocking function that executes one statement and returns its rows.
    """
    try:
        step = next(script)
        while True:
            step = script.send(execute(*step))
    except StopIteration as end:
        result: T = end.value
        return result
