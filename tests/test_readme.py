"""The README is true: its examples run, its commands are those CI runs, its tables are those of the code."""

import os
import re
import signal
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from paycombat_async import schemas
from paycombat_async.sandbox import Fault, Movement, fetch_ledger
from tests.chaos.matrix import CONNECTIONS, KINDS, courses
from tests.chaos.matrix_clients import SIDES
from tests.processes import Ended, Process, run
from tests.readme_tables import README, with_tables

TEXT = README.read_text(encoding="utf-8")
ROOT = README.parent
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [block for language, block in BLOCKS if language == "python"]
COMMANDS = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)
SERVER = "paycombat sandbox\n"
SCRIPTS = [
    re.sub("^pip install .*\n", "", block)
    for language, block in BLOCKS
    if language == "sh" and not re.fullmatch("(pip install.*\n|python3 -m venv.*\n)+", block)
]
# They run until they are stopped, so they have tests of their own.
SERVERS = [script for script in SCRIPTS if script.startswith(("paycombat sandbox", "uvicorn"))]
PASTED = [*EXAMPLES, *(script for script in SCRIPTS if script not in SERVERS)]
# `paycombat` and `uvicorn` are those of this checkout.
SHELL = f"""set -eu
paycombat() {{ "{sys.executable}" -W error -m paycombat_async.cli "$@"; }}
uvicorn() {{ "{sys.executable}" -m uvicorn "$@"; }}
"""

# What a block prints, by a piece of text that only this block has. All others print nothing, or anything.
PRINTED = {
    "company=UpdateCompany(": r"20\d\d-.*Z\n",
    "print(customer.description)": r"(VIP|Plain customer)\n",
    "sync_customers(paycombat, rows": r"100 updated, 0 failed\n",
    "payouts.create(request)": r"\S{36} PENDING 50\n",
    "payins.create(request)": r"\S{36} SUCCESS\n",
    "checkouts.create(": r"\S{36} 20\d\d-.*Z\n",
    "check_wallet_ready(": r"(True|False)\n",
    "print(error.path)": r"\$\.description\n",
    "customer_of_nobody": r"404 .*",
    "canonical_json({": r"b'\{\"1\":\"a\"",
    "with Sandbox(customers=3)": r"customer_",
    "pytest.mark.paycombat_sandbox": r"(?s).*\b1 passed",
    "customers sync customers.csv  ": r"(?s)(12 rows|.*12 rows).*\b12 (updated|skipped)",
}


@pytest.fixture(name="environment", scope="module")
def _environment() -> Iterator[dict[str, str]]:
    """Nothing but what `paycombat sandbox`, started as the README starts it, tells a user to export."""
    usual = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    usual["PYTHONPATH"] = str(ROOT)
    with Process("sh", "-c", f"{SHELL}{SERVER}", env=usual) as server:
        yield usual | exported(server)
        server.signal(signal.SIGINT)


def exported(sandbox: Process) -> dict[str, str]:
    """The variables that a sandbox tells a user to export."""
    lines = [sandbox.line()]
    while lines[-1] != "# }\n":
        lines.append(sandbox.line())
    return dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))


@pytest.fixture(name="directory", scope="module")
def _directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all blocks, as that of somebody who pastes one after the other."""
    return tmp_path_factory.mktemp("reader")


def test_the_sandbox_is_started_by_a_block_of_its_own() -> None:
    """The one that the fixture runs."""
    assert SERVER in SCRIPTS


@pytest.mark.parametrize("again", [False, True], ids=["once", "again"])
@pytest.mark.parametrize("block", PASTED, ids=map(str, range(len(PASTED))))
def test_every_block_works_as_it_is_pasted(
    block: str, again: bool, environment: Mapping[str, str], directory: Path
) -> None:
    """On that sandbox, with warnings as errors, and a second time, too."""
    done = pasted(block, dict(environment), directory)

    hint = "If the provider's data has changed since, --all sends the rows again that were sent before.\n"
    complaints = done.stderr.replace(hint, "") if again else done.stderr
    assert (0, "") == (done.returncode, complaints), done.stdout
    expected = [printed for piece, printed in PRINTED.items() if piece in block]
    assert all(re.match(printed, done.stdout) for printed in expected), done.stdout


def pasted(block: str, environment: dict[str, str], directory: Path) -> Ended:
    if block in SCRIPTS:
        return run("sh", "-c", SHELL + block, env=environment, cwd=directory)
    program = directory / "test_pasted.py"
    program.write_text(block, encoding="utf-8")
    is_test = "import pytest" in block
    how = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"] if is_test else ["-W", "error"]
    return run(sys.executable, *how, program, env=environment, cwd=directory)


def test_the_payout_is_paid_once_however_often_it_is_pasted(environment: Mapping[str, str], directory: Path) -> None:
    """The second time, nothing is sent: the intents store stands in the same directory."""
    [example] = [block for block in EXAMPLES if "payouts.create(request)" in block]

    printed = {pasted(example, dict(environment), directory).stdout for _ in range(3)}

    report = fetch_ledger(environment["PAYCOMBAT_BASE_URL"])
    assert 1 == len(printed)
    assert ["order-1017"] == [entry.reference for entry in report.entries if entry.movement is Movement.PAYOUT]
    assert [] == report.doubles


def test_a_webhook_arrives_as_the_readme_shows_it(
    environment: Mapping[str, str], tmp_path: Path, unused_tcp_port: int
) -> None:
    """The application as it is pasted, and both servers as they are started; only the port is another one."""
    [sandbox, application] = [server.replace("8000", str(unused_tcp_port)) for server in SERVERS if server != SERVER]
    [app] = [block for block in EXAMPLES if "FastAPI(" in block]
    [checkout] = [block for block in EXAMPLES if "checkouts.create(" in block]
    (tmp_path / "app.py").write_text(app, encoding="utf-8")

    with Process("sh", "-c", SHELL + sandbox, env=dict(environment)) as provider:
        reader = dict(environment) | exported(provider) | {"PYTHONUNBUFFERED": "1"}
        with Process("sh", "-c", SHELL + application, env=reader, cwd=tmp_path) as merchant:
            merchant.complaint("Application startup complete.")
            checkout_id = pasted(checkout, reader, tmp_path).stdout.split()[0]
            lines = [merchant.line()]
            while "is paid" not in lines[-1]:
                lines.append(merchant.line())

    assert f"{checkout_id} is paid\n" == lines[-1]


def test_every_expectation_is_of_one_block() -> None:
    """None is about a block that is gone, or about two."""
    assert dict.fromkeys(PRINTED, 1) == {piece: sum(piece in block for block in PASTED) for piece in PRINTED}


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
    """They are absolute, as a package index needs them, and lead to files of this repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository = project["urls"]["Repository"]
    raw = repository.replace("github.com", "raw.githubusercontent.com")
    targets = re.findall(r"\]\((\S+?)\)", TEXT)

    assert all(re.match("https://", target) for target in targets)
    own = [re.sub(f"^({repository}/blob|{raw})/main/", "", target) for target in targets if repository[19:] in target]
    assert {"benchmarks/results.svg", "docs/record.md"} <= set(own)
    assert all((ROOT / path).is_file() for path in (*own, "paycombat_async/cli/sample.csv", "LICENSE"))
    assert (ROOT / "tests" / "receiving").is_dir()


def test_the_readme_says_how_to_install_it():
    """Under the name of the distribution."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert re.search(rf"^pip install {project['name']}\b", TEXT, re.MULTILINE)


def test_the_record_speaks_of_what_exists():
    """Every Struct that it names."""
    text = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in text.splitlines() if row.startswith("| `")]
    structs = {name for first, _ in rows for name in re.findall(r"`([A-Z]\w+)", first)}

    assert len(structs) >= 12
    assert all(hasattr(schemas, name) for name in structs)
