"""Network namespaces as machines, joined by a bridge in a namespace of its own; and a program that runs in the latter.

The program: NAMESPACES ROWS FOLDER. Starts PostgreSQL, which listens on the bridge's address, and a machine of one run
in each of the namespaces; cuts the first one off for 20 seconds; prints figures in JSON when the run is over.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.batch.postgres.runs import postgres_journals
from tests.postgres_server import SETTINGS, PostgresServer, execute, running_server
from tests.processes import Process

BRIDGE = "10.77.0.1"
CUT_S = 20.0
_CALL_S = 0.02  # of a machine's calls, so that the run lasts longer than the cut
_LIMIT_S = 1800


def ip(*words: object) -> None:
    subprocess.run(["ip", *map(str, words)], check=True, timeout=60)


@contextlib.contextmanager
def namespaces(name: str, machines: int) -> Iterator[tuple[str, list[str]]]:
    """The namespace with the bridge, and those of the machines. Ends them all."""
    hub, others = name, [f"{name}-{number}" for number in range(machines)]
    try:
        for one in (hub, *others):
            ip("netns", "add", one)
            ip("-n", one, "link", "set", "lo", "up")
        ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        ip("-n", hub, "addr", "add", f"{BRIDGE}/24", "dev", "bridge")
        ip("-n", hub, "link", "set", "bridge", "up")
        for number, one in enumerate(others):
            ip("-n", hub, "link", "add", f"to{number}", "type", "veth", "peer", "name", "wire", "netns", one)
            ip("-n", hub, "link", "set", f"to{number}", "master", "bridge", "up")
            ip("-n", one, "addr", "add", f"10.77.0.{10 + number}/24", "dev", "wire")
            ip("-n", one, "link", "set", "wire", "up")
        yield hub, others
    finally:
        for one in (hub, *others):
            subprocess.run(["ip", "netns", "delete", one], check=False, timeout=60, stderr=subprocess.DEVNULL)


def cut_off(machine: int, seconds: float) -> None:
    """Takes the wire of a machine away, from within the namespace of the bridge."""
    ip("link", "set", f"to{machine}", "down")
    time.sleep(seconds)
    ip("link", "set", f"to{machine}", "up")


async def run(server: PostgresServer, schema: str, machines: list[str], rows: int, folder: Path) -> dict[str, object]:
    """Lets the machines carry out a run. Returns their last words, and who has sent what."""
    started, logs = list[Process](), [folder / f"log{number}" for number in range(len(machines))]
    for machine, log in zip(machines, logs, strict=True):
        program = (sys.executable, "-m", "tests.batch.postgres.worker", f"host={BRIDGE} user=tests dbname=postgres")
        started.append(Process("ip", "netns", "exec", machine, *program, schema, rows, log, _CALL_S))
    for process in started:
        if await asyncio.to_thread(process.line, _LIMIT_S) != "sending\n":
            raise RuntimeError(process.end().stderr)
    lost = f"SELECT number FROM {schema}.batch_chunk WHERE NOT is_done AND owner LIKE '% {started[0].pid} %'"
    held = [number for (number,) in await execute(server.dsn, lost)]
    await asyncio.to_thread(cut_off, 0, CUT_S)
    ended = [await asyncio.to_thread(process.end, "", _LIMIT_S) for process in started]
    taken = f"SELECT number FROM {schema}.batch_chunk WHERE is_done AND owner NOT LIKE '% {started[0].pid} %'"
    sent = [Counter(log.read_text().split()) for log in logs]
    return {
        "said": [(one.stdout.splitlines() or [one.stderr])[-1] for one in ended],
        "held": held,
        "taken over": sorted({number for (number,) in await execute(server.dsn, taken)} & set(held)),
        "rows": len(sum(sent, Counter[str]())),
        "again": sum(sum(one.values()) for one in sent) - rows,
        "sent by two": len(set(sent[0]) & set(sent[1] | sent[2])),
        "sent by the cut off": sum(sent[0].values()),
    }


async def main(machines: str, rows: str, folder: str) -> None:
    SETTINGS["listen_addresses"] = BRIDGE
    with running_server() as server:
        with (server.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/24 trust\n")
        await asyncio.to_thread(server.restart)
        async with postgres_journals(server.dsn) as make:
            figures = await run(server, make().schema, machines.split(","), int(rows), Path(folder))
    print(json.dumps(figures))  # noqa: T201  # read by the test


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
