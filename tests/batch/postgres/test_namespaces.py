"""Three network namespaces as machines. One is cut off: others take over its rows, and its results come too late."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from paycombat_async.batch.postgres.load_statements import CHUNK_ROWS
from paycombat_async.batch.postgres.recorder import COMMIT_RESULTS
from tests.batch.postgres.namespaces import namespaces
from tests.batch.postgres.worker import REFUSED
from tests.chaos.soak import LIMIT_S, SOAK
from tests.processes import run

pytestmark = [
    pytest.mark.promise("P16"),
    pytest.mark.timeout(LIMIT_S),
    pytest.mark.skipif(not SOAK, reason="takes a minute: PAYCOMBAT_SOAK=1 runs it"),
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes network namespaces"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed: there is no ip"),
]
MACHINES, ROWS = 3, 60_000


def test_rows_of_a_machine_that_is_cut_off_are_taken_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is away for 20 s, and a lease lasts 15 s; the counts of the run are exact, and every machine reports them."""
    with namespaces(f"pc{os.getpid()}", MACHINES) as (hub, machines):
        program = (sys.executable, "-m", "tests.batch.postgres.namespaces", ",".join(machines), ROWS, tmp_path)
        ended = run("ip", "netns", "exec", hub, *program, check=True, limit=LIMIT_S / 2)
    figures = json.loads(ended.stdout.splitlines()[-1])
    with capsys.disabled():
        sys.stdout.write(f"\n{MACHINES} machines, one cut off for 20 s: {figures}\n")

    assert {f"{ROWS - 1} 0 1 0 0 ['{REFUSED}']"} == set(figures["said"])
    assert ROWS == figures["rows"]
    assert figures["held"]
    assert figures["held"] == figures["taken over"]
    # What the machine had taken, and could not commit: one chunk was being sent, one was read ahead.
    assert 0 < figures["again"] <= 2 * CHUNK_ROWS + 2 * COMMIT_RESULTS
    assert figures["again"] == figures["sent by two"]
