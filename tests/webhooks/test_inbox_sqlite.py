"""The inbox as a file: whose it is, what a crash leaves, and many processes at once."""

import os
import signal
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from paycombat_async import ConfigurationError
from paycombat_async.schemas.events import UnknownEvent, WebhookEvent
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import inbox_file
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inbox import Receipt
from paycombat_async.webhooks.inbox_sqlite import SqliteInbox
from tests.processes import Process

BODY = b'{"id":"id-1","type":"PAYIN","status":"SUCCESS","customer_full_name":"Jane Personal","filler":"%s"}'
PAID = read_event(BODY % (b"x" * 9000))  # more than a page of SQLite


def numbered(number: int) -> WebhookEvent:
    return read_event(b'{"id":"id-%d","type":"PAYIN","status":"SUCCESS"}' % number)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


def test_only_the_owner_may_read_it(path):
    """Whatever the umask; and no other file stays beside it."""
    before = os.umask(0)
    try:
        SqliteInbox(path).receive(PAID)
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(path.parent.iterdir())


def test_a_file_that_others_may_read_is_closed_to_them(path):
    """A file with wider permissions, for instance a copy, is set to mode 0600."""
    SqliteInbox(path)
    path.chmod(0o644)

    SqliteInbox(path)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_personal_data_goes_when_the_work_is_done(path):
    """Overwritten in the file, not only let go."""
    inbox = SqliteInbox(path)
    inbox.receive(PAID)
    while_pending = path.read_bytes()

    inbox.done(PAID)

    assert b"Jane Personal" in while_pending
    assert b"Jane Personal" not in path.read_bytes()
    assert b"xxxxxxxx" not in path.read_bytes()


def test_what_is_outdated_is_never_written_down(path):
    """There is nothing to do with it."""
    inbox = SqliteInbox(path)
    inbox.receive(numbered(1))

    inbox.receive(read_event(b'{"id":"id-1","type":"PAYIN","status":"PENDING","customer_full_name":"Jane Personal"}'))

    assert b"Jane Personal" not in path.read_bytes()


def test_it_does_not_say_what_it_holds(path):
    """The `repr` shows the path and no content."""
    assert f"SqliteInbox({str(path)!r})" == repr(SqliteInbox(path))


def of_another_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE delivery (number)")
    connection.close()


def of_another_version(path: Path) -> None:
    SqliteInbox(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def a_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (of_another_program, "another program's database"),
        (of_another_version, "another version of paycombat"),
        (lambda path: path.write_bytes(b"Dear diary, " * 100), "some other file"),
        (a_link, "a link"),
        (Path.mkdir, "no regular file"),
    ],
    ids=["another program", "another version", "a text", "a link", "a directory"],
)
def test_what_is_no_inbox_is_refused(path, prepare, complaint):
    """With a sentence that names the file."""
    prepare(path)

    with pytest.raises(ConfigurationError, match=complaint) as refused:
        SqliteInbox(path)

    assert str(path) in str(refused.value)


def test_a_directory_that_is_not_there_is_named(tmp_path):
    """At the start of the program, not at the first webhook."""
    with pytest.raises(ConfigurationError, match="cannot be created: No such file"):
        SqliteInbox(tmp_path / "none" / "inbox.db")


def test_a_file_that_vanished_is_not_made_anew(path):
    """An empty one would call every repetition new."""
    inbox = SqliteInbox(path)
    path.unlink()

    with pytest.raises(ConfigurationError, match="cannot be opened"):
        inbox.receive(PAID)

    assert not path.exists()


def test_a_relative_path_holds_when_the_process_moves(tmp_path, monkeypatch):
    """A relative path stays valid after `chdir`, which daemons call."""
    monkeypatch.chdir(tmp_path)
    inbox = SqliteInbox("inbox.db")
    monkeypatch.chdir("/")

    assert inbox.receive(PAID) is Receipt.NEW


def test_a_lock_that_is_held_too_long_is_named(path, monkeypatch):
    """By a backup, say: the answer is no 200, and the provider may come again."""
    inbox = SqliteInbox(path)
    monkeypatch.setattr(inbox_file, "_PATIENCE_S", 0)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(ConfigurationError, match="locked by another process"):
        inbox.receive(PAID)
    holder.close()

    assert inbox.receive(PAID) is Receipt.NEW


def test_an_event_that_could_not_be_kept_is_new_when_it_comes_again(path):
    """As when the disk is full: it was kept whole, or not at all."""
    inbox = SqliteInbox(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'no room'); END")
    with pytest.raises(ConfigurationError, match="no room"):
        inbox.receive(PAID)
    connection.execute("DROP TRIGGER full")
    connection.close()

    assert (Receipt.NEW, [PAID]) == (inbox.receive(PAID), inbox.pending())


def test_an_event_kept_by_a_release_that_did_not_know_its_type_can_be_done(path):
    """Such a release keeps it under its digest; it is a duplicate all the same, and done does not miss it."""
    inbox = SqliteInbox(path)
    inbox.receive(PAID)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE delivery SET key = ?", [UnknownEvent(payload=PAID.payload, data={}).key])
    connection.commit()
    connection.close()

    receipt = inbox.receive(PAID)
    inbox.done(inbox.take())

    assert (Receipt.DUPLICATE, []) == (receipt, inbox.pending())


START = """
import os, signal, sys, threading, warnings
from paycombat_async.webhooks.events import read_event
from paycombat_async.webhooks.inbox_sqlite import SqliteInbox

inbox = SqliteInbox(sys.argv[1])

def paid(number):
    return read_event(b'{"id":"id-%d","type":"PAYIN","status":"SUCCESS"}' % number)
"""


def program(path: Path, code: str) -> Process:
    """A process with `inbox` and `paid(number)` at hand; warnings are errors."""
    return Process(sys.executable, "-W", "error", "-c", START + code, path)


def output(process: Process) -> list[str]:
    ended = process.end()
    assert "" == ended.stderr
    return ended.stdout.split()


def together(path: Path, code: str, processes: int = 4) -> list[list[str]]:
    """What each of several processes printed; all start when all are ready."""
    ready = "print('ready', flush=True); sys.stdin.readline()"
    running = [program(path, f"{ready}\n{code}") for _ in range(processes)]
    for process in running:
        process.line()
    for process in running:
        process.say("go\n")
    return [output(process) for process in running]


def test_of_concurrent_deliveries_to_many_processes_one_is_new(path):
    """Four workers of a web server get the same forty events at once."""
    receipts = together(path, "print(*(inbox.receive(paid(n)) for n in range(40)))")

    by_event = [sorted(of_one) for of_one in zip(*receipts, strict=True)]
    assert [["duplicate", "duplicate", "duplicate", "new"]] * 40 == by_event
    assert [numbered(n) for n in range(40)] == sorted(SqliteInbox(path).pending(), key=lambda e: int(e.id[3:]))


def test_of_concurrent_workers_in_many_processes_one_gets_each_event(path):
    """Nobody works on what another has taken, and nothing is left."""
    inbox = SqliteInbox(path)
    for number in range(30):
        inbox.receive(numbered(number))

    taken = together(path, "while event := inbox.take():\n    inbox.done(event)\n    print(event.id)")

    assert sorted(f"id-{n}" for n in range(30)) == sorted(one for worker in taken for one in worker)
    assert [] == inbox.pending()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_what_was_received_outlives_the_process(path):
    """Killed right after `receive` returned, as between reply and work; work in hand comes again after its lease."""
    clock = FakeClock()
    killed = program(path, "inbox.receive(paid(1)); inbox.take(); os.kill(os.getpid(), signal.SIGKILL)")

    ended = killed.end()
    clock.time = 4e9
    inbox = SqliteInbox(path, clock=clock)

    assert (-signal.SIGKILL, "", "") == ended
    assert [numbered(1)] == inbox.pending()
    assert numbered(1) == inbox.take()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_kill_at_any_moment_loses_no_event_that_was_acknowledged(path):
    """The next process reads what the last one had said it had, and at most the one it was writing."""
    acknowledged = 0
    for _ in range(3):
        writer = program(path, f"for n in range({acknowledged}, 10**6): inbox.receive(paid(n)); print(n, flush=True)")
        for _line in range(20):
            acknowledged = int(writer.line()) + 1
        writer.kill()
        rest = output(writer)
        acknowledged = int(rest[-1]) + 1 if rest else acknowledged

        kept = len(SqliteInbox(path).pending())

        assert kept - acknowledged in {0, 1}
        acknowledged = kept


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_may_fork_while_its_threads_receive(path):
    """Each child is an equal of its parent, whatever the threads were doing at that moment."""
    code = """
# From Python 3.12 on, any thread beside a fork is warned of; that it goes well is what this program shows.
warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
stop = threading.Event()
def busily():
    number = 1000
    while not stop.is_set():
        inbox.receive(paid(number)); number += 1
threads = [threading.Thread(target=busily, daemon=True) for _ in range(2)]
for thread in threads: thread.start()
for number in range(10):
    child = os.fork()
    if child == 0:
        os._exit(0 if inbox.receive(paid(number)) == "new" else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads: thread.join()
"""

    assert ["0"] * 10 == output(program(path, code))
