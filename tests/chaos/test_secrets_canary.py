"""Marked secrets through every error and every output: 0 sightings, in whatever form. Personal data: none for all eyes.

`ApiError.provider_message`, `.raw` and `InvalidResponse.raw` may quote personal data, so they stay out of `str`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from paycombat_async import AsyncPayCombat, sync_customers
from paycombat_async.endpoints import CREATE_PAYOUT, LIST_CHECKOUTS, RETRIEVE_CHECKOUT, UPDATE_CUSTOMER
from paycombat_async.testing import FakeClock
from paycombat_async.testing.canary import find_leaks, iter_text
from tests.chaos.fault_triggers import (
    CANARY,
    CREDENTIALS,
    FORMS,
    MISPLACED,
    PERSON,
    SILENT,
    answers,
    client_for,
    mirror,
    payout_to_the_person,
    script_for,
    served,
    update_of_the_person,
)
from tests.chaos.outputs import listening, reported_of, shown_of, told_of, trimmed
from tests.chaos.soak import SOAK
from tests.cli.command import run
from tests.processes import PATIENCE_S
from tests.raw_server import RawServer

pytestmark = pytest.mark.promise("P7")

# With the whole reply, which is for logs; its data are the caller's own.
CALLS: dict[str, Callable[[AsyncPayCombat], Awaitable[object]]] = {
    "update": lambda client: client.send(UPDATE_CUSTOMER, update_of_the_person()),
    "payout": lambda client: client.send(CREATE_PAYOUT, payout_to_the_person()),
    "retrieve": lambda client: client.send(RETRIEVE_CHECKOUT, None, id="checkout_1"),
    "list": lambda client: client.send(LIST_CHECKOUTS, None),
}

IN_RICH = {"400", "500", "302", "no JSON", "data of another type", "request id", "success", "silent", "broken"}


class Inspection:
    """Looks at everything that comes out, and keeps the places where something is to be seen."""

    def __init__(self) -> None:
        self.inputs = 0
        self.texts = 0
        self.seen: list[str] = []
        self.kinds: set[str] = set()

    async def provoke(
        self,
        name: str,
        provoke: Callable[[], Awaitable[object]],
        *,
        rich: bool = False,
        walk: bool = True,
        raw: bool = False,
    ) -> None:
        """One input, and all that comes of it. `raw`: personal data may be shown, as in bytes of the caller."""
        with listening() as heard:
            result = await _outcome(provoke)
            if isinstance(result, BaseException):
                logging.getLogger("application").error("it failed: %s %r", result, result, exc_info=trimmed(result))
        self.inputs += 1
        self.kinds.add(type(result).__name__)
        told = [heard.whole, *(told_of(result) if isinstance(result, BaseException) else ())]
        self.look(name, CANARY.marks | PERSON, *told)
        if walk:
            shown = shown_of(result, rich=rich)
            self.look(name, CANARY.marks, *reported_of(result))
            self.look(name, CANARY.marks if raw else CANARY.marks | PERSON, *shown)

    def look(self, name: str, marks: dict[str, str], *outputs: object) -> None:
        self.texts += sum(1 for output in outputs for _ in iter_text(output, ""))
        self.seen += [f"{name}: {sighting}" for sighting in find_leaks(marks, *outputs)]


async def _outcome(provoke: Callable[[], Awaitable[object]]) -> object:
    try:
        return await provoke()
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # whatever comes is looked at
        return error


@pytest.fixture(name="inspection")
def _inspection(report, capfd):
    """Also of what is written to stdout and stderr; in the end nothing was seen."""
    inspection = Inspection()
    yield inspection
    printed = capfd.readouterr()
    inspection.look("printed", CANARY.marks | PERSON, printed.out, printed.err)
    with capfd.disabled():
        report(inputs=inspection.inputs, texts=inspection.texts, sightings=len(inspection.seen))
    assert [] == inspection.seen


@pytest.mark.parametrize("form", FORMS)
async def test_answers_that_echo_secrets_do_not_spread_them(form, inspection):
    """Whatever status, header or part of the body they are in, and however they are written."""
    for name, answer in answers(form):
        timeout = 0.05 if answer is SILENT else PATIENCE_S
        await inspection.provoke(
            name,
            lambda answer=answer, timeout=timeout: served(script_for(answer), CALLS["update"], timeout=timeout),
            rich=SOAK or (form == "plain" and name in IN_RICH),
        )

    assert inspection.kinds > {"ProviderError", "UnexpectedRedirect", "InvalidResponse", "Disconnected", "TimedOut"}


@pytest.mark.parametrize("strict", [False, True], ids=["drift told", "drift refused"])
@pytest.mark.parametrize("call", CALLS)
async def test_no_kind_of_call_spreads_secrets(call, strict, inspection):
    """Hooks are told nothing of them, nor does asyncio's debug mode, which here tells of every single step."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    told: list[object] = []
    options = {"on_drift": told.append, "on_attempt": told.append, "strict_responses": strict}

    for name, answer in answers("plain"):
        timeout = 0.05 if answer is SILENT else PATIENCE_S
        await inspection.provoke(
            name,
            lambda answer=answer, timeout=timeout: served(script_for(answer), CALLS[call], timeout=timeout, **options),
            rich=SOAK,
        )

    loop.set_debug(False)
    assert told
    inspection.look("hooks", CANARY.marks | PERSON, *told)


@pytest.mark.parametrize("call", CALLS)
async def test_a_page_that_shows_the_request_does_not_spread_it(call, inspection):
    """As frameworks do in debug mode: the headers with the token, the body with the person's data."""
    await inspection.provoke(call, lambda: served(mirror(), CALLS[call]), rich=True)

    assert {"ProviderError"} == inspection.kinds


@pytest.mark.parametrize("refusal", CREDENTIALS | MISPLACED)
async def test_what_is_refused_at_once_is_not_shown(refusal, inspection):
    """Neither credentials that cannot work, nor values that do not belong there, nor webhooks that do not fit."""

    async def refuse() -> object:
        result = (CREDENTIALS | MISPLACED)[refusal]()
        return await client_for("http://127.0.0.1:1").send(UPDATE_CUSTOMER, result)  # what only the sending refuses

    await inspection.provoke(
        refusal, refuse, rich=True, walk=refusal in CREDENTIALS, raw=refusal.split(maxsplit=1)[0] in {"signed", "wrong"}
    )

    assert inspection.kinds <= {"ConfigurationError", "InvalidRequest", "SignatureMismatch", "InvalidPayload"}


async def test_a_road_that_fails_does_not_spread_secrets(inspection):
    """Nobody listens, TLS with a server that has none, a client that is closed before or during the call."""
    async with RawServer(script_for(SILENT)) as server:
        nobody = client_for("http://127.0.0.1:1")
        no_tls = client_for(server.base_url.replace("http:", "https:"), timeout=0.2)
        closed = client_for(server.base_url)
        await closed.aclose()
        silent = client_for(server.base_url)

        await inspection.provoke("nobody", lambda: CALLS["update"](nobody), rich=True)
        await inspection.provoke("no TLS", lambda: CALLS["update"](no_tls), rich=True)
        await inspection.provoke("closed", lambda: CALLS["update"](closed), rich=True)
        await inspection.provoke("closing", lambda: _while_it_waits(server, silent, silent.aclose), rich=True)
        for client in (nobody, no_tls):
            await client.aclose()

    assert inspection.kinds > {"ConnectFailed", "ConfigurationError"}


async def test_a_call_given_up_does_not_spread_secrets(inspection):
    """Also not by the traceback of the cancellation, which goes through the HTTP library with the headers in hand."""
    async with RawServer(script_for(SILENT)) as server:
        client = client_for(server.base_url)

        await inspection.provoke("cancelled", lambda: _while_it_waits(server, client, None), rich=True)
        await inspection.provoke("asyncio.timeout", lambda: _in_time(CALLS["payout"](client)), rich=True)
        await client.aclose()

    assert {"CancelledError", "TimeoutError"} == inspection.kinds


async def _in_time(call: Awaitable[object]) -> object:
    async with asyncio.timeout(0.02):
        return await call


async def _while_it_waits(
    server: RawServer, client: AsyncPayCombat, do: Callable[[], Awaitable[None]] | None
) -> object:
    """A call that has arrived and is then cancelled, or whatever is done to it."""
    before = len(server.arrived)
    task = asyncio.ensure_future(CALLS["update"](client))
    while len(server.arrived) == before:  # noqa: ASYNC110  # the server has no event for it
        await asyncio.sleep(0)
    if do is None:
        task.cancel()
    else:
        await do()
    return await task


ROWS = f"""customer_id,description,individual.first_name,individual.email,metadata.document
customer_1,{PERSON["name"]},{PERSON["name"]},{PERSON["e-mail"]},{PERSON["document"]}
,{PERSON["name"]},{PERSON["name"]},{PERSON["e-mail"]},{PERSON["document"]}
customer_2,{PERSON["name"]},{PERSON["name"]},{PERSON["e-mail"]}
"""
STATUSES = ("400", "401", "422", "429", "500", "502 as HTML", "no JSON", "unknown fields", "broken")


@pytest.fixture(name="rows")
def _rows(tmp_path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def files_beside(rows: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in rows.parent.iterdir() if path != rows}


@pytest.mark.parametrize("status", STATUSES)
async def test_a_batch_writes_no_secret_down(status, rows, inspection):
    """Its journal holds no personal data either; the file of failures holds the rows, as it must."""
    told: list[object] = []
    answer = dict(answers("plain"))[status]
    clock = FakeClock()

    await inspection.provoke(
        status,
        lambda: served(
            script_for(answer),
            lambda client: sync_customers(
                client,
                rows,
                journal=rows.with_name("journal"),
                failed=rows.with_name("failed.csv"),
                on_progress=told.append,
            ),
            clock=clock,
        ),
        raw=True,  # the report quotes the provider's reasons
    )

    files = files_beside(rows)
    failures = files.pop("failed.csv", b"")
    inspection.look("progress", CANARY.marks | PERSON, *told)
    inspection.look("journal", CANARY.marks | PERSON, *files.values())
    inspection.look("failures", CANARY.marks, failures)
    assert {"BatchReport"} == inspection.kinds
    assert "journal" in files


@pytest.mark.parametrize("status", STATUSES if SOAK else ["422", "502 as HTML"])
async def test_the_command_line_prints_no_secret(status, rows, inspection):
    """A batch, a customer and the doctor, with the credentials in the environment as they are in use."""
    secrets = {
        "PAYCOMBAT_TOKEN": CANARY.token,
        "PAYCOMBAT_SIGNATURE_KEY": CANARY.signature_key,
        "PAYCOMBAT_WEBHOOK_KEY": CANARY.webhook_key,
    }
    body = rows.with_name("body.json")
    body.write_bytes(dict(answers("plain"))["400"].partition(b"\r\n\r\n")[2])

    async with RawServer(script_for(dict(answers("plain"))[status])) as server:
        secrets["PAYCOMBAT_BASE_URL"] = server.base_url
        for arguments in (
            ("customers", "sync", rows),
            ("customers", "sync", rows, "--dry-run"),
            ("customers", "get", "customer_1", "--timeout", 1),
            ("doctor",),
            ("doctor", "--body", body, "--signature", "0" * 64),
        ):
            done = await asyncio.to_thread(run, *arguments, PYTHONWARNINGS="default", **secrets)
            inspection.inputs += 1
            inspection.look(f"{arguments[:2]}", CANARY.marks, done.stdout, done.stderr)
            if arguments[1:2] != ("get",):  # which shows the provider's own words to whoever asked
                inspection.look(f"{arguments[:2]}", PERSON, done.stderr)

    failures = rows.with_name("rows.failed.csv")
    assert failures.exists()
    inspection.look("failures", CANARY.marks, failures.read_bytes())
