"""`paycombat call`: every call of the API, its arguments, its output, and what it says when something goes wrong."""

import asyncio
import json
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from paycombat_async import AsyncPayCombat, Signer
from paycombat_async.cli.call.display import show_table
from paycombat_async.cli.call.specs import FIND_PAYOUTS, call_specs
from paycombat_async.endpoints import ENDPOINTS, Repeat
from paycombat_async.errors import StoreFailed, UnverifiedEndpointWarning
from paycombat_async.intents import Settlement, SqliteIntents
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat
from tests import processes
from tests.calls import BY_NAME, CALLS, PATHS, good_answer, good_data, payout
from tests.chaos.matrix_cells import PAYEE
from tests.cli.command import COMMAND, Terminal, environment, run
from tests.cli.conftest import KEY, Here
from tests.processes import Process
from tests.raw_server import Arrived, Script, Serve, answering, http

TOKEN = "snd_token-0123456789"
LIVE = {"PAYCOMBAT_TOKEN": "token-0123456789", "PAYCOMBAT_SIGNATURE_KEY": "key-0123456789"}
# The arguments of the calls in tests.calls that have no body, by the parameter's name and the call's.
TEXTS = {
    "payin_method_name": "au_bank_npp",
    "payins.retrieve": "payin_1",
    "payouts.retrieve": "payout_1",
    "checkouts.retrieve": "checkout_1",
    "customer_id": "customer_1",
    "currency": "AUD",
}
PAYOUT = payout(payout_beneficiary_param=PAYEE).to_json()
PAID = good_answer("payouts.create")
CHANGES = [name for name, endpoint in BY_NAME.items() if endpoint.method != "GET"]


AsClient = Callable[[str], tuple[Arrived, list[str]]]


@pytest.fixture(name="request_file")
def _request_file(tmp_path: Path) -> Path:
    """A payout of 50 AUD called order-1, in a file."""
    path = tmp_path / "payout.json"
    path.write_text(PAYOUT, encoding="utf-8")
    return path


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def recording(answer: bytes, arrived: list[Arrived]) -> Script:
    inner = answering(http(200, answer, "Content-Type: application/json"))

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Arrived) -> bool:
        arrived.append(request)
        return await inner(reader, writer, request)

    return script


def silent(status: int = 0, body: bytes = b"") -> Script:
    """A server that answers with this status, or, without one, closes the connection."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: Arrived) -> bool:
        if status:
            writer.write(http(status, body, "Content-Type: application/json"))
            await writer.drain()
        return False

    return script


@pytest.fixture(name="as_client")
def _as_client(serve: Serve, tmp_path: Path) -> AsClient:
    """What the client's method of this name sends, and the arguments with which the command makes the same call."""

    def as_client(name: str) -> tuple[Arrived, list[str]]:
        arrived: list[Arrived] = []
        base_url = serve(recording(good_answer(name), arrived))
        with PayCombat(token=TOKEN, signature_key=KEY, base_url=base_url, paths=PATHS) as client:
            CALLS[name](client)
        words = ["call", name, *(f"{each}={TEXTS.get(name, TEXTS.get(each))}" for each in call_specs()[name].needed)]
        if call_specs()[name].request is not None:
            (tmp_path / "request.json").write_bytes(arrived[0].body)
            words += [f"@{tmp_path / 'request.json'}"]
        return arrived[0], [*words, *(["--path", PATHS[name]] if name in PATHS else [])]

    return as_client


def test_there_is_a_command_for_every_call() -> None:
    """In the order of the endpoints; and one that is a method of the client, but no endpoint."""
    assert [*(each.name for each in ENDPOINTS), FIND_PAYOUTS] == list(call_specs())


@pytest.mark.parametrize("name", CALLS)
def test_every_call_sends_what_the_client_sends(name: str, here: Here, serve: Serve, as_client: AsClient) -> None:
    """Method, address, body and signature are those of the client's method, and the answer's data is printed."""
    arrived: list[Arrived] = []
    expected, words = as_client(name)

    said = here(*words, "--base-url", serve(recording(good_answer(name), arrived)))

    assert 0 == said.returncode, said.stderr
    [sent] = arrived
    assert (expected.method, expected.target) == (sent.method, sent.target)
    assert expected.body == sent.body
    assert sent.headers.get("signature") == (Signer(KEY).sign(sent.body) if sent.body else None)
    printed, answered = json.loads(said.stdout), good_data(BY_NAME[name])
    for shown, data in zip(printed, answered, strict=True) if isinstance(answered, list) else [(printed, answered)]:
        assert data.items() <= shown.items()


@pytest.mark.parametrize("name", [*CALLS, FIND_PAYOUTS])
def test_every_call_has_a_help_with_its_arguments(name: str, here: Here) -> None:
    """Every field of the request, also of objects in it, with its type."""
    said = here("call", name, "--help")

    assert 0 == said.returncode
    assert f"paycombat call {name}" in said.stdout
    spec = call_specs()[name]
    lines = said.stdout.splitlines()
    for field in () if spec.request is None else msgspec.structs.fields(spec.request):
        is_required, shown = field.default is msgspec.NODEFAULT, "NAME" if field.name == "extra" else field.name
        [line] = [line for line in lines if line.strip().startswith(f"{shown}:")]
        assert is_required == line.endswith("(required)")
    for argument in spec.needed:
        assert f"    {argument}=TEXT  (required)" in lines


def test_the_types_of_fields_are_in_words(here: Here) -> None:
    """A number may be an amount; a choice lists its values; a field that can be cleared says so."""
    payouts = here("call", "payouts.create", "--help").stdout
    customers = here("call", "customers.update", "--help").stdout

    assert "sender_amount: number  (required)" in payouts
    assert "payout_beneficiary_param.individual.first_name: text\n" in payouts
    assert 'type: one of: individual, company, or "" to clear it\n' in customers
    assert 'company.authorized_user: object, or "" to clear it\n' in customers
    assert "customer_id: text  (required)\n" in customers


def test_the_list_names_every_call(here: Here) -> None:
    """With method and path."""
    lines = here("call", "--list").stdout.splitlines()

    assert ["payouts.create", "POST", "/api/v1/payout/create-payout"] in [line.split() for line in lines]
    assert len(call_specs()) == len(lines)


def test_fields_of_the_command_line_replace_those_of_the_file(here: Here, sandbox: Sandbox, request_file: Path) -> None:
    """TEXT is a text, JSON any value; a dotted name is a field of an object. Amounts keep their digits."""
    words = ("order_id=order-2", "sender_amount:=50.25", "payout_beneficiary_param.individual.first_name=Zoë")

    said = here("call", "payouts.create", f"@{request_file}", *words, "beneficiary_amount:=50.25", sandbox=sandbox)

    found = json.loads(here("call", FIND_PAYOUTS, "order_id=order-2", sandbox=sandbox).stdout)
    made = json.loads(said.stdout)
    assert (0, "order-2", 50.25) == (said.returncode, made["order_id"], made["wire_amount"])
    assert ["ZoëMajor"] == [each["payee_name"] for each in found]
    assert '"wire_amount": 50.25,' in said.stdout


def test_a_request_comes_from_standard_input(sandbox: Sandbox) -> None:
    """As the installed command, with a byte order mark as editors on Windows write it."""
    with Process(*COMMAND, "call", "payouts.create", "-", env=environment(sandbox)) as process:
        ended = process.end("\ufeff" + PAYOUT)

    assert (0, "order-1") == (ended.returncode, json.loads(ended.stdout)["order_id"])
    assert "" == ended.stderr


def test_a_list_is_an_array_of_one_page_or_of_all(here: Here, sandbox: Sandbox) -> None:
    """Standard error says that there may be more."""
    sandbox.add_customers([f"customer_{number}" for number in range(5)])

    first = here("call", "customers.list", "page_size=2", "--json", sandbox=sandbox)
    third = here("call", "customers.list", "page_size=2", "page=3", sandbox=sandbox)
    every = here("call", "customers.list", "page_size=2", "--all", sandbox=sandbox)

    ids = [[each["customer_id"] for each in json.loads(said.stdout)] for said in (first, third, every)]
    assert ids[2][:2] == ids[0]
    assert ids[2][4:6] == ids[1]
    assert {f"customer_{number}" for number in range(5)} <= set(ids[2])
    assert "This is page 1; --all prints all pages.\n" == first.stderr
    assert "" == every.stderr


def test_further_arguments_of_a_list_go_into_the_query(here: Here, serve: Serve) -> None:
    """The provider may know more parameters than its pages show."""
    arrived: list[Arrived] = []
    base_url = serve(recording(good_answer("payouts.list"), arrived))

    here("call", "payouts.list", "status=SUCCESS", "page_size=5", "--base-url", base_url)

    assert ["/api/v1/payout?page=1&limit=5&status=SUCCESS"] == [each.target for each in arrived]


def test_a_table_has_the_important_fields(here: Here, sandbox: Sandbox, request_file: Path) -> None:
    """Whole lines for programs that read it; a single object has a line for each field."""
    payout_id = json.loads(here("call", "payouts.create", f"@{request_file}", sandbox=sandbox).stdout)["id"]

    many = here("call", "payouts.list", "--output", "table", sandbox=sandbox).stdout.splitlines()
    one = here("call", "payouts.retrieve", f"id={payout_id}", "--output", "table", sandbox=sandbox).stdout

    assert ["id", "order_id", "status", "wire_amount", "currency", "created_at"] == many[0].split()
    assert [payout_id, "order-1", "PENDING", "50", "AUD"] == many[1].split()[:5]
    assert ["order-1"] == [line.split()[1] for line in one.splitlines() if line.startswith("order_id:")]


def test_a_table_does_not_show_the_address_with_the_token(here: Here, serve: Serve) -> None:
    """The JSON has it, for the customer who pays."""
    answer = {"status": True, "data": {"id": "checkout_1", "checkout_url": "https://pay.example/?token=T0ken"}}
    base_url = serve(answering(http(200, json.dumps(answer).encode())))
    words = ("call", "checkouts.retrieve", "id=checkout_1", "--base-url", base_url)

    assert "T0ken" not in here(*words, "--output", "table").stdout
    assert "T0ken" in here(*words).stdout


@pytest.mark.parametrize(
    "wrap",
    [
        lambda checkout: [checkout],
        lambda checkout: [{"nested": checkout}],
        lambda checkout: {"checkout": checkout},
        lambda checkout: {"checkouts": [[checkout]]},
    ],
    ids=["rows without a known field", "a row within a row", "a field", "a list of lists"],
)
def test_a_table_shows_that_address_nowhere(wrap: Callable[[object], object], capsys) -> None:
    """Also in answers of a form that is on no page, which are printed as JSON in a cell."""
    show_table(wrap({"checkout_url": "https://pay.example/?token=T0ken", "amount_due": "7"}))
    said = capsys.readouterr().out

    assert ("T0ken" not in said, "***" in said) == (True, True), said


def test_the_raw_body_is_printed_as_it_came(here: Here, serve: Serve) -> None:
    """With the fields that the SDK does not know, and white space that is not JSON's own escape."""
    body = b'{"status":true,\n\t"data": {"id": "payout_1", "new_field": 1.50}}'
    base_url = serve(answering(http(200, body)))

    said = here("call", "payouts.retrieve", "id=payout_1", "--output", "raw", "--base-url", base_url)

    assert body.decode() + "\n" == said.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["payouts.create"], "payouts.create needs a request: @FILE, - for standard input, or NAME=TEXT"),
        (["payouts.create", "sender_amount:=1"], "payouts.create: $: object missing required field"),
        (["payouts.create", "@{typo}"], "unknown field 'ordr_id'; did you mean 'order_id'?"),
        (["payouts.create", "@{file}", "sender_amount:=fifty"], "sender_amount:= is not JSON (byte 5)"),
        (["payouts.create", "@{file}", "sender_amount:=50.0000000000000000001"], "at most 15 significant digits"),
        (["payouts.create", "@{file}", "sender_amount=fifty"], "payouts.create: $.sender_amount"),
        (["payouts.create", "@{file}", "-"], "one request at a time"),
        (["payouts.create", "@{file}", "order_id.x=1"], "order_id has a value already, and is no object"),
        (["payouts.create", "@nowhere.json"], "nowhere.json cannot be read: No such file or directory"),
        (["payouts.create", "@{bad}"], "bad.json is not JSON"),
        (["payouts.create", "@{array}"], "array.json must contain a JSON object"),
        (["payouts.create", "order-1"], "order-1: expected NAME=TEXT, NAME:=JSON, @FILE or -"),
        (["payouts.create", "@{file}", "postgresql://tests:Canary@h/d"], "postgresql://…: expected NAME=TEXT"),
        (["payouts.create", "@postgresql://tests:Canary@h/d"], "postgresql://… cannot be read"),
        (["payouts.retrieve"], "payouts.retrieve needs id=…"),
        (["payouts.retrieve", "id=1", "id=2"], "each argument can be given only once"),
        (["payouts.retrieve", "id=1", "name=2"], "payouts.retrieve has no argument name: its arguments are id=…"),
        (["payouts.retrieve", "id=.."], "id: must be 1 to 255 characters"),
        (["payouts.retrieve", "@{file}"], "payouts.retrieve takes no request"),
        (["payouts.retrieve", "id=1", "--all"], "payouts.retrieve has no pages"),
        (["payouts.list", "page=0"], "page must be a whole number, 1 or more"),
        (["payouts.list", "--intents", "x.db"], "payouts.list only reads"),
        (["customers.create", "@{file}", "--reference", "r"], "--reference needs --intents"),
        (["payouts.creat"], "No such command 'payouts.creat'"),
        (["customers.check_wallet_ready", "customer_id=c"], "customers.check_wallet_ready"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_sentence_and_sends_nothing(
    here: Here, tmp_path: Path, request_file: Path, words: list[str], sentence: str
) -> None:
    """Exit code 2. The address is that of no server."""
    (tmp_path / "bad.json").write_text('{"order_id": ', encoding="utf-8")
    (tmp_path / "array.json").write_text("[]", encoding="utf-8")
    (tmp_path / "typo.json").write_text(PAYOUT.replace("order_id", "ordr_id"), encoding="utf-8")
    names = {
        "file": request_file,
        "typo": tmp_path / "typo.json",
        "bad": tmp_path / "bad.json",
        "array": tmp_path / "array.json",
    }

    said = here("call", *(word.format(**names) for word in words), PAYCOMBAT_BASE_URL="http://127.0.0.1:1")

    assert (2, "") == (said.returncode, said.stdout)
    assert sentence in said.stderr
    assert "Canary" not in said.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["http://shop:canary@proxy:8080"],
        ["http://shop:can@ry/canary@proxy:8080"],
        ["http://shop:" + "canary" * 20 + "@proxy"],
        ["@http://shop:canary@proxy"],
        ["@http://shop:" + "canary" * 80 + "@proxy"],
        ["--timeout", "http://shop:canary@proxy"],
        ["redis://:canary@cache"],
        ["page=1", "postgresql://shop:canary@db/shop"],
    ],
)
def test_an_address_in_the_wrong_place_shows_no_password(here: Here, words: list[str]) -> None:
    """As when --proxy was forgotten. The message is in a log of a CI system, the command with its variables is not."""
    said = here("call", "customers.create", *words)
    nested = here("call", *words)

    assert (2, 2) == (said.returncode, nested.returncode)
    assert "canary" not in said.stdout + said.stderr + nested.stdout + nested.stderr


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_of_a_live_account_needs_a_yes(name: str, here: Here, serve: Serve, as_client: AsClient) -> None:
    """Without a terminal nothing is sent; `--yes` sends it."""
    arrived: list[Arrived] = []
    words = [*as_client(name)[1], "--base-url", serve(recording(good_answer(name), arrived))]

    refused = here(*words, **LIVE)
    count = len(arrived)
    sent = here(*words, "--yes", **LIVE)

    assert (2, "", 0) == (refused.returncode, refused.stdout, count)
    assert "there is no terminal to ask at: add --yes" in refused.stderr
    assert (0, 1) == (sent.returncode, len(arrived))


def test_reading_a_live_account_asks_nothing(here: Here, serve: Serve) -> None:
    """It changes nothing."""
    base_url = serve(answering(http(200, good_answer("payouts.list"))))

    assert 0 == here("call", "payouts.list", "--base-url", base_url, **LIVE).returncode


@pytest.mark.parametrize(("answer", "code", "count"), [("y\n", 0, 1), ("n\n", 1, 0), ("", 1, 0)])
def test_the_question_shows_what_would_be_sent(
    here: Here,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    request_file: Path,
    answer: str,
    code: int,
    count: int,
) -> None:
    """On standard error, so that standard output is JSON only; no answer is a no."""
    arrived: list[Arrived] = []
    base_url = serve(recording(good_answer("payouts.create"), arrived))
    said = here("call", "payouts.create", f"@{request_file}", "--base-url", base_url, input=Terminal(answer), **LIVE)

    assert (code if answer else 130, count) == (said.returncode, len(arrived))
    assert '"order_id": "order-1"' in said.stderr
    assert "Send payouts.create to the live account?" in said.stderr
    assert ("nothing was sent" in said.stderr) == (answer == "n\n")
    assert bool(said.stdout.strip()) == bool(count)  # click 8.2 writes a space


@pytest.mark.promise("P3")
@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_outcome_has_an_exit_code_of_its_own(
    name: str, here: Here, serve: Serve, as_client: AsClient
) -> None:
    """3 for a change, with what to do; 1 for a call that only reads."""
    said = here(*as_client(name)[1], "--base-url", serve(silent(409, b'{"status":false}')))

    endpoint = BY_NAME[name]
    assert (3 if endpoint.method != "GET" else 1, "") == (said.returncode, said.stdout)
    assert ("Outcome: unknown; it may have been carried out." in said.stderr) == (endpoint.method != "GET")
    assert ("Do not repeat the command before you know." in said.stderr) == (endpoint.repeat is Repeat.ONLY_IF_UNSENT)
    assert ("What to do: " in said.stderr) == (endpoint.method != "GET")


def test_an_unknown_payout_names_its_reference_and_the_command_that_finds_it(
    here: Here, serve: Serve, request_file: Path
) -> None:
    """The reference is what it can be found by."""
    said = here("call", "payouts.create", f"@{request_file}", "--base-url", serve(silent()))

    assert "Your reference: order-1." in said.stderr
    assert "paycombat call payouts.find order_id=order-1" in said.stderr


@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="needs a POSIX shell")
def test_the_advised_commands_are_quoted_and_name_the_account(
    here: Here, serve: Serve, tmp_path: Path, request_file: Path
) -> None:
    """References may come from customers, and in another account the record would not be found."""
    reference, store = "order 1;touch x'$(id)", tmp_path / "my payments.db"
    words = (f"@{request_file}", f"order_id={reference}", "--intents", store, "--account", "shop eu")

    said = here("call", "payouts.create", *words, "--base-url", serve(silent()))

    assert 3 == said.returncode
    advice = shlex.split(said.stderr.partition("This looks for it: ")[2])
    assert ["paycombat", "call", "payouts.find", f"order_id={reference}"] == advice[:4]
    assert ["paycombat", "intents", "list", str(store), "--account", "shop eu"] == advice[-6:]


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, 1, "Outcome: refused; nothing was changed."),
        (401, 1, "Outcome: refused; nothing was changed."),
        (409, 3, "Outcome: unknown; it may have been carried out."),
        (503, 3, "Outcome: unknown; it may have been carried out."),
        (201, 3, "Outcome: unknown; it may have been carried out."),
    ],
)
def test_an_error_says_what_the_provider_said_and_the_outcome(
    here: Here, serve: Serve, request_file: Path, status: int, code: int, outcome: str
) -> None:
    """Exit code 1 only if certainly nothing was changed."""
    base_url = serve(silent(status, b'{"status":false,"message":"No,\\u001b[2J thanks"}'))

    said = here("call", "payouts.create", f"@{request_file}", "--base-url", base_url)

    assert (code, "") == (said.returncode, said.stdout)
    assert outcome in said.stderr
    assert status == 201 or "(No,\\x1b[2J thanks)" in said.stderr


def test_nobody_there_is_exit_code_1(here: Here, request_file: Path) -> None:
    """No byte was sent, so it can be sent again."""
    said = here("call", "payouts.create", f"@{request_file}", PAYCOMBAT_BASE_URL="http://127.0.0.1:1")

    assert 1 == said.returncode
    assert "Outcome: nothing was sent." in said.stderr
    assert "What to do: send it again later; that is safe." in said.stderr


@pytest.mark.promise("P13")
def test_with_a_store_a_payout_happens_once(here: Here, sandbox: Sandbox, tmp_path: Path, request_file: Path) -> None:
    """The second command prints the first one's answer; another body is refused."""
    words = ("call", "payouts.create", f"@{request_file}", "--intents", tmp_path / "payments.db")

    first = here(*words, sandbox=sandbox)
    second = here(*words, sandbox=sandbox)
    other = here(*words, "purpose_code=OTHER", sandbox=sandbox)

    assert (0, 0, 1) == (first.returncode, second.returncode, other.returncode)
    assert first.stdout == second.stdout
    assert "A new intents store is made: it knows of no earlier calls.\n" == first.stderr
    assert "Nothing was sent: this is the recorded answer of the call with this reference.\n" == second.stderr
    assert "this reference belongs to a call with another body" in other.stderr
    assert ["order-1"] == [each.reference for each in sandbox.ledger.entries() if each.endpoint == "payouts.create"]


@pytest.mark.promise("P13")
def test_with_a_store_an_unknown_payout_is_not_sent_again(
    here: Here, sandbox: Sandbox, serve: Serve, tmp_path: Path, request_file: Path
) -> None:
    """Until somebody has found out."""
    words = ("call", "payouts.create", f"@{request_file}", "--intents", tmp_path / "payments.db")
    lost = here(*words, "--base-url", serve(silent()), sandbox=sandbox)

    again = here(*words, sandbox=sandbox)

    assert (3, 3) == (lost.returncode, again.returncode)
    assert f"paycombat intents list {tmp_path / 'payments.db'}" in lost.stderr
    assert "this one was not sent" in again.stderr
    assert [] == list(sandbox.ledger.entries())


def test_a_store_that_cannot_be_opened_sends_nothing(here: Here, sandbox: Sandbox, request_file: Path) -> None:
    """Nor is its password printed."""
    url = "postgresql://tests:Canary+Password@127.0.0.1:1/tests"

    said = here("call", "payouts.create", f"@{request_file}", "--intents", url, "--timeout", "3", sandbox=sandbox)

    assert 1 == said.returncode
    assert "Outcome: nothing was sent." in said.stderr
    assert "Canary" not in said.stderr + said.stdout
    assert [] == list(sandbox.ledger.entries())


def test_a_request_without_a_reference_is_refused_with_a_store(
    here: Here, sandbox: Sandbox, tmp_path: Path, request_file: Path
) -> None:
    """`--reference` gives one to a call that has none of its own."""
    body = json.loads(request_file.read_bytes())
    del body["order_id"]
    request_file.write_text(json.dumps(body), encoding="utf-8")
    words = (f"@{request_file}", "--intents", tmp_path / "payments.db")

    refused = here("call", "payouts.create", *words, sandbox=sandbox)
    sent = here("call", "payouts.create", *words, "--reference", "order-3", sandbox=sandbox)

    assert (2, 0) == (refused.returncode, sent.returncode)


def test_a_store_that_fails_after_the_send_is_reported(
    here: Here, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request_file: Path
) -> None:
    """The answer is printed all the same."""

    async def fail(_store: SqliteIntents, _settlement: Settlement) -> bool:
        raise StoreFailed("the disk is full")

    monkeypatch.setattr(SqliteIntents, "settle", fail)

    said = here(*("call", "payouts.create", f"@{request_file}", "--intents", tmp_path / "payments.db"), sandbox=sandbox)

    assert (0, "order-1") == (said.returncode, json.loads(said.stdout)["order_id"])
    assert "The store could not record what became of this call" in said.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
@pytest.mark.parametrize(
    ("words", "code"), [(("customers.update", "description=VIP"), 3), (("customers.retrieve",), 1)]
)
def test_an_answer_that_cannot_be_printed_is_a_sentence(sandbox: Sandbox, words: tuple[str, ...], code: int) -> None:
    """3 for a change: it was carried out, so a script must not take it for a failure that can be repeated."""
    sandbox.add_customers(["customer_1"])
    with Path("/dev/full").open("wb") as full:
        command = (*COMMAND, "call", *words, "customer_id=customer_1")
        with Process(*command, env=environment(sandbox), stdout=full.fileno()) as process:
            ended = process.end()

    assert code == ended.returncode
    assert ended.stderr.endswith(": No space left on device\n")
    assert "Traceback" not in ended.stderr


@pytest.mark.promise("P15")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_payout_says_that_it_may_have_been_carried_out(
    serve: Serve, request_file: Path, number: signal.Signals
) -> None:
    """With its reference, and the exit code of the signal."""
    asked: list[Arrived] = []

    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, arrived: Arrived) -> bool:
        asked.append(arrived)
        process.signal(number)
        return bool(await reader.read())

    variables = {"PAYCOMBAT_TOKEN": TOKEN, "PAYCOMBAT_SIGNATURE_KEY": KEY, "PAYCOMBAT_BASE_URL": serve(script)}
    with Process(*COMMAND, "call", "payouts.create", f"@{request_file}", env=environment(**variables)) as process:
        ended = process.end()

    assert 1 == len(asked)
    assert 128 + number == ended.returncode
    assert "Outcome: unknown; it may have been carried out. Your reference: order-1." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.promise("P15")
def test_an_interrupt_after_the_answer_says_that_it_was_carried_out(
    here: Here, serve: Serve, monkeypatch: pytest.MonkeyPatch, request_file: Path
) -> None:
    """Closing may take long, for example while a store hangs; what has become of the money is known by then."""

    async def hang(_client: AsyncPayCombat, _grace: float = 0) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    monkeypatch.setattr(AsyncPayCombat, "aclose", hang)

    said = here("call", "payouts.create", f"@{request_file}", "--base-url", serve(recording(PAID, [])))

    assert (130, "") == (said.returncode, said.stdout)
    assert "payouts.create was carried out (id payout_1), but its answer may not be printed: interrupted" in said.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which only Linux has")
def test_a_repeat_whose_words_cannot_be_written_is_no_failure(
    here: Here, sandbox: Sandbox, tmp_path: Path, request_file: Path
) -> None:
    """The payout was carried out before, so a script must not take it for one that was refused."""
    words = ("call", "payouts.create", f"@{request_file}", "--intents", tmp_path / "payments.db")
    assert 0 == here(*words, sandbox=sandbox).returncode

    ended = processes.run("sh", "-c", 'exec "$@" 2> /dev/full', "sh", *COMMAND, *words, env=environment(sandbox))

    assert 3 == ended.returncode


def test_a_guessed_path_is_no_warning_of_python(here: Here, recwarn: pytest.WarningsRecorder) -> None:
    """The help of the call says that it is a guess, and so does the error of a wrong one."""
    said = here("call", "payouts.list", "--base-url", "https://localhost:1", "--timeout", "2")

    assert 1 == said.returncode
    assert not [each for each in recwarn if each.category is UnverifiedEndpointWarning]


def test_the_command_starts_without_http(tmp_path: Path) -> None:
    """A help text needs no aiohttp."""
    code = (
        "import sys\nfrom paycombat_async.cli.app import run\nassert run(['call', 'payouts.create', '--help']) == 0\n"
        "assert not {'aiohttp', 'rich', 'sqlite3'} & set(sys.modules)"
    )
    kept = {name: value for name, value in environment().items() if not name.startswith("COV")}

    assert 0 == processes.run(*COMMAND[:1], "-c", code, env=kept).returncode


def test_the_installed_command_calls_a_sandbox(sandbox: Sandbox) -> None:
    """From a process of its own, as a user runs it."""
    sandbox.add_customers(["customer_1"])

    ended = run("call", "customers.update", "customer_id=customer_1", "description=VIP", sandbox=sandbox)

    assert (0, "VIP", "") == (ended.returncode, json.loads(ended.stdout)["description"], ended.stderr)
