"""Checks connections that callers pass, so that the SDK can write within the callers' transactions."""

from typing import Any, Protocol, TypeAlias, TypeGuard

import psycopg
from psycopg.pq import TransactionStatus

from paycombat_async.errors import ConfigurationError


class DjangoConnection(Protocol):
    """What the SDK uses of a database connection of Django, such as `django.db.connection`."""

    vendor: str
    connection: Any  # the connection of psycopg, or None before Django has connected to the database

    def ensure_connection(self) -> None:
        """Connects to the database, unless it is connected already."""
        ...


# Any is used because the connection's rows may be of any type.
AnyConnection: TypeAlias = psycopg.AsyncConnection[Any] | psycopg.Connection[Any]
RawConnection: TypeAlias = psycopg.Connection[Any]
BlockingConnection: TypeAlias = RawConnection | DjangoConnection


def check_async(connection: object) -> None:
    """Raises `ConfigurationError` if `connection` is not an `AsyncConnection` of psycopg.

    A connection in autocommit mode is refused, too, if no transaction is open, because it would commit each statement.
    """
    if not _is_async(connection):
        raise ConfigurationError("connection= takes an AsyncConnection of psycopg")
    _refuse_autocommit(connection)


def blocking_connection(connection: object) -> RawConnection:
    """Returns `connection` if it is psycopg's, or the psycopg connection that a connection of Django contains.

    Raises `ConfigurationError` for any other object. A connection in autocommit mode is refused, too, if no transaction
    is open, because it would commit each statement.
    """
    found = _inside_django(connection) if getattr(connection, "vendor", None) == "postgresql" else connection
    if not _is_blocking(found):
        raise ConfigurationError("connection= takes a Connection of psycopg (version 3), or Django's to PostgreSQL")
    _refuse_autocommit(found)
    return found


def _inside_django(connection: Any) -> object:
    # The SDK uses psycopg's cursors and not Django's. If DEBUG is on, Django logs the values of statements, and these
    # contain the payloads of webhooks.
    connection.ensure_connection()
    return connection.connection


def _refuse_autocommit(connection: AnyConnection) -> None:
    if connection.autocommit and connection.pgconn.transaction_status == TransactionStatus.IDLE:
        raise ConfigurationError(
            "this connection commits each statement by itself (autocommit), so the event would be kept even if your"
            " work fails: begin a transaction first, as with `connection.transaction()` or Django's `atomic()`"
        )


def _is_async(connection: object) -> TypeGuard[psycopg.AsyncConnection[Any]]:
    return isinstance(connection, psycopg.AsyncConnection)


def _is_blocking(connection: object) -> TypeGuard[RawConnection]:
    return isinstance(connection, psycopg.Connection)
