"""Paths that users pass: what cannot be the path of a file is refused in a sentence, and never quoted."""

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError, sync_customers
from paycombat_async._file_path import file_path
from paycombat_async.batch.rows.file import open_rows
from paycombat_async.intents import SqliteIntents
from paycombat_async.webhooks import SqliteInbox
from paycombat_sync import webhooks as blocking

PASSWORD = "s3cr3t-of-the-database"
ADDRESSES = (
    f"postgresql://app:{PASSWORD}@db.internal/shop",
    Path(f"postgresql://app:{PASSWORD}@db.internal/shop"),
    f"postgres://app:{PASSWORD}@db.internal/shop",
    f"mysql+pymysql://app:{PASSWORD}@db.internal/shop",
    f"sqlite:///{PASSWORD}.db",
    f"file:{PASSWORD}.db?mode=memory",
)
IMPOSSIBLE = (f"{PASSWORD}\0.db", f"{PASSWORD}\ud800.db", b"bytes.db", 3)
TAKERS: dict[str, Callable[[object], object]] = {
    "intents": SqliteIntents,
    "inbox": SqliteInbox,
    "blocking inbox": blocking.SqliteInbox,
    "journal": lambda path: asyncio.run(sync_customers(None, [], journal=path, dry_run=True)),
    "failed": lambda path: asyncio.run(sync_customers(None, [], failed=path, dry_run=True)),
}


@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
@pytest.mark.parametrize("path", [*ADDRESSES, *IMPOSSIBLE], ids=repr)
def test_what_is_no_path_is_refused_and_not_quoted(take, path, tmp_path, monkeypatch):
    """A URL that was meant for PostgreSQL has a password in it, and Path("a://b") is a path as any other."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match="takes the path of a file") as caught:
        take(path)

    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [*ADDRESSES, *IMPOSSIBLE[:2]], ids=repr)
def test_rows_are_not_read_from_an_address(path):
    """The same for the input of a batch, which may also be a stream or an iterable."""
    with pytest.raises(ConfigurationError, match="the path of a file, a stream or an iterable") as caught:
        open_rows(path)

    assert PASSWORD not in str(caught.value)


def test_a_journal_in_memory_is_refused(tmp_path, monkeypatch):
    """It would be a file of that name; without a journal a run has a temporary one."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match="journal= needs a file"):
        asyncio.run(sync_customers(None, [], journal=":memory:", dry_run=True))


@pytest.mark.parametrize(
    "name", ["payments.db", "a b?c#d%20.db", "日本.db", "C:\\shop\\payments.db", "a:b.db", "/x/y:/z"]
)
def test_other_names_are_as_they_are(name):
    """Any character that a file may have in its name is taken."""
    assert Path(name) == file_path(name, "this takes the path of a file") == file_path(Path(name), "so does this")
