"""Every example of the documentation runs, on a sandbox as `paycombat sandbox` starts it."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.calls import CALLS
from tests.docs.pages import DOCS, Page, documents, skipped
from tests.postgres_server import PostgresServer, execute

DATABASE = "PAYCOMBAT_DATABASE_URL"
pytestmark = pytest.mark.promise("P18")

each_page = pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(DOCS)))


def new_database(server: PostgresServer, page: Path) -> str:
    """The URL of an empty database for a page."""
    name = f"docs_{page.stem.replace('-', '_')}"
    asyncio.run(execute(server.dsn, f"CREATE DATABASE {name}"))
    return f"postgresql:///{name}?{urlencode({'host': server.folder, 'user': 'tests'})}"


@pytest.mark.usefixtures("reader")
@each_page
def test_every_block_of_a_page_runs(path, request, monkeypatch):
    """In order, with warnings as errors, and prints what the page says."""
    page = Page(path)
    if any(DATABASE in str(example.parsed) for example in page.examples):
        monkeypatch.setenv(DATABASE, new_database(request.getfixturevalue("postgres_server"), path))

    assert page.run() == len(page.examples) - len(list(skipped(path)))


@each_page
def test_a_block_that_does_not_run_says_why(path):
    """In words."""
    assert [reason for reason in skipped(path) if not re.fullmatch(r' "[^"]{15,}"', reason)] == []


@each_page
def test_blocks_fit_beside_the_navigation(path):
    """No line of a program is cut at the width of a laptop; drawings in text may scroll."""
    blocks = [str(example.parsed) for example in Page(path).examples if not isinstance(example.parsed, tuple)]

    assert [line for block in blocks for line in block.splitlines() if len(line) > 90] == []


def test_every_call_has_an_example():
    """Under a heading of its own, in a block that calls it."""
    text = (DOCS / "reference" / "calls.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `([\w.]+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))

    assert sections.keys() == CALLS.keys()
    assert [name for name, section in sections.items() if f"paycombat.{name}(" not in section] == []
