"""Every example of the documentation runs, on a sandbox as `paycombat sandbox` starts it."""

import asyncio
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.calls import CALLS
from tests.docs.pages import DOCS, SHELL, Page, documents, skipped
from tests.postgres_server import PostgresServer, execute
from tests.processes import ROOT, Process

DATABASE = "PAYCOMBAT_DATABASE_URL"
pytestmark = pytest.mark.promise("P18")

each_page = pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(DOCS)))


def new_database(server: PostgresServer) -> str:
    """The URL of an empty database."""
    asyncio.run(execute(server.dsn, "CREATE DATABASE docs"))
    return f"postgresql:///docs?{urlencode({'host': server.folder, 'user': 'tests'})}"


@pytest.fixture(name="exported", scope="module")
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


@pytest.mark.usefixtures("reader")
@each_page
def test_every_block_of_a_page_runs(path, request, monkeypatch):
    """In order, with warnings as errors, and prints what the page says."""
    page = Page(path)
    if any(DATABASE in str(example.parsed) for example in page.examples):
        monkeypatch.setenv(DATABASE, new_database(request.getfixturevalue("postgres_server")))

    assert page.run() == len(page.examples) - len(list(skipped(path)))


@each_page
def test_a_block_that_does_not_run_says_why(path):
    """In words."""
    assert [reason for reason in skipped(path) if not re.fullmatch(r' "[^"]{15,}"', reason)] == []


def test_every_call_has_an_example():
    """Under a heading of its own, in a block that calls it."""
    text = (DOCS / "reference" / "calls.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `([\w.]+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))

    assert sections.keys() == CALLS.keys()
    assert [name for name, section in sections.items() if f"paycombat.{name}(" not in section] == []
