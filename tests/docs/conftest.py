"""A reader of the documentation: an empty directory, and a sandbox as `paycombat sandbox` starts it."""

import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.pages import SHELL
from tests.processes import ROOT, Process


@pytest.fixture(name="exported", scope="session")
def _exported() -> Iterator[dict[str, str]]:
    """What `paycombat sandbox` tells a user to export."""
    with Process("sh", "-c", f"{SHELL}paycombat sandbox") as server:
        lines = [server.line()]
        while lines[-1] != "# }\n":
            lines.append(server.line())
        yield dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))
        server.signal(signal.SIGINT)


@pytest.fixture(name="reader")
def _reader(exported: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody in an empty directory, with these variables and no other of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
