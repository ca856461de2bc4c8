"""The inbox as a file: whose it is, what it costs, what a crash or damage leaves, and many processes at once."""

import contextlib
import gc
import os
import signal
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async import ConfigurationError, StoreFailed
from paycombat_async._sqlite import file as sqlite_file
from paycombat_async._sqlite import mounts as sqlite_mounts
from paycombat_async.schemas.events import UnknownEvent, WebhookEvent
from paycombat_async.testing import FakeClock
from paycombat_async.webhooks import Depth, Receipt, SqliteInbox, read
from paycombat_async.webhooks.inboxes.sqlite_file import InboxFile, token_of
from paycombat_sync import webhooks as blocking
from tests.chaos.soak import SOAK
from tests.processes import Process

pytestmark = pytest.mark.promise("P14")

BODY = b'{"id":"id-1","type":"PAYIN","status":"SUCCESS","customer_full_name":"Jane Personal","filler":"%s"}'
PAID = read(BODY % (b"x" * 9000))  # more than a page of SQLite
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")


def numbered(number: int) -> WebhookEvent:
    return read(b'{"id":"id-%d","type":"PAYIN","status":"SUCCESS"}' % number)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


@pytest.fixture(name="inbox")
async def _inbox(path: Path, clock: FakeClock) -> AsyncIterator[SqliteInbox]:
    inbox = SqliteInbox(path, clock=clock)
    yield inbox
    await inbox.aclose()


def contents(path: Path) -> bytes:
    """All that is on the disk, the log included."""
    return b"".join(each.read_bytes() for each in path.parent.iterdir())


def change(path: Path, *statements: str) -> None:
    """By another program."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


async def test_only_the_owner_may_read_it(path):
    """Whatever the umask; and no other file is beside it once it is closed."""
    before = os.umask(0)
    try:
        inbox = SqliteInbox(path)
        await inbox.receive(PAID)
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        await inbox.aclose()
    finally:
        os.umask(before)

    assert {0o600} == set(modes.values()), modes
    assert [path] == list(path.parent.iterdir())


async def test_a_file_that_others_may_read_is_closed_to_them(path):
    """A file with wider permissions, for instance a copy, is set to mode 0600."""
    await SqliteInbox(path).aclose()
    path.chmod(0o644)

    await SqliteInbox(path).aclose()

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


async def test_every_commit_is_written_to_the_disk_and_only_once(inbox, path):
    """A write-ahead log that is synced at each commit: one fsync. In any weaker mode a power cut may undo a commit."""
    await inbox.receive(PAID)
    connection = inbox._file._file._connection

    settings = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    settings |= {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("fullfsync", "secure_delete")}

    assert {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "secure_delete": 1} == settings
    assert path.with_name("inbox.db-wal").exists()


async def test_a_lock_is_waited_for_also_after_the_log_was_cleared(inbox, path):
    """Clearing does not wait; a commit after it does, since other processes hold the lock for milliseconds only."""
    await inbox.receive(PAID)
    file = inbox._file._file
    before = file._connection.execute("PRAGMA busy_timeout").fetchone()

    is_cleared = file.clear_log()

    assert (True, (10_000,)) == (is_cleared, before)
    assert before == file._connection.execute("PRAGMA busy_timeout").fetchone()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: the VFS has another name")
def test_a_file_that_cannot_have_a_write_ahead_log_is_refused(path, monkeypatch):
    """In another journal mode, the settings that are made would not survive a power cut."""
    connect = sqlite3.connect

    def without_shared_memory(address: str, **options: object) -> sqlite3.Connection:
        return connect(f"{address}&vfs=unix-dotfile", **options)

    monkeypatch.setattr(sqlite_file.sqlite3, "connect", without_shared_memory)

    with pytest.raises(ConfigurationError, match="journal mode stays delete, and cannot be WAL"):
        SqliteInbox(path)


async def test_personal_data_goes_when_the_work_is_done(inbox, path, clock):
    """Overwritten in the file, and a minute later cleared from the log beside it."""
    await inbox.receive(PAID)
    while_pending = contents(path)

    await inbox.done(PAID)
    clock.time += 60
    await inbox.take()

    assert b"Jane Personal" in while_pending
    assert b"Jane Personal" not in contents(path)
    assert b"xxxxxxxx" not in contents(path)


async def test_personal_data_goes_as_soon_as_nobody_reads_it(inbox, path, clock):
    """A backup under way holds the log; the next `take` after it clears that."""
    await inbox.receive(PAID)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM delivery").fetchone()
    await inbox.done(PAID)
    clock.time += 60

    await inbox.take()
    during = contents(path)
    reader.close()
    await inbox.take()

    assert b"Jane Personal" in during
    assert b"Jane Personal" not in contents(path)


async def test_personal_data_is_gone_when_the_inbox_is_closed(inbox, path):
    """Also while another process has the file open."""
    other = SqliteInbox(path)
    await other.receive(PAID)

    await inbox.done(PAID)
    await inbox.aclose()

    assert b"Jane Personal" not in contents(path)
    assert path.with_name("inbox.db-wal").exists()
    await other.aclose()


async def test_what_is_outdated_is_never_written_down(inbox, path):
    """There is nothing to do with it."""
    await inbox.receive(numbered(1))

    await inbox.receive(read(b'{"id":"id-1","type":"PAYIN","status":"PENDING","customer_full_name":"Jane Personal"}'))

    assert b"Jane Personal" not in contents(path)


def test_it_does_not_say_what_it_holds(path):
    """The `repr` shows the path and no content."""
    assert f"SqliteInbox({str(path)!r})" == repr(SqliteInbox(path)) == repr(blocking.SqliteInbox(path))


def of_another_program(path: Path) -> None:
    change(path, "CREATE TABLE delivery (number)")


def of_another_version(path: Path) -> None:
    SqliteInbox(path)
    gc.collect()
    change(path, "PRAGMA user_version = 99")


def a_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def of_garbage_behind_the_head(path: Path) -> None:
    SqliteInbox(path)
    gc.collect()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (of_another_program, "another program's database"),
        (of_another_version, "another version of paycombat"),
        (lambda path: path.write_bytes(b"Dear diary, " * 100), "some other file"),
        (a_link, "a link"),
        (Path.mkdir, "no regular file"),
        (of_garbage_behind_the_head, "is damaged, and may hold events that are not done: keep a copy"),
    ],
    ids=["another program", "another version", "a text", "a link", "a directory", "garbage"],
)
@pytest.mark.parametrize("kind", [SqliteInbox, blocking.SqliteInbox], ids=["async", "blocking"])
def test_what_is_no_inbox_is_refused(kind, path, prepare, complaint):
    """With a sentence that names the file."""
    prepare(path)

    with pytest.raises(ConfigurationError, match=complaint) as refused:
        kind(path)

    assert str(path) in str(refused.value)


def test_memory_is_refused():
    """It would make a file of that name."""
    with pytest.raises(ConfigurationError, match="MemoryInbox"):
        SqliteInbox(":memory:")


def test_a_directory_that_is_not_there_is_named(tmp_path):
    """At the start of the program, not at the first webhook."""
    with pytest.raises(ConfigurationError, match="cannot be created: No such file"):
        SqliteInbox(tmp_path / "none" / "inbox.db")


@pytest.mark.parametrize("others", ["", "/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n"], ids=["alone", "mounted"])
def test_a_network_file_system_is_refused(path, monkeypatch, others):
    """Its locks do not keep several machines apart. The mount point that is nearest to the file counts."""
    mounts = path.with_name("mounts")
    mounts.write_text(f"{others}server:/ {path.parent} nfs4 rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr(sqlite_mounts, "MOUNTS", mounts)

    with pytest.raises(ConfigurationError, match="network file system"):
        SqliteInbox(path)


@pytest.mark.parametrize(
    ("mounts", "words"),
    [
        (
            "/dev/sda1 / ext4 rw 0 0\nauto {folder} autofs rw 0 0\nserver:/ {folder} nfs4 rw 0 0",
            "network file system",
        ),
        ("bucket {folder} fuse.gcsfuse rw 0 0", "network file system"),
        ("/dev/\xff\\040/x /elsewhere ext4 rw 0 0\nserver:/ {folder} nfs rw 0 0", "network file system"),
        ("/dev/sda1 / ext4 rw 0 0\n/dev/sda1 {folder}/inbox.db ext4 rw 0 0", "mount its folder instead"),
        ("server:/ {folder} nfs4 rw 0 0\n/dev/sda1 {folder} ext4 rw 0 0", ""),
        ("server:/ {folder}/other nfs4 rw 0 0\n/dev/sda1 / ext4 rw 0 0", ""),
        ("/dev/sda1 / ext4 rw 0 0\nproc", ""),
    ],
    ids=["automounted", "in a bucket", "odd bytes", "a file by itself", "hidden", "beside", "cut"],
)
@pytest.mark.parametrize("way", ["plain", "with a space", "over a link"])
def test_a_file_that_others_would_not_share_is_refused(tmp_path, monkeypatch, mounts, words, way):
    """Each machine, or container, would have records of its own, and the same event would be new to each."""
    folder = tmp_path / ("my share" if way == "with a space" else "share")
    folder.mkdir()
    text = mounts.format(folder=str(folder).replace(" ", r"\040"))
    (tmp_path / "mounts").write_bytes(text.encode("latin-1"))
    place = tmp_path / "link" if way == "over a link" else folder
    if place != folder:
        place.symlink_to(folder)
    monkeypatch.setattr(sqlite_mounts, "MOUNTS", tmp_path / "mounts")

    with pytest.raises(ConfigurationError, match=words) if words else contextlib.nullcontext():
        SqliteInbox(place / "inbox.db")


async def test_a_file_that_vanished_is_not_made_anew(inbox, path):
    """An empty one would call every repetition new, and what is written to a deleted file is lost."""
    await inbox.receive(numbered(1))
    path.unlink()

    with pytest.raises(StoreFailed, match="cannot be opened"):
        await inbox.receive(PAID)

    assert not path.exists()


async def test_a_file_that_is_moved_away_and_back_has_lost_nothing(inbox, path):
    """As by a careless backup: nothing is received meanwhile, and what was received before is there."""
    await inbox.receive(numbered(2))
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(StoreFailed):
        await inbox.receive(PAID)
    path.with_name("elsewhere.db").rename(path)

    assert await inbox.receive(PAID) is Receipt.NEW
    assert [numbered(2), PAID] == await inbox.pending()


async def test_a_file_that_is_replaced_is_used_from_then_on(inbox, path):
    """As after a restore: what another process has received in the new file is not lost."""
    await inbox.receive(numbered(1))
    for each in list(path.parent.iterdir()):
        each.rename(each.with_name(each.name.replace("inbox", "old")))
    other = SqliteInbox(path)
    await other.receive(numbered(2))

    receipt = await inbox.receive(numbered(2))
    await other.receive(numbered(3))

    assert receipt is Receipt.DUPLICATE
    assert [numbered(2), numbered(3)] == await inbox.pending()
    await other.aclose()


async def test_a_relative_path_holds_when_the_process_moves(tmp_path, monkeypatch):
    """A relative path stays valid after `chdir`, which daemons call."""
    monkeypatch.chdir(tmp_path)
    inbox = SqliteInbox("inbox.db")
    monkeypatch.chdir("/")

    assert await inbox.receive(PAID) is Receipt.NEW
    await inbox.aclose()


async def test_a_lock_that_is_held_too_long_is_named(path, monkeypatch):
    """By a backup, say: the answer is no 200, and the provider may come again."""
    await SqliteInbox(path).aclose()
    inbox = SqliteInbox(path)
    inbox._file._file._connection.execute("PRAGMA busy_timeout = 0")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreFailed, match="locked by another process"):
        await inbox.receive(PAID)
    holder.close()

    assert await inbox.receive(PAID) is Receipt.NEW
    await inbox.aclose()


async def test_an_event_that_could_not_be_kept_is_new_when_it_comes_again(inbox, path):
    """As when the disk is full: it was kept whole, or not at all."""
    change(path, "CREATE TRIGGER full BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'no room'); END")
    with pytest.raises(StoreFailed, match="no room"):
        await inbox.receive(PAID)
    change(path, "DROP TRIGGER full")

    assert (Receipt.NEW, [PAID]) == (await inbox.receive(PAID), await inbox.pending())


async def test_an_event_kept_by_a_release_that_did_not_know_its_type_can_be_done(inbox, path):
    """Such a release keeps it under its digest; it is a duplicate all the same, and done does not miss it."""
    await inbox.receive(PAID)
    change(path, f"UPDATE delivery SET key = '{UnknownEvent(payload=PAID.payload, data={}).key}'")

    receipt = await inbox.receive(PAID)
    await inbox.done(PAID)

    assert (Receipt.DUPLICATE, []) == (receipt, await inbox.pending())


def test_an_inbox_that_nobody_closes_is_closed_when_it_is_collected(path):
    """Otherwise Python 3.13 and later complain of an unclosed database."""
    inbox = SqliteInbox(path)
    connection = inbox._file._file._connection

    del inbox
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


DAMAGE = {
    "no JSON": "x'7b'",
    "no UTF-8": "x'ff00ff'",
    "a list": "CAST('[1]' AS BLOB)",
    "empty": "x''",
    "text": """'{"id":"id-2","type":"PAYOUT","status":"SUCCESS"}'""",
    "a number": "17",
}


@pytest.mark.parametrize("payload", DAMAGE.values(), ids=DAMAGE)
async def test_a_payload_that_cannot_be_read_is_set_aside(inbox, path, clock, payload, caplog):
    """The others go on, also those of the same payout; it is listed and counted until a person calls it done."""
    sent = read(b'{"id":"id-2","type":"PAYOUT","status":"SUCCESS","beneficiary":"Jane Personal"}')
    returned = read(b'{"id":"id-2","type":"PAYOUT","status":"RETURNED"}')
    for event in (sent, returned, numbered(3)):
        await inbox.receive(event)
        clock.time += 1
    change(path, f"UPDATE delivery SET payload = {payload} WHERE number = 1")

    pending = await inbox.pending()
    taken = [await inbox.take() for _ in range(3)]
    listed, depth = await inbox.damaged(), await inbox.depth()
    await inbox.done(taken[0])
    forgotten = await inbox.forget(days=-1)

    assert [returned, numbered(3)] == pending
    assert [returned, numbered(3), None] == [delivery and delivery.event for delivery in taken]
    assert [(1, sent.key, clock.time - 3)] == [(each.number, each.key, each.arrived_at.timestamp()) for each in listed]
    assert Depth(waiting=0, taken=2, conflicts=0, damaged=1, oldest=2.0) == depth
    assert [(30, "event 1 cannot be read and is set aside; see `damaged` of the inbox")] == [
        (record.levelno, record.message) for record in caplog.records
    ]
    assert 1 == forgotten
    assert 1 == len(await inbox.damaged())
    await inbox.done(sent)
    assert [] == await inbox.damaged()
    assert 0 == (await inbox.depth()).damaged


async def test_a_file_that_refuses_one_write_sets_nothing_aside(inbox, path):
    """What fails for every event is the file's fault, not the event's."""
    await inbox.receive(PAID)
    change(path, "CREATE TRIGGER full BEFORE UPDATE ON delivery BEGIN SELECT RAISE(ABORT, 'no room'); END")

    with pytest.raises(StoreFailed, match="no room"):
        await inbox.take()

    assert [] == await inbox.damaged()


damages = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), min_size=1, max_size=4)


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An inbox file with twenty events in it, some of more than a page."""
    path = tmp_path_factory.mktemp("whole") / "inbox.db"
    inbox = blocking.SqliteInbox(path)
    for number in range(20):
        filler = b"x" * (9000 if number % 5 == 0 else 300)
        inbox.receive(read(b'{"id":"id-%d","type":"PAYIN","status":"SUCCESS","f":"%s"}' % (number, filler)))
    inbox.close()
    return path.read_bytes()


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where that can be had: it is not this disk that is damaged."""
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else tmp_path_factory.mktemp("damage")
    with TemporaryDirectory(dir=base) as folder:
        yield Path(folder)


@settings(max_examples=3000 if SOAK else 100)
@given(damages, st.sampled_from(["payloads", "the file"]))
def test_damage_anywhere_raises_no_foreign_exception(whole, folder, damage, where):
    """Random bytes over a payload, or anywhere in the file: each call works or raises an error of the SDK.

    Damaged payloads alone never keep the other events from being worked on.
    """
    path = folder / "inbox.db"
    for each in folder.iterdir():
        each.unlink()
    path.write_bytes(whole)
    hit: set[int] = set()
    for place, garbage in damage:
        hit |= hurt_a_payload(path, place, garbage) if where == "payloads" else hurt_the_file(path, place, garbage)

    seen = drained(path)

    if where == "payloads":
        assert {f"id-{number}" for number in range(20) if number not in hit} <= seen


def hurt_a_payload(path: Path, place: float, garbage: bytes) -> set[int]:
    number = int(place * 19)
    connection = sqlite3.connect(path)
    (payload,) = connection.execute("SELECT payload FROM delivery WHERE number = ?", [number + 1]).fetchone()
    at = int(place * 7919) % len(payload)
    hurt = payload[:at] + garbage + payload[at + len(garbage) :]
    connection.execute("UPDATE delivery SET payload = ? WHERE number = ?", [hurt, number + 1])
    connection.commit()
    connection.close()
    return {number}


def hurt_the_file(path: Path, place: float, garbage: bytes) -> set[int]:
    content = bytearray(path.read_bytes())
    at = int(place * (len(content) - len(garbage)))
    content[at : at + len(garbage)] = garbage
    path.write_bytes(content)
    return set()


def drained(path: Path) -> set[str | None]:
    """The ids of all events that come out; whatever is raised is an error of the SDK."""
    seen: set[str | None] = set()
    try:
        inbox = InboxFile(path, FakeClock())
    except ConfigurationError:
        return seen
    try:
        while taken := inbox.take(60):
            seen.add(taken.event.id)
            inbox.done(taken.number, token_of(taken.number, taken.attempt))
        inbox.receive(numbered(99), is_contradicted=False)
        inbox.pending(Receipt.NEW, 100), inbox.damaged(100), inbox.depth(), inbox.forget(-1)
    except StoreFailed:
        pass
    finally:
        inbox.close()
    return seen


START = """
import os, signal, sys, threading, warnings
from paycombat_sync.webhooks import SqliteInbox, read

inbox = SqliteInbox(sys.argv[1])

def paid(number):
    return read(b'{"id":"id-%d","type":"PAYIN","status":"SUCCESS"}' % number)
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


async def test_of_concurrent_deliveries_to_many_processes_one_is_new(path):
    """Four workers of a web server get the same forty events at once."""
    receipts = together(path, "print(*(inbox.receive(paid(n)) for n in range(40)))")

    inbox = SqliteInbox(path)
    by_event = [sorted(of_one) for of_one in zip(*receipts, strict=True)]
    assert [["duplicate", "duplicate", "duplicate", "new"]] * 40 == by_event
    assert [numbered(n) for n in range(40)] == sorted(await inbox.pending(), key=lambda e: int(e.id[3:]))
    await inbox.aclose()


async def test_of_concurrent_workers_in_many_processes_one_gets_each_event(path):
    """Nobody works on what another has taken, and nothing is left."""
    inbox = SqliteInbox(path)
    for number in range(30):
        await inbox.receive(numbered(number))

    taken = together(path, "while taken := inbox.take():\n    inbox.done(taken)\n    print(taken.event.id)")

    assert sorted(f"id-{n}" for n in range(30)) == sorted(one for worker in taken for one in worker)
    assert [] == await inbox.pending()
    await inbox.aclose()


@needs_kill
async def test_what_was_received_outlives_the_process(path):
    """Killed right after `receive` returned, as between reply and work; work in hand comes again after its lease."""
    clock = FakeClock()
    killed = program(path, "inbox.receive(paid(1)); inbox.take(); os.kill(os.getpid(), signal.SIGKILL)")

    ended = killed.end()
    clock.time = 4e9
    inbox = SqliteInbox(path, clock=clock)

    assert (-signal.SIGKILL, "", "") == ended
    assert [numbered(1)] == await inbox.pending()
    assert (await inbox.take()).event == numbered(1)
    await inbox.aclose()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it finds descriptors in /proc")
@pytest.mark.parametrize("closed", ["", "-wal"], ids=["file", "log"])
async def test_a_descriptor_that_other_code_closes_costs_answers_and_no_event(path, closed):
    """uvloop closes the number of gunicorn's listening socket twice when a worker ends, whoever has it by then."""
    code = f"""
from paycombat_sync import StoreFailed
inbox.receive(paid(0))
for number in os.listdir("/proc/self/fd"):
    try:
        is_meant = os.readlink(f"/proc/self/fd/{{number}}") == sys.argv[1] + "{closed}"
    except OSError:  # that of the listing itself
        continue
    if is_meant:
        os.close(int(number))
for number in (1, 1, 1, 2):
    try:
        print(number, inbox.receive(paid(number)))
    except StoreFailed:
        print(number, "refused")
"""

    lines = output(program(path, code))
    answers = list(zip(lines[::2], lines[1::2], strict=True))
    inbox = SqliteInbox(path)
    kept = {event.id for event in await inbox.pending()}
    await inbox.aclose()

    accepted = {f"id-{number}" for number, answer in answers if answer != "refused"}
    assert {"id-1", "id-2"} == accepted
    assert {"id-0", *accepted} == kept


@needs_kill
async def test_a_kill_at_any_moment_loses_no_event_that_was_acknowledged(path):
    """The next process reads what the last one had said it had, and at most the one it was writing."""
    acknowledged = 0
    for _ in range(3):
        writer = program(path, f"for n in range({acknowledged}, 10**6): inbox.receive(paid(n)); print(n, flush=True)")
        for _line in range(20):
            acknowledged = int(writer.line()) + 1
        writer.kill()
        rest = output(writer)
        acknowledged = int(rest[-1]) + 1 if rest else acknowledged

        inbox = SqliteInbox(path)
        kept = len(await inbox.pending(limit=10**6))
        await inbox.aclose()

        assert kept - acknowledged in {0, 1}
        acknowledged = kept


@needs_fork
def test_a_process_may_fork_while_its_threads_receive(path):
    """Each child is an equal of its parent, whatever the threads were doing at that moment."""
    code = """
# From Python 3.12 on, any thread beside a fork is warned of; that it goes well is what this program shows.
warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
inbox.receive(paid(999))  # a fork in the middle of an import, as in a first call, leaves half a module
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


@needs_fork
def test_what_a_forked_child_receives_outlives_its_parent(path):
    """A parent that closes the file as if it were the last to use it must not delete the log of its child."""
    code = """
warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
inbox.receive(paid(1))
(reader, writer), (parents_reader, childs_writer) = os.pipe(), os.pipe()
if (child := os.fork()) == 0:
    inbox.receive(paid(2))
    os.write(childs_writer, b"x")
    os.read(reader, 1)
    inbox.receive(paid(3))
    os.kill(os.getpid(), signal.SIGKILL)
os.read(parents_reader, 1)
inbox.receive(paid(4))
inbox.close()
os.write(writer, b"x")
os.waitpid(child, 0)
print(*(event.id for event in inbox.pending()))
inbox.close()
"""

    assert ["id-1", "id-2", "id-3", "id-4"] == sorted(output(program(path, code)))
