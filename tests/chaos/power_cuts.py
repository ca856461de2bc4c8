"""The disk as it may look after a power cut, made up from what SQLite asked of it.

What was synced is there, of the rest all, nothing, some, or some sectors.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.chaos.journal_tap import Operation

SECTOR = 512
MODES = ("none", "all", "some", "sectors")


@dataclass
class Disk:
    """What is on the disk for certain, and what was asked for since. Files are known by number, names may change."""

    names: dict[str, int] = field(default_factory=dict)
    files: dict[int, bytearray] = field(default_factory=dict)
    loose_names: list[tuple[str, int | None]] = field(default_factory=list)
    loose: list[tuple[int, Operation]] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)

    def take(self, operation: Operation) -> None:
        """Carry out one operation of SQLite's."""
        kind, name, at, _ = operation
        now = self._names_now()
        if kind == "open":
            self.fresh.add(name)
            if name not in now:
                self.loose_names.append((name, len(self.files)))
                self.files[len(self.files)] = bytearray()
        elif kind == "delete" and name in now:
            self.loose_names.append((name, None))
            if at:
                self._sync_names()
        elif kind == "sync":
            self._sync(name, now[name])
        elif kind in {"write", "truncate"}:
            self.loose.append((now[name], operation))

    def image(self, mode: str, random: Random) -> dict[str, bytes]:
        """The files as they may be found after a power cut now."""
        kept = {"none": 0, "all": len(self.loose_names)}.get(mode, random.randint(0, len(self.loose_names)))
        names = _renamed(self.names, self.loose_names[:kept])
        files = {number: bytearray(content) for number, content in self.files.items()}
        for number, operation in self.loose:
            if mode == "sectors" and operation.kind == "write":
                for part in _sectors(operation):
                    if random.random() < 0.5:
                        _write(files[number], part)
            elif mode == "all" or (mode != "none" and random.random() < 0.5):
                _write(files[number], operation)
        return {name: bytes(files[number]) for name, number in names.items()}

    def _names_now(self) -> dict[str, int]:
        return _renamed(self.names, self.loose_names)

    def _sync(self, name: str, number: int) -> None:
        for _, operation in (each for each in self.loose if each[0] == number):
            _write(self.files[number], operation)
        self.loose = [each for each in self.loose if each[0] != number]
        if name in self.fresh and name.endswith(("-wal", "-journal")):  # SQLite syncs their directory with them
            self._sync_names()
        self.fresh.discard(name)

    def _sync_names(self) -> None:
        self.names, self.loose_names = self._names_now(), []


def _renamed(names: dict[str, int], changes: list[tuple[str, int | None]]) -> dict[str, int]:
    after = dict(names)
    for name, number in changes:
        if number is None:
            after.pop(name, None)
        else:
            after[name] = number
    return after


def _write(content: bytearray, operation: Operation) -> None:
    _, _, at, data = operation
    if len(content) < at:
        content.extend(bytes(at - len(content)))  # what was skipped reads as zeros
    if operation.kind == "truncate":
        del content[at:]
    else:
        content[at : at + len(data)] = data


def _sectors(operation: Operation) -> Iterator[Operation]:
    start, end = operation.at, operation.at + len(operation.data)
    while start < end:
        until = min(end, (start // SECTOR + 1) * SECTOR)
        yield operation._replace(at=start, data=operation.data[start - operation.at : until - operation.at])
        start = until


@dataclass(frozen=True)
class Cut:
    """An image, and what is to be found in it: the state after the last commit that returned, or after the next."""

    image: dict[str, bytes]
    kept: int
    begun: int
    where: str


def cuts(operations: list[Operation], chosen: set[tuple[int, str]], random: Random, file: str) -> Iterator[Cut]:
    """The power fails after each operation, in the ways that were chosen for it."""
    disk = Disk()
    disk.take(Operation("open", file))  # made, empty, before SQLite comes
    kept = begun = 0
    for number, operation in enumerate(operations):
        disk.take(operation)
        begun = operation.at if operation.kind == "begun" else begun
        kept = operation.at if operation.kind == "kept" else kept
        for mode in MODES:
            if (number, mode) in chosen:
                yield Cut(disk.image(mode, random), kept, begun, f"{number} {operation[:3]} {mode}")


def chosen(operations: list[Operation], images: int, random: Random, file: str) -> set[tuple[int, str]]:
    """Half of them where the file itself, and not its log, is written, opened or deleted: there are few of those."""
    common = {("write", f"{file}-wal"), ("sync", f"{file}-wal"), ("begun", ""), ("kept", "")}
    every = [(number, mode) for number in range(len(operations)) for mode in MODES]
    rare = [each for each in every if (operations[each[0]].kind, operations[each[0]].file) not in common]
    some = random.sample(rare, min(len(rare), images // 2))
    rest = sorted(set(every) - set(some))
    return {*some, *random.sample(rest, min(len(rest), images - len(some)))}


@dataclass
class Verdict:
    """How many images were looked at, and what was wrong with which."""

    images: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judged(
    operations: list[Operation], images: int, seed: int, file: str, faults_of: Callable[[Cut], list[str]]
) -> Verdict:
    """Make images, and have each looked at."""
    random = Random(seed)
    verdict = Verdict()
    for cut in cuts(operations, chosen(operations, images, random, file), random, file):
        verdict.images[cut.where.split()[-1]] += 1
        verdict.wrong += [f"{cut.where}: {fault}" for fault in faults_of(cut)]
    return verdict
