"""Four processes with four threads each on one inbox, killed again and again, with deliveries repeated and in disorder.

`PAYCOMBAT_SOAK=1` makes 20 000 deliveries and 100 kills.
"""

import asyncio
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from paycombat_async.webhooks import Depth, SqliteInbox
from tests.chaos.soak import LIMIT_S, SOAK
from tests.processes import Process

DELIVERIES, PAYOUTS, ROUNDS = (20_000, 2_000, 25) if SOAK else (240, 30, 2)
PROCESSES = 4
SEED = 20261128
Note = list[object]

pytestmark = [
    pytest.mark.promise("P14"),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX only: SIGKILL and flock"),
    pytest.mark.timeout(LIMIT_S if SOAK else 120),
]


def made_up(random: Random) -> dict[int, str]:
    """Deliveries by number: of each payout its SUCCESS or FAILED and often its RETURNED, repeated, in any order."""
    events = []
    for number in range(PAYOUTS):
        events.append((number, random.choice(["SUCCESS", "FAILED"])))
        if random.random() < 0.7:
            events.append((number, "RETURNED"))
    chosen = events + random.choices(events, k=DELIVERIES - len(events))
    random.shuffle(chosen)
    body = '{{"id":"payout-{}","type":"PAYOUT","status":"{}"}}'
    return {number: body.format(*event) for number, event in enumerate(chosen)}


def notes(folder: Path) -> list[Note]:
    """What all processes have written down, in its order. A kill may cut the last line of a process short."""
    lines = (folder / "log").read_bytes().split(b"\n")
    return [json.loads(line) for line in lines if line.endswith(b"]")]


def rounds(folder: Path, random: Random) -> Iterator[int]:
    """Yields how many processes were killed in each round; after the last one, nothing is left to deliver.

    Each round is an hour later by the clocks of its processes, so that the leases of the dead are over.
    """
    left = made_up(random)
    for number in range(ROUNDS + 1):
        share = list(left.items())[: len(left) // (ROUNDS + 1 - number)]
        parts = [share[part::PROCESSES] for part in range(PROCESSES)]
        for part, deliveries in enumerate(parts):
            (folder / f"part-{part}").write_text(json.dumps(deliveries), encoding="utf-8")
        command = (sys.executable, "-W", "error", "-m", "tests.webhooks.inbox_shop", folder)
        shops = [Process(*command, f"part-{part}", 3600 * number) for part in range(PROCESSES)]
        is_last = number == ROUNDS
        for shop, deliveries in zip(shops, parts, strict=True):
            for _ in range(0 if is_last else random.randint(1, len(deliveries))):
                shop.line()
            if not is_last:
                shop.kill()
            ended = shop.end(limit=LIMIT_S)
            assert "" == ended.stderr
        for _, answered, *_ in (note for note in notes(folder) if note[0] == "answered"):
            left.pop(answered, None)
        yield 0 if is_last else PROCESSES


def test_killed_shops_work_on_each_event_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None is lost, none is worked on by two at once, and those of one payout are worked on in their order."""
    begun = monotonic()
    kills = sum(rounds(tmp_path, Random(SEED)))
    seen = notes(tmp_path)
    answers = [(receipt, key) for what, _, receipt, key in seen if what == "answered"]
    begins = [(number, attempt) for what, number, attempt, _ in seen if what == "begun"]
    ends = Counter(key for what, _, _, key in seen if what == "ended")

    if SOAK:
        with capsys.disabled():
            repeated = ends.total() - len(ends)
            sys.stdout.write(f"\n{len(answers)} answered, {kills} kills, {len(ends)} events worked on, ")
            sys.stdout.write(f"{repeated} of them again after a kill, {monotonic() - begun:.0f} s\n")
    assert [] == [note for note in seen if note[0] == "at once"]
    assert max(Counter(begins).values()) == 1
    kept = receipts(tmp_path)
    assert {key for _, key in answers} <= kept.keys()
    assert {key for key, receipt in kept.items() if receipt == "new"} == ends.keys()
    assert max(Counter(key for receipt, key in answers if receipt == "new").values()) == 1
    assert ends.total() - len(ends) <= 4 * kills
    assert [] == out_of_order(seen)
    assert Depth(waiting=0, taken=0, conflicts=0, damaged=0, oldest=None) == asyncio.run(depth(tmp_path))
    assert set(range(DELIVERIES)) == {delivery for what, delivery, *_ in seen if what == "answered"}


def out_of_order(seen: list[Note]) -> list[Note]:
    """The beginnings of an event while an earlier one of its payout was not ended, or after a later one."""
    wrong: list[Note] = []
    latest: dict[str, int] = {}  # by payout: the event that was begun last
    ended: set[object] = set()
    for note in seen:
        what, number, _, key = note
        if what == "ended":
            ended.add(number)
        if what == "begun":
            payout = str(key).split(":")[1]
            before = latest.get(payout, number)
            if before > number or (before < number and before not in ended):
                wrong.append(note)
            latest[payout] = number
    return wrong


def receipts(folder: Path) -> dict[str, str]:
    """What each event was to the inbox when it came first, by its key."""
    connection = sqlite3.connect(folder / "inbox.db")
    found = dict(connection.execute("SELECT key, receipt FROM delivery"))
    connection.close()
    return found


async def depth(folder: Path) -> Depth:
    inbox = SqliteInbox(folder / "inbox.db")
    found = await inbox.depth()
    await inbox.aclose()
    return found
