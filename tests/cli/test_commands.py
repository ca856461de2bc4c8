"""The commands other than `sync`, the help texts, and starting and ending the command."""

import json
import os
import signal
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from paycombat_async.batch import Row, open_rows
from paycombat_async.endpoints import ENDPOINTS
from paycombat_async.sandbox import Sandbox
from tests import processes
from tests.cli.command import COMMAND, environment, run_here, start
from tests.processes import Process


def test_the_sample_is_all_good_and_shows_what_a_file_can_say() -> None:
    """The sample has Korean and accented names, quotes, multi-line and empty cells, and special marks."""
    path = Path(str(files("paycombat_async.cli"))) / "sample.csv"

    rows = list(open_rows(path))

    text = path.read_text("utf-8")
    assert 12 == len(rows) == len({row.customer_id for row in rows})
    assert {Row} == {type(row) for row in rows}
    for piece in ("한빛전자", "Zoë", '""', "<clear>", ",,", "\n(Monday"):
        assert piece in text


def test_a_customer_is_printed_as_json() -> None:
    """The output is the customer as the provider returns it."""
    with Sandbox() as sandbox:
        sandbox.add_customers(["customer_1"])

        found = run_here("customers", "get", "customer_1", sandbox=sandbox)

    assert 0 == found.returncode
    assert "customer_1" == json.loads(found.stdout)["customer_id"]
    assert '\n  "customer_id": "customer_1"' in found.stdout


@pytest.mark.parametrize(
    ("customer_id", "variables", "code", "sentence"),
    [
        ("nobody", {}, 1, "Error: There is no customer nobody.\n"),
        ("..", {}, 2, "Error: customer id: "),
        ("c", {"PAYCOMBAT_TOKEN": ""}, 2, "Error: token is missing"),
        ("c", {"PAYCOMBAT_TOKEN": "snd_x"}, 1, "Error: "),
    ],
    ids=["nobody", "path", "token", "wrong token"],
)
def test_a_customer_that_is_not_there_is_a_sentence(
    customer_id: str, variables: dict[str, str], code: int, sentence: str
) -> None:
    """Exit code 1 for an error of the provider, 2 for a wrong local configuration."""
    with Sandbox() as sandbox:
        found = run_here("customers", "get", customer_id, sandbox=sandbox, **variables)

    assert code == found.returncode
    assert found.stderr.startswith(sentence)
    assert "Traceback" not in found.stderr
    assert "" == found.stdout


def test_the_sandbox_serves_until_it_is_interrupted() -> None:
    """It prints its address, under which other commands reach it."""
    with start("sandbox", "--customers", "3") as server:
        lines = [server.line() for _ in range(4)]
        exported = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines[1:])
        found = run_here("customers", "get", "nobody", **exported)
        server.signal(signal.SIGINT)
        ended = server.end()

    assert "There is no customer nobody." in found.stderr
    assert 0 == ended.returncode


@pytest.mark.parametrize("to_file", [False, True], ids=["stdout", "file"])
def test_openapi_is_printed_as_json_with_all_endpoints(tmp_path: Path, to_file: bool) -> None:
    """`--output` writes the same document to a file; an existing file is replaced."""
    output = tmp_path / "openapi.json"
    output.write_text("old", "utf-8")

    ended = run_here("sandbox", "openapi", *(["--output", output] if to_file else []))

    assert (0, "") == (ended.returncode, ended.stderr)
    document = json.loads(output.read_bytes() if to_file else ended.stdout)
    assert "3.1.0" == document["openapi"]
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert sorted(each.name for each in ENDPOINTS) == sorted(each["operationId"] for each in operations)
    assert "" == ended.stdout or not to_file


def test_openapi_says_why_a_file_cannot_be_written(tmp_path: Path) -> None:
    """One sentence on stderr and exit code 2, as for other wrong options."""
    ended = run_here("sandbox", "openapi", "--output", tmp_path)

    assert 2 == ended.returncode
    assert "Error: Invalid value for '--output'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["customers"],
        ["customers", "sync"],
        ["customers", "get"],
        ["customers", "sample"],
        ["sandbox"],
        ["sandbox", "openapi"],
        ["doctor"],
        ["intents"],
        *(["intents", name] for name in ("list", "show", "reconcile", "resolve")),
        ["call"],
        ["completion"],
        *(["webhooks", *name] for name in ([], ["send"], ["verify"])),
        ["db"],
        ["db", "migrate"],
        ["db", "status"],
    ],
    ids=" ".join,
)
def test_every_command_has_a_help_with_examples(arguments: list[str]) -> None:
    """No line of an example is wrapped into the next one."""
    shown = run_here(*arguments, "--help")

    assert 0 == shown.returncode
    assert "Usage: paycombat" in shown.stdout
    if arguments != ["customers"]:
        assert "\n    paycombat " in shown.stdout


def test_the_help_names_every_exit_code() -> None:
    """Authors of scripts around the command need all of them."""
    shown = run_here("customers", "sync", "--help").stdout

    codes = shown.split("Exit codes:\n")[1].split("\n\n")[0].splitlines()
    assert ["0", "1", "2", "3", "130", "143"] == [line.split()[0] for line in codes]


def test_without_click_one_sentence_says_what_to_install() -> None:
    """Without the optional packages the command says what to install."""
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "import paycombat_async.cli.entry as entry\n"
        "entry.find_spec = lambda name: None if name == 'rich' else find(name)\n"
        "entry.main()"
    )

    ended = processes.run(sys.executable, "-c", code, env=environment())

    assert 2 == ended.returncode
    assert "The command needs two more packages; install them with: pip install 'paycombat[cli]'\n" == ended.stderr


def test_starting_is_quick_since_aiohttp_is_not_imported() -> None:
    """Neither the help nor a dry run imports aiohttp."""
    code = (
        "import sys\nbefore = set(sys.modules)\nfrom paycombat_async.cli.app import run\nassert run(['--help']) == 0\n"
        "slow = {'aiohttp', 'rich', 'sqlite3'} & (set(sys.modules) - before)\nassert not slow, slow"
    )

    ended = processes.run(sys.executable, "-c", code, env=environment())

    assert 0 == ended.returncode, ended.stderr


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    """A closed stdout, as with `| head -1`, prints no traceback."""
    ours, theirs = os.pipe()
    os.close(ours)
    with Process(*COMMAND, "customers", "sample", env=environment(), stdout=theirs) as process:
        os.close(theirs)
        ended = process.end()

    assert 0 == ended.returncode
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_traceback(closed: str, tmp_path: Path) -> None:
    """Some supervisors start programs without them: then nothing is read, and output is dropped."""
    (tmp_path / "in.csv").write_text("customer_id,description\nc1,x\n", encoding="utf-8")
    script = f'"$0" -W error -m paycombat_async.cli customers sync {{}} --dry-run {closed}'

    codes = [
        processes.run("sh", "-c", script.format(rows), sys.executable, env=environment(), cwd=tmp_path)
        for rows in ("in.csv", "-")
    ]

    assert [0, 2] == [ended.returncode for ended in codes], codes
    assert "Traceback" not in "".join(ended.stderr for ended in codes)
