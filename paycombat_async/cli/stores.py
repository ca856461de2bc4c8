"""Opens the intents store (the records of calls) that a command names by a file or a database URL.

The URL is never printed, because it may contain a password.
"""

import os
import re
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import click

from paycombat_async._postgres.tables import DEFAULT_SCHEMA
from paycombat_async._printable import printable
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.errors import ApiError, ConfigurationError, InvalidRequest, PayCombatError
from paycombat_async.intents.intent import DEFAULT_ACCOUNT, Intent, Intents
from paycombat_async.intents.postgres import PostgresIntents
from paycombat_async.intents.sqlite import SqliteIntents

VARIABLE: Final = "PAYCOMBAT_DATABASE_URL"
SCHEMES: Final = ("postgresql://", "postgres://")  # PostgreSQL's clients accept both
_URL: Final = re.compile(r"postgres(?:ql)?://.*")
_USER: Final = re.compile(r"://.*@")  # matches the user and password in any other URL, such as that of a proxy

account_option: Final = click.option(
    "--account", default=DEFAULT_ACCOUNT, show_default=True, metavar="NAME", help="The account as the store names it."
)
schema_option: Final = click.option(
    "--schema",
    default=DEFAULT_SCHEMA,
    show_default=True,
    metavar="NAME",
    help="The schema of the tables in PostgreSQL.",
)
older_than_option: Final = click.option(
    "--older-than",
    type=click.FloatRange(0, 1e9),
    default=0,
    metavar="SECONDS",
    help="Look only for records that are at least this old.",
)


class Failed(click.ClickException):
    """The command failed for another reason than wrong usage; it exits with 1."""

    exit_code = 1


@contextmanager
def failures() -> Generator[None]:
    """Context manager; turns the SDK's errors into one sentence and an exit code: 2 for wrong usage, else 1."""
    with refusals():
        try:
            yield
        except ConfigurationError:
            raise
        except InvalidRequest as error:
            raise ConfigurationError(str(error)) from None
        except PayCombatError as error:
            raise Failed(printable(in_words(error), limit=1000)) from None


def in_words(error: PayCombatError) -> str:
    """Returns the message of the error, followed by the provider's own message if there is one."""
    words = error.provider_message if isinstance(error, ApiError) else None
    return f"{error} ({words})" if words else str(error)


def without_urls(message: str) -> str:
    """Returns the message without passwords: PostgreSQL URLs end after `://`, and other URLs lose user and password.

    Messages may quote arguments, and an argument may contain a password. Call this before a message is shortened,
    because it recognizes a password only by the `@` after it.
    """
    return _USER.sub("://…@", _URL.sub("postgresql://…", message))


def split_words(words: Sequence[str], names: str) -> tuple[str | None, list[str]]:
    """Splits the arguments of a command into the store, which may be left out, and the required arguments after it.

    Returns the store or None, and the required arguments. `names` contains the names of the required arguments,
    separated by spaces, such as "REFERENCE applied|rejected". Raises `UsageRefused` if there are more or fewer words.
    """
    count = len(names.split())
    if len(words) not in {count, count + 1}:
        raise UsageRefused(f"the arguments must be: [STORE] {names}")
    return (words[0] if len(words) > count else None), list(words[-count:])


@asynccontextmanager
async def opened(store: str | None, account: str, schema: str) -> AsyncGenerator[Intents]:
    """Context manager; opens and yields an intents store, and closes it at the end.

    `store` is the path of a file or a PostgreSQL URL. If it is None, the URL in `PAYCOMBAT_DATABASE_URL` is taken.
    Raises `ConfigurationError` if both are missing, if the file does not exist or cannot be opened, or if the URL is
    not one of PostgreSQL.
    """
    place = store or _from_environment("STORE")
    found = PostgresIntents(place, account, schema) if place.startswith(SCHEMES) else _open_file(place, account)
    try:
        yield found
    finally:
        await found.aclose()


async def not_settled(records: Intents, *, older_than: float = 0) -> tuple[list[Intent], list[Intent]]:
    """Returns two lists: the records of calls with an unknown outcome, and of calls under way, each the oldest first.

    `older_than` is the least age of the records in seconds.
    """
    # A record becomes unresolved when its lease (the time for sending) ends. The records being sent are read first. In
    # the other order, a record whose lease ends between the two queries would be in neither result.
    sending = await records.sending(older_than=older_than)
    left = await records.unresolved(older_than=older_than)
    # A record whose lease (the time for sending) has ended between the two queries is in both results. Such a record
    # counts only as unresolved.
    ended = {(intent.endpoint, intent.reference) for intent in left}
    return left, [intent for intent in sending if (intent.endpoint, intent.reference) not in ended]


def postgres_url(url: str | None) -> str:
    """Returns the PostgreSQL URL: `url`, or the value of `PAYCOMBAT_DATABASE_URL` if `url` is missing.

    Raises `ConfigurationError`, without quoting the URL, if both are missing or the URL is not one of PostgreSQL.
    """
    url = url or _from_environment("URL")
    if not url.startswith(SCHEMES):
        raise ConfigurationError("the URL must begin with postgresql://")
    return url


def _open_file(path: str, account: str) -> SqliteIntents:
    # The two error messages do not quote the path, because it may be a mistyped URL with a password.
    if "://" in path:
        raise ConfigurationError("STORE must be the path of a file, or a URL that begins with postgresql://")
    if not _is_there(Path(path)):
        raise ConfigurationError("STORE must be the path of an existing file: there is none with this path")
    return SqliteIntents(path, account)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the directory is unreadable, or the name is too long
        return False


def _from_environment(name: str) -> str:
    url = os.environ.get(VARIABLE)
    if not url:
        raise ConfigurationError(f"{name} is missing: name it, or set {VARIABLE}")
    if not url.startswith(SCHEMES):
        raise ConfigurationError(f"{VARIABLE} must begin with postgresql://")
    return url
