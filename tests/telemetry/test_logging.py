"""Log records: constant messages, and each value as a field under the same name as in spans."""

import ast
import asyncio
import json
import logging
from pathlib import Path

import pytest

from paycombat_async import ConnectFailed
from paycombat_async.telemetry import attributes
from paycombat_async.testing import FakeTransport
from tests.calls import payout

pytestmark = pytest.mark.promise("P17")

ROOT = Path(__file__).parent.parent.parent
METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
NAMES = {value for name, value in vars(attributes).items() if name.isupper()}
PAID = b'{"status":true,"data":{"id":"payout-4711","order_id":"order-1","status":{"odd":1}}}'
USUAL = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}


def calls_of_the_log() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for package in ("paycombat_async", "paycombat_sync")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "_log"
    ]


def test_every_record_has_fields_and_a_constant_message() -> None:
    """So that logs can be searched by field, and grouped by message."""
    found = calls_of_the_log()

    assert len(found) > 15
    assert [] == [where for where, call in found if "extra" not in {keyword.arg for keyword in call.keywords}]
    assert [] == [
        where for where, call in found if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in call.args)
    ]


def fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in USUAL}


async def test_an_attempt_is_logged_under_the_names_of_its_span(make_client, transport, clock, caplog) -> None:
    """With what is needed to draw it; the path of a raw request, which may hold an id, is left out."""
    transport.fail(ConnectFailed("no connection"))
    transport.answer(200, PAID)
    transport.answer(404, b"")
    client = make_client(telemetry=False)
    with caplog.at_level(logging.DEBUG, "paycombat"):
        await client.payouts.create(payout())
        await asyncio.gather(client.request("GET", "/api/v1/thing/thing-4711"), return_exceptions=True)

    failed, drift, passed, raw = caplog.records
    assert "attempt 1 of payouts.create ended: status None, outcome not_sent" == failed.getMessage()
    first = {"paycombat.endpoint": "payouts.create", "paycombat.attempt": 1, "paycombat.outcome": "not_sent"}
    assert first | {"error.type": "ConnectFailed", "paycombat.elapsed": 0, "paycombat.wait": clock.slept[0]} == (
        fields(failed)
    )
    assert first | {
        "paycombat.attempt": 2,
        "paycombat.outcome": "success",
        "http.response.status_code": 200,
        "paycombat.elapsed": 0,
    } == fields(passed)
    assert {
        "paycombat.endpoint": "payouts.create",
        "paycombat.drift.kind": "wrong_type",
        "paycombat.drift.path": "$.data.status",
    } == fields(drift)
    assert "request" == fields(raw)["paycombat.endpoint"]
    assert "thing-4711" not in json.dumps([fields(raw), raw.getMessage()])
    assert {failed.msg} == {record.msg for record in (failed, passed, raw)}


async def test_the_evidence_of_a_cancelled_payment_is_in_the_text_too(make_client, caplog) -> None:
    """Reference and digest: few programs' logs show fields, and this record is the only trace of the payment."""

    class Silent(FakeTransport):
        async def send(self, draft, timeout):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await make_client(telemetry=False, transport=Silent()).payouts.create(payout())

    (record,) = caplog.records
    shown = fields(record)
    assert ("order-1", "unknown") == (shown["paycombat.reference"], shown["paycombat.outcome"])
    assert all(str(shown[name]) in record.getMessage() for name in ("paycombat.reference", "paycombat.body_digest"))


async def test_every_field_has_a_name_of_the_table(make_client, transport, caplog) -> None:
    """Those of spans; a mistyped name would be one that nobody searches for."""

    def fail(_: object) -> None:
        raise ValueError

    transport.answer(200, PAID)
    with caplog.at_level(logging.DEBUG, "paycombat"):
        await make_client(on_call=fail).payouts.create(payout())

    assert set() == {name for record in caplog.records for name in fields(record)} - NAMES
    assert "ValueError" == fields(caplog.records[-1])["error.type"]
