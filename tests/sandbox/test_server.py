"""The sandbox's life: how it is started and stopped, what it refuses to be, what it remembers."""

import asyncio
import json
import sqlite3
import threading
import urllib.error
import urllib.request
from pathlib import Path

import aiohttp
import pytest

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import SANDBOX_SIGNATURE_KEY, SANDBOX_TOKEN, Sandbox
from paycombat_async.sandbox.arrivals import KEPT
from tests.processes import PATIENCE_S
from tests.sandbox.caller import CUSTOMER, PERSON, UPDATE, Caller, compact

LIST = "/api/v1/customer/customer"


def get(sandbox: Sandbox, path: str) -> object:
    request = urllib.request.Request(sandbox.base_url + path, headers={"X-token": sandbox.token})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        return json.loads(response.read())


def test_blocking_code_can_use_it() -> None:
    """Plain `with` starts it in a thread of its own, and ends that thread."""
    with Sandbox(customers=2) as sandbox:
        answer = get(sandbox, LIST)
        names = [thread.name for thread in threading.enumerate()]

    assert isinstance(answer, dict)
    assert answer["data"]["total"] == 2
    assert "paycombat-sandbox" in names
    assert "paycombat-sandbox" not in [thread.name for thread in threading.enumerate()]


def test_it_stops_while_a_connection_is_open() -> None:
    """An idle client does not hold it up, and is cut off."""

    async def stay_connected() -> bytes:
        with Sandbox() as sandbox:
            host, port = sandbox.base_url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET /nowhere HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
        rest = await reader.read()
        writer.close()
        return rest

    rest = asyncio.run(stay_connected())

    assert rest.endswith(b'"code":"NOT_FOUND"}')


def test_it_can_be_started_again() -> None:
    """Memory starts empty; a second start while it runs is refused."""
    sandbox = Sandbox()
    with sandbox:
        sandbox.add_customers([CUSTOMER])
        with pytest.raises(ConfigurationError, match="running already"), sandbox:
            pass
        assert list(sandbox.customer_ids) == [CUSTOMER]

    with sandbox:
        assert list(sandbox.customer_ids) == []


def test_it_says_so_when_it_is_not_running() -> None:
    """Neither before its start nor after its end."""
    sandbox = Sandbox()
    with pytest.raises(ConfigurationError, match="not running"):
        _ = sandbox.base_url
    with sandbox:
        pass

    with pytest.raises(ConfigurationError, match="not running"):
        sandbox.add_customers([CUSTOMER])


def test_a_taken_port_is_refused() -> None:
    """With one sentence, and nothing is left open."""
    with Sandbox() as first:
        port = int(first.base_url.rsplit(":", 1)[1])

        with pytest.raises(ConfigurationError, match=f"cannot listen on port {port}"), Sandbox(port=port):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "", "127.0.0.1 "])
def test_other_hosts_are_refused(host: str) -> None:
    """It is for this machine only."""
    with pytest.raises(ConfigurationError, match="loopback addresses only"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_loopback_hosts_are_taken(host: str) -> None:
    """By name or by address; the base URL has the address."""
    with Sandbox(host=host) as sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("name", ["token", "signature_key"])
@pytest.mark.parametrize(
    "value",
    ["", "live_0123456789", "SND_x", " snd_x", "snd_x\n", "snd_x y", "snd_é"],
    ids=["empty", "live", "upper-case", "padded", "newline", "blank", "not-ascii"],
)
def test_other_credentials_are_refused(name: str, value: str) -> None:
    """Only such as start with snd_; the value is not shown."""
    with pytest.raises(ConfigurationError, match=name) as refused:
        Sandbox(**{name: value})  # type: ignore[arg-type]  # one keyword of several

    assert value == "" or value not in str(refused.value)


async def test_own_sandbox_credentials_are_taken() -> None:
    """They take the place of the public ones."""
    async with Sandbox(token="snd_mine", signature_key="snd_key") as sandbox, aiohttp.ClientSession() as session:
        sandbox.add_customers([CUSTOMER])
        caller = Caller(sandbox, session)

        right = await caller.update(description="x")
        wrong = await caller.send("GET", LIST, headers={"X-token": SANDBOX_TOKEN})

    assert (right.status, wrong.status) == (200, 401)
    assert (SANDBOX_TOKEN[:4], SANDBOX_SIGNATURE_KEY[:4]) == ("snd_", "snd_")


async def test_a_file_outlives_the_server(tmp_path: Path) -> None:
    """Customers, changes, deletions and counts are there again, and made-up customers are not made twice."""
    db = tmp_path / "sandbox.db"
    async with Sandbox(db=db, customers=3) as sandbox, aiohttp.ClientSession() as session:
        sandbox.add_customers([CUSTOMER, PERSON])
        await Caller(sandbox, session).update(description="kept")
        await Caller(sandbox, session).send("DELETE", f"/api/v1/customer/delete/{PERSON}")
        ids = list(sandbox.customer_ids)

    async with Sandbox(db=db, customers=3) as again, aiohttp.ClientSession() as session:
        assert ids == list(again.customer_ids)
        assert again.executions(CUSTOMER) == 1
        assert (await Caller(again, session).retrieve())["description"] == "kept"


async def test_two_sandboxes_can_share_a_file(tmp_path: Path) -> None:
    """What one of them carries out, the other one sees at once."""
    async with Sandbox(db=tmp_path / "db") as first, Sandbox(db=tmp_path / "db") as second:
        async with aiohttp.ClientSession() as session:
            first.add_customers([CUSTOMER])
            await asyncio.gather(*(Caller(each, session).update(description="x") for each in (first, second) * 5))

        assert first.executions(CUSTOMER) == second.executions(CUSTOMER) == 10


@pytest.mark.parametrize("kind", ["text", "sqlite", "directory"])
def test_a_file_of_somebody_else_is_refused(tmp_path: Path, kind: str) -> None:
    """It is left as it was."""
    db = tmp_path / "other"
    if kind == "text":
        db.write_text("customer_id,description\n" * 100)
    elif kind == "sqlite":
        connection = sqlite3.connect(db)
        connection.execute("CREATE TABLE journal (id)")
        connection.close()
    else:
        db.mkdir()
    before = db.read_bytes() if db.is_file() else b""

    with pytest.raises(ConfigurationError, match="database"), Sandbox(db=db):
        pass

    assert before == (db.read_bytes() if db.is_file() else b"")


async def test_arrivals_are_kept_as_they_came(caller: Caller) -> None:
    """Verb, raw path, headers, bytes and the answer's status; what is unknown or refused too."""
    body = compact({"customer_id": CUSTOMER, "description": "한"})
    await caller.send("PATCH", UPDATE, body=body)
    await caller.send("GET", f"{LIST}?page=%31")
    await caller.send("PUT", "/nowhere", body=b"x")

    update, listing, unknown = caller.sandbox.arrivals

    assert ("customers.update", "PATCH", UPDATE, body, 200) == (
        update.operation,
        update.method,
        update.path,
        update.body,
        update.status,
    )
    assert (caller.signature(body), "application/json") == (update.headers["signature"], update.headers["content-type"])
    assert ("customers.list", f"{LIST}?page=%31", b"", 200) == (
        listing.operation,
        listing.path,
        listing.body,
        listing.status,
    )
    assert (unknown.operation, unknown.body, unknown.status) == ("unknown", b"x", 404)
    assert unknown is caller.sandbox.arrivals.last
    assert [update] == caller.sandbox.arrivals.of("customers.update")
    assert caller.sandbox.arrivals.counts == {"customers.update": 1, "customers.list": 1, "unknown": 1}
    assert SANDBOX_TOKEN not in repr(update)


async def test_arrivals_are_bounded_but_counted_without_end(caller: Caller) -> None:
    """The latest ones are kept, all of them are counted, until they are cleared."""
    for _ in range(KEPT + 5):
        await caller.send("GET", "/nowhere")

    arrivals = caller.sandbox.arrivals
    assert (len(arrivals), arrivals.counts["unknown"]) == (KEPT, KEPT + 5)
    arrivals.clear()
    assert (len(arrivals), arrivals.counts.total()) == (0, 0)


async def test_nothing_is_logged(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of good calls nor of refused ones, at any level."""
    caplog.set_level(0)
    await caller.update(description="한")
    await caller.update(description=7)
    await caller.send("GET", "/nowhere")

    assert [record.name for record in caplog.records if record.name != "asyncio"] == []
