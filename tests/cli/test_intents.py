"""`paycombat intents` and `paycombat db`: tables, exit codes, and no password on any stream."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from paycombat_async.intents import Intent, Intents, IntentState, NewIntent, PostgresIntents, Settlement, SqliteIntents
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat, PayCombatError
from tests.calls import payout
from tests.chaos.matrix_cells import PAYEE
from tests.cli.command import Terminal, run_here
from tests.postgres_server import PostgresServer, execute
from tests.processes import Ended

PASSWORD = "Canary+Password"
URL = f"postgresql://tests:{PASSWORD}@127.0.0.1:1/tests"
_schemas = count(1)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "payments.db"


@pytest.fixture(name="command")
def _command() -> Run:
    """Runs the command in this process: exit code, stdout and stderr."""

    def command(*arguments: object, input: str | Terminal = "", **variables: str) -> Ended:
        ended = run_here(*arguments, input=input, **variables)
        assert PASSWORD not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended

    return command


@pytest.fixture(name="schema")
def _schema(postgres_server: PostgresServer) -> Iterator[str]:
    """A name for tables that are dropped afterwards."""
    import psycopg

    name = f"tests_cli_{os.getpid()}_{next(_schemas)}"
    yield name
    with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'.encode())


async def record(
    store: Intents,
    reference: str,
    state: IntentState = IntentState.UNKNOWN,
    answer: bytes = b'{"name":"Ana"}',
    endpoint: str = "payouts.create",
) -> None:
    new = NewIntent(endpoint=endpoint, reference=reference, body_digest="digest", owner="tests", lease=3600)
    begun = await store.begin(new)
    await store.settle(
        Settlement(
            endpoint=new.endpoint,
            reference=reference,
            attempt=begun.intent.attempt,
            state=state,
            evidence="answer",
            object_id="payout_1" if state is IntentState.APPLIED else None,
            answer=answer if state is IntentState.APPLIED else None,
        )
    )


def fill(
    path: Path,
    *references: str,
    state: IntentState = IntentState.UNKNOWN,
    account: str = "default",
    answer: bytes = b'{"name":"Ana"}',
    endpoint: str = "payouts.create",
) -> None:
    async def work() -> None:
        store = SqliteIntents(path, account)
        for reference in references:
            await record(store, reference, state, answer, endpoint)
        await store.aclose()

    asyncio.run(work())


def begin(path: Path, *references: str) -> None:
    """Calls under way, or of a process that was killed just now."""

    async def work() -> None:
        store = SqliteIntents(path)
        for reference in references:
            new = NewIntent(endpoint="payouts.create", reference=reference, body_digest="d", owner="o", lease=3600)
            await store.begin(new)
        await store.aclose()

    asyncio.run(work())


def test_unresolved_records_are_a_table(path: Path, command: Run) -> None:
    """Whole lines in a pipe, however long the reference is; only those of the account; exit code 3."""
    long = "order-" + "x" * 200
    fill(path, "order-1", long)
    fill(path, "order-2", state=IntentState.APPLIED)
    fill(path, "order-3", account="other")

    code, said, _ = command("intents", "list", path)

    lines = said.splitlines()
    assert 3 == code
    assert ["account", "endpoint", "reference", "state", "attempt", "created", "until", "id"] == lines[0].split()
    assert ["default", "payouts.create", "order-1", "unknown", "1"] == lines[1].split()[:5]
    assert long in lines[2].split()
    assert "2 records are unresolved." == lines[3]
    assert 3 == command("intents", "list", path, "--account", "other")[0]


def test_a_store_without_unresolved_records_ends_with_0(path: Path, command: Run) -> None:
    """Settled records are not listed."""
    fill(path, "order-1", state=IntentState.APPLIED)

    assert (0, "No record is unresolved.\n", "") == command("intents", "list", path)
    assert (0, "[]\n", "") == command("intents", "list", path, "--json")


def test_a_record_that_is_being_sent_is_listed(path: Path, command: Run) -> None:
    """After kill -9 nothing is unresolved until the lease is over; the command says so, and until when it is."""
    begin(path, "order-1")

    code, said, _ = command("intents", "list", path)
    listed, array, _ = command("intents", "list", path, "--json")
    young = command("intents", "list", path, "--older-than", "60")
    lines, [shown] = said.splitlines(), json.loads(array)

    until = lines[1].split()[6]
    assert (3, 3) == (code, listed)
    assert ["order-1", "sending"] == lines[1].split()[2:4]
    assert "No record is unresolved, but 1 is being sent." == lines[2]
    assert f"If its process was killed, a record that is being sent is unresolved from {until} on." == lines[3]
    assert ("sending", until[:13]) == (shown["state"], shown["leased_until"][:13])
    assert (0, "No record is unresolved.\n", "") == young
    assert "leased_until: 2" in command("intents", "show", path, "order-1")[1]


def test_both_kinds_are_counted(path: Path, command: Run) -> None:
    """The unresolved ones are first; `--all` has the same words."""
    begin(path, "order-1", "order-2")
    fill(path, "order-3", "order-4")

    code, said, _ = command("intents", "list", path)

    assert 3 == code
    assert ["order-3", "order-4", "order-1", "order-2"] == [line.split()[2] for line in said.splitlines()[1:5]]
    assert "2 records are unresolved, 2 are being sent." in said.splitlines()
    assert said.splitlines()[-2:] == command("intents", "list", path, "--all")[1].splitlines()[-2:]


def test_a_record_that_is_being_sent_cannot_be_resolved(path: Path, command: Run) -> None:
    """The answer may come yet; the sentence says when a person may decide."""
    begin(path, "order-1")

    code, said, complaint = command("intents", "resolve", path, "order-1", "applied", "--by", "Ana")

    assert (2, "") == (code, said)
    assert "a call with this reference may be under way; it can be resolved when its lease is over" in complaint


def test_unresolved_records_as_json(path: Path, command: Run) -> None:
    """An array of all fields but the answer; the exit code is that of the table."""
    fill(path, "order-1\x1b[2J")

    code, said, _ = command("intents", "list", path, "--json")

    [shown] = json.loads(said)
    assert 3 == code
    assert ("order-1\x1b[2J", "unknown", 1) == (shown["reference"], shown["state"], shown["attempt"])
    assert "answer" not in shown
    assert "\x1b" not in said + command("intents", "list", path)[1]


def test_a_record_is_shown_with_its_answer_only_on_request(path: Path, command: Run) -> None:
    """The answer holds personal data."""
    fill(path, "order-1", state=IntentState.APPLIED)

    code, said, _ = command("intents", "show", path, "order-1")
    _, with_answer, _ = command("intents", "show", path, "order-1", "--answer")

    shown = dict(line.split(":", 1) for line in said.splitlines())
    assert 0 == code
    assert ["applied", "payout_1", "answer"] == [shown[name].strip() for name in ("state", "object_id", "evidence")]
    assert "Ana" not in said
    assert '{"name":"Ana"}' in with_answer


@pytest.mark.promise("P7")
def test_the_token_in_a_recorded_answer_is_not_printed(path: Path, command: Run) -> None:
    """The address of a checkout holds the X-token; terminals are logged and shown to others."""
    fill(path, "order-1", state=IntentState.APPLIED, answer=f'{{"url":"https://pay?identifier={PASSWORD}"}}'.encode())

    code, said, _ = command("intents", "show", path, "order-1", "--answer")

    assert (0, True) == (code, '{"url":"https://pay?identifier=***"}' in said)


def test_a_record_that_is_not_there_is_a_sentence(path: Path, command: Run) -> None:
    """Exit code 1."""
    fill(path)

    code, said, complaint = command("intents", "show", path, "order-9")

    assert (1, "") == (code, said)
    assert "Error: There is no record with the reference order-9 in the account default.\n" == complaint


def test_all_records_are_listed_on_request(path: Path, command: Run) -> None:
    """In every state, the newest first, and no more than asked for; the exit code is still that of unresolved ones."""
    fill(path, "order-1")
    fill(path, "order-2", "order-3", state=IntentState.APPLIED)

    code, said, _ = command("intents", "list", path, "--all")
    few, first, _ = command("intents", "list", path, "--all", "--limit", "1", "--json")

    assert ["order-3", "order-2", "order-1"] == [line.split()[2] for line in said.splitlines()[1:-1]]
    assert "1 record is unresolved." == said.splitlines()[-1]
    assert (3, 3) == (code, few)
    assert ["order-3"] == [shown["reference"] for shown in json.loads(first)]


def test_records_are_adopted_by_a_named_account(path: Path, command: Run) -> None:
    """They are found under the new name only; the second time there is nothing left to move."""
    fill(path, "order-1", "order-2", state=IntentState.APPLIED)
    adopt = ("intents", "adopt", path, "default", "--account", "shop", "--yes")

    assert (0, "2 records were moved to the account shop.\n", "") == command(*adopt)
    assert (2, "", "Error: there is no record of the account default\n") == command(*adopt)
    assert "shop" in command("intents", "show", path, "order-1", "--account", "shop")[1]
    assert 1 == command("intents", "show", path, "order-1")[0]


def test_records_that_collide_are_not_adopted(path: Path, command: Run) -> None:
    """Neither those that collide nor the others."""
    fill(path, "order-1", "order-2")
    fill(path, "order-2", account="shop")

    code, said, complaint = command("intents", "adopt", path, "default", "--account", "shop", "--yes")

    assert (2, "") == (code, said)
    assert "both have a record of 1 of the calls (same endpoint and reference); nothing was moved" in complaint
    assert 0 == command("intents", "show", path, "order-1")[0]


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), (None, 2)])
def test_adopting_asks_first(path: Path, command: Run, answer: str | None, code: int) -> None:
    """A no moves nothing; where nobody can be asked, --yes is needed."""
    fill(path, "order-1")
    stdin = "" if answer is None else Terminal(answer)

    assert code == command("intents", "adopt", path, "default", "--account", "shop", input=stdin)[0]
    assert int(code != 0) == command("intents", "show", path, "order-1", "--account", "shop")[0]


def test_a_url_in_the_wrong_place_is_not_printed(command: Run, postgres_server: PostgresServer, schema: str) -> None:
    """It is taken for a reference or an account if the store is in the environment."""
    server = f"postgresql://tests@/postgres?host={quote(str(postgres_server.folder), '')}"
    command("db", "migrate", server, "--schema", schema)

    for words in (["show", URL], ["adopt", URL, "--account", "shop", "--yes"]):
        code, _, complaint = command("intents", *words, "--schema", schema, PAYCOMBAT_DATABASE_URL=server)
        assert (code, True) == (2 if words[0] == "adopt" else 1, "there is no record" in complaint.lower())


@pytest.mark.parametrize("word", ["applied", "rejected"])
def test_a_person_settles_a_record_without_credentials(path: Path, command: Run, word: str) -> None:
    """The name is recorded as evidence; a second word finds nothing to settle."""
    fill(path, "order-1")

    code, said, _ = command("intents", "resolve", path, "order-1", word, "--by", "Ana")
    again, _, complaint = command("intents", "resolve", path, "order-1", word, "--by", "Ana")

    assert (0, f"payouts.create order-1 is settled as {word}, by Ana.\n") == (code, said)
    sentence = f"no record with this reference is unknown: payouts.create is {word}"
    assert (2, f"Error: resolve: {sentence}\n") == (again, complaint)
    assert "evidence:     Ana" in command("intents", "show", path, "order-1")[1]
    assert 0 == command("intents", "list", path)[0]


def test_a_person_names_the_call_if_several_have_the_reference(path: Path, command: Run) -> None:
    """A payin and a payout of one order; the sentence says what to add."""
    fill(path, "order-1")
    fill(path, "order-1", endpoint="payins.create")
    resolve = ("intents", "resolve", path, "order-1", "rejected", "--by", "Ana")

    code, _, complaint = command(*resolve)
    named, said, _ = command(*resolve, "--endpoint", "payins.create")

    assert (2, True) == (code, "unknown, of payins.create and payouts.create; say which by its endpoint" in complaint)
    assert (0, "payins.create order-1 is settled as rejected, by Ana.\n") == (named, said)
    assert 0 == command(*resolve)[0]


def test_a_lease_that_ends_while_reconcile_looks_is_reported(
    path: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two last queries, the record stops being sent and becomes unresolved: it must be in one of them."""
    begin(path, "order-1")
    queries = count(1)

    def ending(query: str) -> Callable[..., object]:
        real = getattr(SqliteIntents, query)

        async def asked(store: SqliteIntents, *, older_than: float = 0) -> list[Intent]:
            found: list[Intent] = await real(store, older_than=older_than)
            if next(queries) == 3:  # the first two are those of `client.intents.reconcile()`
                settlement = Settlement(
                    endpoint="payouts.create",
                    reference="order-1",
                    attempt=1,
                    state=IntentState.UNKNOWN,
                    evidence="answer",
                )
                assert await store.settle(settlement)
            return found

        return asked

    for query in ("sending", "unresolved"):
        monkeypatch.setattr(SqliteIntents, query, ending(query))

    with Sandbox() as sandbox:
        variables = {
            "PAYCOMBAT_BASE_URL": sandbox.base_url,
            "PAYCOMBAT_TOKEN": sandbox.token,
            "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
        }
        code, said, _ = command("intents", "reconcile", path, **variables)

    assert (3, "1 record is unresolved.") == (code, said.splitlines()[-1])


def test_reconciling_shows_what_was_found_and_what_is_left(path: Path) -> None:
    """With the credentials of the environment; exit code 3 until nothing is unresolved."""
    with Sandbox() as sandbox:
        account = {"token": sandbox.token, "signature_key": sandbox.signature_key, "base_url": sandbox.base_url}
        sandbox.faults.script("payouts.create", ["500_after_commit", "500_before_commit"])
        with PayCombat(**account, intents=SqliteIntents(path), max_retries=0) as client:
            for number in range(2):
                with pytest.raises(PayCombatError):
                    client.payouts.create(payout(order_id=f"order-{number}", payout_beneficiary_param=PAYEE))

        young = run_here("intents", "reconcile", path, "--older-than", "3600", sandbox=sandbox)
        found = run_here("intents", "reconcile", path, sandbox=sandbox)
        run_here("intents", "resolve", path, "order-1", "rejected", "--by", "Ana")
        last = run_here("intents", "reconcile", path, sandbox=sandbox)

    assert (3, "2 records are unresolved.") == (young.returncode, young.stdout.splitlines()[-1])
    assert 3 == found.returncode, found.stderr
    for line in ("1 found at the provider", "0 ambiguous", "1 not found at the provider", "1 record is unresolved."):
        assert f"\n{line}" in f"\n{found.stdout}"
    assert found.stdout.index("order-0") < found.stdout.index("0 ambiguous") < found.stdout.index("order-1")
    assert (0, "No record is unresolved.") == (last.returncode, last.stdout.splitlines()[-1])


def test_a_provider_that_refuses_is_a_sentence(path: Path) -> None:
    """Exit code 1 for its refusal, 2 for missing credentials."""
    fill(path, "order-1")
    with Sandbox() as sandbox:
        refused = run_here("intents", "reconcile", path, sandbox=sandbox, PAYCOMBAT_TOKEN="snd_x")
        missing = run_here("intents", "reconcile", path, sandbox=sandbox, PAYCOMBAT_TOKEN="")

    assert [1, 2] == [refused.returncode, missing.returncode]
    assert "Error: token is missing" in missing.stderr
    assert refused.stderr.startswith(
        "Error: the provider's list of payouts cannot be read: payouts.list: the provider answered 401"
    )
    assert "Nothing was settled or sent, and the records are as they were: run this command again" in refused.stderr
    assert "Traceback" not in refused.stderr + missing.stderr


def test_a_crash_is_not_taken_for_a_clean_store(path: Path) -> None:
    """`reconcile` cannot look for what may be under way, and says so; exit code 3."""
    begin(path, "order-1")
    with Sandbox() as sandbox:
        shown = run_here("intents", "reconcile", path, sandbox=sandbox)

    assert (3, "") == (shown.returncode, shown.stderr)
    assert "No record is unresolved, but 1 is being sent." in shown.stdout.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["reconcile"],
        ["show", "order-1"],
        ["resolve", "order-1", "applied", "--by", "Ana"],
        ["adopt", "default", "--account", "shop", "--yes"],
    ],
    ids=lambda words: words[0],
)
def test_a_missing_file_is_not_created(path: Path, command: Run, arguments: list[str]) -> None:
    """Exit code 2."""
    name, *rest = arguments

    code, said, complaint = command("intents", name, path, *rest)

    assert (2, "") == (code, said)
    assert "there is none with this path" in complaint
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["intents", "list"], "STORE is missing: name it, or set PAYCOMBAT_DATABASE_URL"),
        (["intents", "list", f"mysql://u:{PASSWORD}@h/d"], "STORE must be the path of a file, or a URL"),
        (["intents", "list", f"host=h password={PASSWORD}"], "STORE must be the path of an existing file"),
        (["intents", "list", "x", URL], "Got unexpected extra argument"),
        (["intents", URL], "No such command"),
        (["intents", "show"], "the arguments must be: [STORE] REFERENCE"),
        (["intents", "show", URL, "order-1", "applied"], "the arguments must be: [STORE] REFERENCE"),
        (["intents", "show", URL, ""], "the reference is empty"),
        (["intents", "resolve", URL, "order-1", "maybe", "--by", "Ana"], "must be applied or rejected"),
        (["intents", "resolve", URL, "order-1", "applied", "--by", " "], "--by must be the name"),
        (["intents", "resolve", URL, "order-1", "applied"], "Missing option '--by'"),
        (["intents", "list", URL, "--account", " "], "account is empty"),
        (["intents", "list", URL, "--limit", "5"], "--limit needs --all"),
        (["intents", "list", URL, "--all", "--limit", "0"], "Invalid value for '--limit'"),
        (["intents", "list", URL, "--all", "--older-than", "5"], "--older-than and --all exclude each other"),
        (["intents", "list", URL, "--older-than", "-1"], "Invalid value for '--older-than'"),
        (["intents", "adopt", "--account", "shop"], "the arguments must be: [STORE] FROM"),
        (["intents", "adopt", URL, "default"], "Missing option '--account'"),
        (["intents", "adopt", URL, "shop", "--account", "shop"], "name two different accounts"),
        (["intents", "adopt", URL, " ", "--account", "shop"], "account is empty"),
        (["intents", "adopt", URL, "default", "--account", "x" * 256], "account has 256 characters"),
        (["intents", "list", f"postgresql://u:{PASSWORD}@[h/d"], "this is no connection string"),
        (["db", "migrate"], "URL is missing: name it, or set PAYCOMBAT_DATABASE_URL"),
        (["db", "status", "payments.db"], "the URL must begin with postgresql://"),
        (["db", "status", URL, "--schema", "Not one"], "the schema must be a plain identifier"),
    ],
)
def test_wrong_usage_is_a_sentence(command: Run, arguments: list[str], sentence: str) -> None:
    """Exit code 2, and a password in an argument is not printed."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")

    code, said, complaint = command(*arguments)

    assert (2, "") == (code, said)
    assert sentence in complaint


def test_the_variable_must_hold_a_url(command: Run) -> None:
    """Its value is not printed."""
    code, _, complaint = command("intents", "list", PAYCOMBAT_DATABASE_URL=f"host=h password={PASSWORD}")

    assert (2, "Error: PAYCOMBAT_DATABASE_URL must begin with postgresql://\n") == (code, complaint)


@pytest.mark.parametrize("arguments", [["intents", "list"], ["db", "status"], ["db", "migrate"]], ids=" ".join)
def test_a_database_that_cannot_be_reached_is_a_sentence(command: Run, arguments: list[str]) -> None:
    """Exit code 1."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")

    code, said, complaint = command(*arguments, URL)

    assert (1, "") == (code, said)
    assert "Error: the intents store in PostgreSQL cannot be reached: nothing listens at its address\n" == complaint


def test_the_same_commands_on_postgresql(postgres_server: PostgresServer, schema: str, command: Run) -> None:
    """From missing tables to a settled record, with the URL from the environment or as an argument."""
    url = f"postgresql://tests:{PASSWORD}@/postgres?host={quote(str(postgres_server.folder), '')}"
    option, variable = ("--schema", schema), {"PAYCOMBAT_DATABASE_URL": url}

    missing = (
        "intents: the tables are missing; version 1 is needed.\ninbox: the tables are missing; version 1 is needed.\n"
        "limiter: the tables are missing; version 1 is needed.\n"
        "batch: the tables are missing; version 1 is needed.\n"
    )
    assert (1, missing, "") == command("db", "status", url, *option)
    code, _, complaint = command("intents", "list", url, *option)
    assert 1 == code
    assert "has no tables yet; run `paycombat db migrate` once" in complaint
    for _ in range(2):
        made = "".join(f"{name}: the tables are of version 1.\n" for name in ("intents", "inbox", "limiter", "batch"))
        assert (0, made, "") == command("db", "migrate", *option, **variable)
    found = missing.replace("missing", "of version 1")
    assert (0, found, "") == command("db", "status", url, *option)

    asyncio.run(execute(url, f"DELETE FROM {schema}.migration WHERE component = 'inbox'"))
    one_missing = found.replace("inbox: the tables are of version 1", "inbox: the tables are missing")
    assert (1, one_missing, "") == command("db", "status", url, *option)

    async def fill_tables() -> None:
        store = PostgresIntents(url, schema=schema)
        await record(store, "order-1")
        await store.aclose()

    asyncio.run(fill_tables())
    code, said, _ = command("intents", "list", *option, **variable)
    assert (3, True) == (code, "order-1" in said)
    assert 0 == command("intents", "resolve", "order-1", "applied", "--by", "Ana", *option, **variable)[0]
    code, said, _ = command("intents", "show", url, "order-1", *option)
    assert (0, True) == (code, "evidence:     Ana" in said)
    assert (0, "No record is unresolved.\n", "") == command("intents", "list", url, *option)
    moved = command("intents", "adopt", "default", "--account", "shop", "--yes", *option, **variable)
    assert (0, "1 record was moved to the account shop.\n", "") == moved
    assert "order-1" in command("intents", "list", url, "--all", "--account", "shop", *option)[1]


def test_the_doctor_knows_the_variable() -> None:
    """It is no typing error of another name."""
    shown = run_here("doctor", PAYCOMBAT_DATABASE_URL=URL)

    assert "PAYCOMBAT_DATABASE_URL" not in shown.stdout
    assert PASSWORD not in shown.stdout
