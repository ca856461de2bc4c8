"""`paycombat customers sync` with files as people have them, with corrections in the way, and with a journal."""

import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat, UpdateCustomer
from tests.cli.command import run, run_here
from tests.processes import Ended

CSV = "customer_id,description\nc1,Zoë\nc2,x\n"
JSONL = '{"customer_id":"c1","description":"Zoë"}\n{"customer_id":"c2","type":"company"}\n'

VARIABLES = {
    "PAYCOMBAT_TOKEN": "snd_x",
    "PAYCOMBAT_SIGNATURE_KEY": "snd_y",
    "PAYCOMBAT_DATABASE_URL": "postgresql://127.0.0.1:1/",
}


@pytest.fixture(name="sandbox", scope="module")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.add_customers(["c1", "c2", "c3"])
        yield sandbox


def description(sandbox: Sandbox, customer: str) -> str:
    return str(sandbox._state.customers.find(customer)["description"])


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("option", [None, "--journal", "--failed", "--run=x --dask"])
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "mysql"])
def test_an_address_in_place_of_a_file_shows_no_password(tmp_path: Path, option: str | None, scheme: str) -> None:
    """As when the file was forgotten before --journal. A path has one slash for two, which hides it from filters."""
    url = f"{scheme}://shop:canary@127.0.0.1:1/shop"
    words = [url] if option is None else [write(tmp_path / "in.csv", CSV), *option.split(), url]

    # Dask's client of a scheduler that is not there writes to stderr as it is collected, after its loop was closed.
    begin = run if "--dask" in words else run_here
    ended = begin("customers", "sync", *words, **VARIABLES)

    assert 2 == ended.returncode
    assert "canary" not in ended.stdout + ended.stderr


def sync(sandbox: Sandbox, path: Path, *options: object) -> Ended:
    return run_here("customers", "sync", path, *options, sandbox=sandbox, cwd=path.parent)


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("in.csv", CSV.replace(",", ";").encode(), []),
        ("in.csv", CSV.replace(",", "\t").encode("utf-16"), []),
        ("in.csv", CSV.replace(",", "|").encode(), ["--delimiter", "|"]),
        ("in.txt", CSV.replace(",", "\t").encode(), ["--delimiter", "tab", "--format", "csv"]),
        ("in.csv", CSV.encode("cp1252"), ["--encoding", "cp1252"]),
        ("in.csv.gz", gzip.compress(CSV.encode()), []),
    ],
    ids=["semicolons", "utf-16 tabs", "bars", "tabs", "cp1252", "gzip"],
)
def test_a_file_is_read_as_it_is(
    tmp_path: Path, sandbox: Sandbox, name: str, content: bytes, options: list[str]
) -> None:
    """With an option where the file itself does not say it."""
    path = tmp_path / name
    path.write_bytes(content)

    ended = sync(sandbox, path, *options)

    assert (0, "") == (ended.returncode, ended.stderr)
    assert f"2 rows in {name}\n        2 updated\n        0 failed\n" in ended.stdout
    assert "Zoë" == description(sandbox, "c1")


@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize("text", [CSV, JSONL], ids=["csv", "jsonl"])
def test_rows_come_through_standard_input(tmp_path: Path, sandbox: Sandbox, text: str, is_gzip: bool) -> None:
    """As `-`; the journal has to be named, since there is no file to put it beside."""
    content = gzip.compress(text.encode()) if is_gzip else text.encode()
    first, second, third = (
        run_here("customers", "sync", "-", *options, input=content, sandbox=sandbox, cwd=tmp_path)
        for options in ([], ["--journal", "j"], ["--journal", "j"])
    )

    for ended, updated in ((first, 2), (second, 2), (third, 0)):
        assert 0 == ended.returncode, ended.stderr
        assert f"2 rows in standard input\n        {updated} updated\n" in ended.stdout
    assert ["j"] == names_in(tmp_path)


def test_failures_of_standard_input_are_kept(tmp_path: Path, sandbox: Sandbox) -> None:
    """In the current directory, in the format of the input."""
    ended = run_here("customers", "sync", "-", input="customer_id,type\n,company\n", sandbox=sandbox, cwd=tmp_path)

    assert 1 == ended.returncode
    assert ["stdin.failed.csv"] == names_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "options", "sentence"),
    [
        ("in.csv", CSV.encode("cp949", "replace") + b"\xff", [], "save it as UTF-8, or name its encoding: --encoding"),
        ("in.csv", CSV.replace(",", "|").encode(), [], "name what separates them: --delimiter"),
        ("in.txt", CSV.encode(), [], "neither .csv nor .jsonl; specify its format: --format"),
        ("in.csv", CSV.encode(), ["--delimiter", "<>"], "the delimiter must be one character, such as ; or a tab"),
        ("in.csv", CSV.encode(), ["--encoding", "utf-99"], "there is no encoding 'utf-99'"),
        ("in.csv", CSV.replace("customer_id", "CUSTOMER_ID").encode(), [], "did you mean 'customer_id'?"),
        ("in.csv", CSV.encode(), ["--sandbox", "--proxy", "http://h:1"], "--sandbox and --proxy exclude each other"),
        ("in.csv", CSV.encode(), ["--proxy", "h"], "proxy must look like http://host:port"),
    ],
    ids=["encoding", "delimiter", "format", "two", "no encoding", "capitals", "sandbox and proxy", "proxy"],
)
def test_a_refusal_names_the_option_that_helps(
    tmp_path: Path, sandbox: Sandbox, name: str, content: bytes, options: list[str], sentence: str
) -> None:
    """One sentence, and exit code 2."""
    path = tmp_path / name
    path.write_bytes(content)

    ended = sync(sandbox, path, *options)

    assert (2, "") == (ended.returncode, ended.stdout)
    assert sentence in ended.stderr
    assert 1 == len(ended.stderr.splitlines())


def test_damage_is_a_warning_or_refused(tmp_path: Path, sandbox: Sandbox) -> None:
    """By line, in a dry run too; `--strict` lists the row with the failures."""
    path = write(tmp_path / "in.csv", "customer_id,description\nc1,8.21E+11\nc2,x\n")
    warning = "1 seems damaged by a spreadsheet (--strict refuses such rows):\n  line 2, c1: description: a number that"

    dry, strict, sent = (sync(sandbox, path, *options) for options in (["--dry-run"], ["--strict"], []))

    assert [0, 1, 0] == [dry.returncode, strict.returncode, sent.returncode]
    assert warning in dry.stdout
    assert warning in sent.stdout
    assert "1 failed\n  line 2, c1: description: a number that a spreadsheet has shortened\n" in strict.stdout
    assert "8.21E+11" == description(sandbox, "c1")


def test_the_failures_file_is_named_below_the_failures(tmp_path: Path, sandbox: Sandbox) -> None:
    """Not below the warnings, which are not in it."""
    path = write(tmp_path / "in.csv", "customer_id,description\nc1,8.21E+11\nnobody,x\n")

    shown = sync(sandbox, path).stdout.splitlines()

    start = next(number for number, line in enumerate(shown) if line.startswith("  line 3, nobody: "))
    where = tmp_path / "in.failed.csv"
    assert f"This row is listed with the reason in {where}; correct it there and sync that file." == shown[start + 1]
    assert "1 seems damaged by a spreadsheet (--strict refuses such rows):" == shown[start + 2]


def test_rows_are_skipped_for_what_was_sent_and_not_for_what_is(tmp_path: Path, sandbox: Sandbox) -> None:
    """The words say so, `--dry-run` counts the same, and `--all` sends them again."""
    path = write(tmp_path / "in.csv", CSV)
    sync(sandbox, path)
    with PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client:
        client.customers.update(UpdateCustomer(customer_id="c2", description="changed by somebody else"))

    again, dry, dry_all, everything = (
        sync(sandbox, path, *options) for options in ([], ["--dry-run"], ["--dry-run", "--all"], ["--all"])
    )

    skipped = "        2 skipped: the same was sent before, or there is nothing to change\n"
    assert f"        0 updated\n{skipped}" in again.stdout
    assert "--all sends the rows again that were sent before." in again.stderr
    assert "--all" in dry.stderr
    assert "--all" not in dry_all.stderr + everything.stderr
    assert skipped in dry.stdout
    assert "        0 would be sent (dry run: nothing was)\n" in dry.stdout
    assert "        2 would be sent (dry run: nothing was)\n" in dry_all.stdout
    assert 'line 2: {"customer_id":"c1","description":"Zoë"}\n' in dry_all.stdout
    assert "        2 updated\n" in everything.stdout
    assert "x" == description(sandbox, "c2")


def test_a_wrong_token_is_corrected_and_the_same_command_goes_on(tmp_path: Path, sandbox: Sandbox) -> None:
    """As the advice says."""
    path = write(tmp_path / "in.csv", CSV)

    wrong = run_here("customers", "sync", path, sandbox=sandbox, PAYCOMBAT_TOKEN="snd_wrong")
    right = sync(sandbox, path)

    assert 2 == wrong.returncode
    assert "Run the same command again to send the rest (it continues where it was)." in wrong.stderr
    assert (0, "") == (right.returncode, right.stderr)
    assert "        2 updated\n" in right.stdout


def test_a_sandbox_that_was_started_again_needs_another_journal(tmp_path: Path, sandbox: Sandbox) -> None:
    """It has another port, and has forgotten what was done; the message names both addresses and the options."""
    path = write(tmp_path / "in.csv", CSV)
    sync(sandbox, path)

    with Sandbox() as another:
        another.add_customers(["c1", "c2"])
        refused, without = sync(another, path), sync(another, path, "--no-journal")
        executed = [another.executions(customer) for customer in ("c1", "c2")]
        sentence = f"belongs to another address: {sandbox.base_url}, and this run is for {another.base_url}; "

    assert (2, 0) == (refused.returncode, without.returncode)
    assert sentence + "name another journal (--journal), or keep none (--no-journal)\n" in refused.stderr
    assert [1, 1] == executed


def test_a_replaced_token_needs_the_name_of_the_account(tmp_path: Path) -> None:
    """Given from the first run on; without it, the refusal names the option."""
    path = write(tmp_path / "in.csv", CSV)
    with Sandbox(token="snd_old") as old:
        old.add_customers(["c1", "c2"])
        sync(old, path, "--account", "shop-eu")
        port = int(old.base_url.rpartition(":")[2])

    with Sandbox(token="snd_new", port=port) as new:
        new.add_customers(["c1", "c2"])
        refused, named = sync(new, path), sync(new, path, "--account", "shop-eu")

    assert (2, 0) == (refused.returncode, named.returncode)
    assert "if this run is for it, give --account shop-eu" in refused.stderr
    assert "        2 skipped" in named.stdout


def test_corrections_are_left_and_said_so(tmp_path: Path, sandbox: Sandbox) -> None:
    """The failures of the later run are in another file, which is named."""
    path = write(tmp_path / "in.csv", "customer_id,description\nc1,x\n,y\n")
    sync(sandbox, path)
    mended = write(tmp_path / "in.failed.csv", "customer_id,description\nc2,y\n")

    ended = sync(sandbox, path)

    assert 1 == ended.returncode
    assert "in.failed-2.csv; correct it there and sync that file." in ended.stdout
    assert f"{mended} was left as it is: it is not what the last run wrote, and may hold corrections." in ended.stderr
    assert "customer_id,description\nc2,y\n" == mended.read_text("utf-8")


def test_a_header_without_rows_is_said(tmp_path: Path, sandbox: Sandbox) -> None:
    """An export of nothing is no mistake; but not a word would look like one."""
    ended = sync(sandbox, write(tmp_path / "in.csv", "customer_id,description\n"))

    assert 0 == ended.returncode
    assert "There are no rows after the header, so there was nothing to send.\n" == ended.stderr
    assert "0 of 0" not in ended.stdout


@pytest.mark.parametrize("verb", [["sync", "in.csv"], ["get", "c1"]], ids=lambda verb: verb[0])
def test_calls_go_through_the_proxy(tmp_path: Path, sandbox: Sandbox, verb: list[str]) -> None:
    """Also those of other commands; that of the environment is not used."""
    write(tmp_path / "in.csv", CSV)
    nobody = "http://user:Canary-Password@127.0.0.1:9"

    ended = run_here("customers", *verb, "--proxy", nobody, sandbox=sandbox, cwd=tmp_path)
    ignored = run_here("customers", *verb, sandbox=sandbox, cwd=tmp_path, http_proxy=nobody, HTTP_PROXY=nobody)

    assert 0 < ended.returncode
    assert "Canary" not in ended.stdout + ended.stderr
    assert 0 == ignored.returncode, ignored.stderr


def test_the_journal_of_a_dry_run_is_not_created(tmp_path: Path, sandbox: Sandbox) -> None:
    """Nor is that of an interrupted one changed."""
    path = write(tmp_path / "in.csv", CSV)

    sync(sandbox, path, "--dry-run")
    created = names_in(tmp_path)
    sync(sandbox, path)
    connection = sqlite3.connect(tmp_path / "in.csv.journal")
    connection.execute("UPDATE row SET state = 'sending' WHERE customer = 'c2'")
    connection.commit()
    connection.close()
    before = (tmp_path / "in.csv.journal").read_bytes()
    dry = sync(sandbox, path, "--dry-run")

    assert ["in.csv"] == created
    assert "        1 would be sent (dry run: nothing was)\n" in dry.stdout
    assert before == (tmp_path / "in.csv.journal").read_bytes()
