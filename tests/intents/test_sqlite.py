"""What is particular to intents in a SQLite file: whose it is, who may read it, and its end."""

import contextlib
import gc
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError, Outcome, StoreFailed
from paycombat_async.intents import NewIntent, SqliteIntents
from tests.calls import payout
from tests.processes import ROOT, run

pytestmark = pytest.mark.promise("P13")

NEW = NewIntent(endpoint="payouts.create", reference="order-1", body_digest="d", owner="test", lease=3600)


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    """The recorded answers hold personal data."""
    store = SqliteIntents(tmp_path / "intents.db")
    store._begin(NEW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    store._file.close()

    assert {0o600} == set(modes.values()), modes


async def test_a_closed_store_opens_again_and_two_share_a_file(tmp_path: Path) -> None:
    """Whoever comes second sees the record of the first."""
    first, second = SqliteIntents(tmp_path / "intents.db"), SqliteIntents(tmp_path / "intents.db")
    assert (await first.begin(NEW)).may_send
    await first.aclose()

    assert not (await second.begin(NEW)).may_send
    assert not (await first.begin(NEW)).may_send
    await first.aclose()
    await second.aclose()


async def test_reading_waits_for_no_writer(tmp_path: Path) -> None:
    """Another process is in the middle of a commit; what is unresolved, or being sent, can be seen all the same."""
    store = SqliteIntents(tmp_path / "intents.db")
    await store.begin(NEW)
    with contextlib.closing(sqlite3.connect(tmp_path / "intents.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM intent")

        found = [await store.unresolved(), await store.sending(), await store.find("order-1")]
        found.append(await store.recent(limit=1))

    assert [0, 1, 1, 1] == [len(intents) for intents in found]
    await store.aclose()


async def test_accounts_are_kept_apart_in_one_file(tmp_path: Path) -> None:
    """Each store sees the records of its own account only."""
    one, other = (SqliteIntents(tmp_path / "intents.db", account=name) for name in ("one", "other"))
    assert (await one.begin(NEW)).may_send
    assert (await other.begin(NEW)).may_send
    assert [1, 1] == [len(await store.find("order-1")) for store in (one, other)]
    for store in (one, other):
        await store.aclose()


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    """Another database, no database at all, a directory that is not there, and memory."""
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    (tmp_path / "text").write_text("no database, but long enough to be taken for one" * 50, encoding="utf-8")

    for name in ("other.db", "text", "missing/intents.db"):
        with pytest.raises(ConfigurationError, match="the intents store"):
            SqliteIntents(tmp_path / name)
    with pytest.raises(ConfigurationError, match="MemoryIntents"):
        SqliteIntents(":memory:")
    for account in ("", "x" * 256, "a\0b"):
        with pytest.raises(ConfigurationError, match="account"):
            SqliteIntents(tmp_path / "intents.db", account=account)


@pytest.mark.parametrize("version", [0, 99])
def test_a_file_of_another_version_is_refused(tmp_path: Path, version: int) -> None:
    """Nobody knows what its columns mean; it is left as it is."""
    SqliteIntents(tmp_path / "intents.db")._file.close()
    with sqlite3.connect(tmp_path / "intents.db") as other:
        other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = (tmp_path / "intents.db").read_bytes()

    with pytest.raises(ConfigurationError, match="was written by another version of paycombat"):
        SqliteIntents(tmp_path / "intents.db")
    assert before == (tmp_path / "intents.db").read_bytes()


async def test_a_file_that_is_damaged_later_sends_nothing(tmp_path: Path, make_client, transport) -> None:
    """It is the evidence of payments: the sentence says so."""
    store = SqliteIntents(tmp_path / "intents.db")
    await store.begin(NEW)
    await store.aclose()
    content = bytearray((tmp_path / "intents.db").read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (tmp_path / "intents.db").write_bytes(content)

    with pytest.raises(StoreFailed, match="is damaged; it is the evidence of payments") as caught:
        await make_client(intents=store).payouts.create(payout(order_id="order-1"))
    assert (Outcome.NOT_SENT, []) == (caught.value.outcome, transport.drafts)
    await store.aclose()


def test_a_store_that_nobody_closes_is_closed_when_it_is_collected(tmp_path: Path) -> None:
    """Otherwise Python 3.13 and later complain of an unclosed database."""
    store = SqliteIntents(tmp_path / "intents.db")
    connection = store._file._connection
    assert connection is not None

    del store
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # other threads of the test run do no harm here
def test_a_forked_child_has_a_connection_of_its_own(tmp_path: Path) -> None:
    """It sees the record of its parent, and the parent goes on after the child's end."""
    store = SqliteIntents(tmp_path / "intents.db")
    store._begin(NEW)
    if (child := os.fork()) == 0:
        may_send = store._begin(NEW).may_send
        os._exit(int(may_send))
    _, status = os.waitpid(child, 0)

    assert 0 == os.waitstatus_to_exitcode(status)
    assert not store._begin(NEW).may_send
    store._file.close()


FORK_IN_C = """
import ctypes, os, sys
from paycombat_async.intents import NewIntent, SqliteIntents

store = SqliteIntents(sys.argv[1])
new = [NewIntent(endpoint="payouts.create", reference=name, body_digest="d", owner="o", lease=9) for name in "ab"]
assert store._begin(new[0]).may_send
parents = store._file._connection
child = ctypes.CDLL(None).fork()
if child == 0:
    is_right = store._begin(new[1]).may_send and store._file._connection is not parents
    os._exit(0 if is_right else 1)
assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert store._file._connection is parents
assert not any(store._begin(each).may_send for each in new)
store._file.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_that_was_forked_in_c_has_a_connection_of_its_own(tmp_path: Path) -> None:
    """As by uWSGI: no function that is registered for forks is called, and the connection is open in both."""
    ended = run(sys.executable, "-W", "error", "-c", FORK_IN_C, tmp_path / "intents.db", cwd=ROOT)

    assert (0, "", "") == (ended.returncode, ended.stdout, ended.stderr)
