"""The journal that the options of `customers sync` name: a file beside the input, or a run in PostgreSQL."""

import os
from pathlib import Path
from typing import Final

import click

from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.cli.stores import SCHEMES, VARIABLE, postgres_url


class FilePath(click.Path):
    """The path of a file. Refuses a URL, without quoting it, because it may contain a password."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if "://" in os.fspath(value):
            self.fail("must be the path of a file, and is an address", param, ctx)
        return Path(os.fsdecode(super().convert(value, param, ctx)))


FILE: Final = FilePath(dir_okay=False)


class JournalType(click.ParamType[Path | str]):
    """The type of `--journal`: the path of a file, or a URL of PostgreSQL."""

    name = "FILE|URL"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Returns a URL of PostgreSQL as text, and any other value as a path. Refuses the path of a folder."""
        if isinstance(value, str) and value.startswith(SCHEMES):
            return value
        return FILE.convert(str(value), param, ctx)


def shared_journal(
    journal: Path | str | None, run: str | None, file: Path, schema: str, rate: float | None
) -> PostgresJournal | None:
    """Returns the run in PostgreSQL that the options name, or None if they name a journal file or no journal.

    `journal` is the value of `--journal`: the path of a file, or the URL of a database. If only `run` is given, the URL
    is taken from PAYCOMBAT_DATABASE_URL. Without `run`, the run is named after the input `file`. Raises `UsageRefused`
    if

    - `run` is given, but `journal` is the path of a file; or
    - `journal` is a URL, `run` is not given, and the input is standard input, which has no name.

    Raises `ConfigurationError` if the URL is missing, or if the URL or the name is invalid.
    """
    if isinstance(journal, Path):
        if run is not None:
            raise UsageRefused("--run names a run in PostgreSQL: give --journal postgresql://… with it")
        return None
    if journal is None and run is None:
        return None
    if run is None and str(file) == "-":
        raise UsageRefused("a run in PostgreSQL needs a name when the rows come from standard input: give --run")
    return PostgresJournal(postgres_url(journal), run or file.name, rate, schema)


def prepare_dask(shared: PostgresJournal | None, journal: Path | str | None) -> None:
    """Sets PAYCOMBAT_DATABASE_URL in this process to the URL `journal`, for the workers of `--dask local`.

    If `journal` is None, the variable must be set already. Workers on other machines have a variable of their own.
    `shared` is the run in PostgreSQL. Raises `UsageRefused` if it is None, because all workers take their rows from it.
    """
    if shared is None:
        raise UsageRefused("--dask needs a run in PostgreSQL: give --journal postgresql://…, or --run")
    os.environ[VARIABLE] = postgres_url(str(journal) if journal else None)
