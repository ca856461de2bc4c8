"""The README is true: its examples run, its commands are those CI runs, its tables are those of the code."""

import re
import sys
from pathlib import Path

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from tests.chaos.matrix import CONNECTIONS, KINDS, courses
from tests.chaos.matrix_clients import SIDES
from tests.processes import run
from tests.readme_tables import README, with_tables

TEXT = README.read_text(encoding="utf-8")
ROOT = README.parent
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)


@pytest.fixture(name="sandbox", scope="module")
def _sandbox():
    """A sandbox that holds the customers the examples speak of."""
    with Sandbox() as sandbox:
        sandbox.add_customers(["customer_0dba3ca15dc2a46eb060e43da671efa3", *(f"customer_{n}" for n in range(100))])
        yield sandbox


EXPECTED = [
    r"20\d\d-.*Z",
    "VIP|.*",
    "100 updated, 0 failed",
    r"\S{36} PENDING 50\n",
    "$",
    r"\$\.description",
    "404 .*",
    r"b'\{\"1\":\"a\"",
    "customer_",
    "$",
]


@pytest.mark.parametrize(
    ("example", "printed"), [*zip(EXAMPLES, EXPECTED, strict=True)], ids=map(str, range(len(EXAMPLES)))
)
def test_every_example_runs(example, printed, sandbox, tmp_path):
    """As a program of its own, with warnings as errors, the credentials in the environment, and its output as said."""
    environment = {
        "PAYCOMBAT_TOKEN": sandbox.token,
        "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
        "PAYCOMBAT_BASE_URL": sandbox.base_url,
        "PAYCOMBAT_WEBHOOK_KEY": sandbox.signature_key,
        "PYTHONPATH": str(ROOT),
    }
    program = tmp_path / "example.py"
    program.write_text(example, encoding="utf-8")

    done = run(sys.executable, "-W", "error", program, env=environment, cwd=tmp_path)

    assert (0, "") == (done.returncode, done.stderr)
    assert re.match(printed, done.stdout)


def test_the_tables_say_what_the_code_says():
    """`nox -s readme -- --write` renews them."""
    assert with_tables(TEXT) == TEXT


def test_faults_and_cells_are_as_many_as_there_are():
    """A cell is one kind of call that meets one fault, over one connection, with one client."""
    cells = len(courses()) * len(CONNECTIONS) * len(SIDES) * len(KINDS)

    assert f"There are {len(Fault)} faults;" in TEXT
    assert f"{cells:,} cells".replace(",", " ") in TEXT


def test_ci_runs_the_test_command_of_the_readme():
    """Letter by letter."""
    assert COMMANDS[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_first_command_does_the_main_job(tmp_path):
    """The part of it behind the installation, in this environment; its summary names what was done."""
    [sync] = re.findall(r"\.venv/bin/paycombat (customers sync .*)$", COMMANDS[0])

    done = run(sys.executable, "-m", "paycombat_async.cli", *sync.split())

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r"\b12\b", done.stdout)
    assert not list((ROOT / "paycombat_async" / "cli").glob("*.journal*"))


def test_links_to_own_files_hold():
    """Paths the commands name exist."""
    assert (ROOT / "paycombat_async" / "cli" / "sample.csv").is_file()
    assert Path(ROOT / "LICENSE").is_file()
