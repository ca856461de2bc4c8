"""The SDK's own messages for PostgreSQL's errors, because libpq's messages may quote parts of the connection string."""

import contextlib
from collections.abc import Callable, Generator, Mapping
from typing import Final

import psycopg

from paycombat_async.errors import StoreFailed

# The SQLSTATE codes of a conflict with another transaction and of a deadlock. After either, nothing was written, so the
# work can be repeated.
REPEATABLE: Final = frozenset({"40001", "40P01"})
NO_TABLES: Final = "has no tables yet; run `paycombat db migrate` once, or its `migrate()`"

# The keys are SQLSTATE codes, or their first two characters, which are the class of the error.
_BY_CODE: Final[Mapping[str, str]] = {
    "08": "cannot be reached, or the connection broke",
    "22": "cannot store one of the values",
    "25P02": "is in a transaction that has failed before; roll it back",
    "25006": "is read-only: it is a standby, or set to read-only",
    "28": "refuses the user or the password",
    "3D000": "has no database of this name",
    "3F000": NO_TABLES,
    "40": "is being changed by too many others at once",
    "42501": "does not permit this user to do that; grant rights on the schema and its tables",
    "42703": "has tables of another version; run `paycombat db migrate`, or its `migrate()`",
    "42P01": NO_TABLES,
    "53100": "cannot be written: the server's disk is full",
    "53300": "has no connection left for this user",
    "55P03": "is locked: another transaction holds the record or the table",
    "57014": "cancelled the statement: it took too long, or somebody ended it",
    "57": "is shutting down or restarting",
}

# For errors without a SQLSTATE, the keys are parts of the messages of libpq, psycopg and the server.
_BY_TEXT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("invalid port number", "invalid integer value", 'value: "', "bad value for", "could not match"),
        "cannot be reached: its connection string has an impossible value, such as a port",
    ),
    "connection refused": "cannot be reached: nothing listens at its address",
    "no such file or directory": "cannot be reached: there is no such socket",
    "failed to resolve host": "cannot be reached: its host name is unknown",
    "could not translate host name": "cannot be reached: its host name is unknown",
    "name or service not known": "cannot be reached: its host name is unknown",
    "timeout expired": "cannot be reached: it does not answer in time",
    "authentication failed": _BY_CODE["28"],
    "no password supplied": _BY_CODE["28"],
    "pg_hba.conf": _BY_CODE["28"],
    "the database system is": _BY_CODE["57"],
    "too many c": _BY_CODE["53300"],  # found in "too many clients already" and "too many connections for role"
    "remaining connection slots": _BY_CODE["53300"],
    "does not exist": "has no database or no user of this name",
    "certificate verify failed": "cannot be reached: its certificate is not trusted",
    "does not support ssl": "cannot be reached: it does not support TLS",
    "couldn't get a connection": "cannot be reached, or all connections of the pool are in use",
    "the pool": "cannot be reached: the pool is closed, or was not opened",
    "proactoreventloop": "needs a selector event loop on Windows (`asyncio.SelectorEventLoop`)",
}


def code_of(error: BaseException) -> str:
    """Returns the SQLSTATE that the server sent with the error, or "" if the error is not from the server."""
    return getattr(error, "sqlstate", None) or ""


def explain(error: Exception) -> str:
    """Returns a description of a database error for the user, such as "is read-only".

    The description contains nothing from the message of `error`, which may quote the connection string.
    """
    code = code_of(error)
    if code:
        return _BY_CODE.get(code) or _BY_CODE.get(code[:2]) or f"failed (SQLSTATE {code})"
    if isinstance(error, UnicodeError | psycopg.DataError):
        # psycopg reads no time beyond the year 9999, nor `infinity`. The SDK writes neither.
        return "contains a time that cannot be read" if str(error).startswith("timestamp too") else _BY_CODE["22"]
    if isinstance(error, TimeoutError):
        return _BY_TEXT["timeout expired"]
    text = str(error).lower()
    found = (problem for sign, problem in _BY_TEXT.items() if sign in text)
    return next(found, f"cannot be reached, or the connection broke ({type(error).__name__})")


@contextlib.contextmanager
def translated(failure: Callable[[str], StoreFailed]) -> Generator[None]:
    """Context manager; turns an error of the database into the error that `failure` makes from its description."""
    try:
        yield
    except (psycopg.Error, UnicodeError, OSError) as error:  # OSError includes TimeoutError
        problem = explain(error)
    else:
        return
    translation = failure(problem)
    try:
        raise translation
    except StoreFailed:
        # Python has set psycopg's error as the `__context__` of the new error. This `__context__` is removed, because
        # psycopg's error may contain the connection string with its password.
        translation.__context__ = None
        raise
