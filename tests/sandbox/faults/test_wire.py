"""Every fault as it is on the wire, and whether the request was carried out."""

import json

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from paycombat_async.sandbox.faults.names import WEBHOOK_FAULTS
from paycombat_async.sandbox.faults.table import ACTIONS
from tests.sandbox.caller import CUSTOMER, UPDATE
from tests.sandbox.faults.socket_caller import LAST, get, hear, update

REQUEST_FAULTS = [fault for fault in Fault if fault not in WEBHOOK_FAULTS]
NOT_CARRIED_OUT = [fault for fault in Fault if fault.startswith(("429", "redirect")) or fault.endswith("before_commit")]
NOT_CARRIED_OUT += [Fault.ERROR_OBJECT, Fault.HTML_413, Fault.FAIL_IN_200, Fault.ERROR_IN_200]
NOT_CARRIED_OUT += [Fault.ERROR_OBJECT_IN_200, Fault.STATUS_CODE_IN_200]
SILENT = [fault for fault in Fault if fault.startswith(("disconnect", "reset"))] + [Fault.HALF_HEAD]
RESET = [fault for fault in Fault if fault.startswith("reset")] + [Fault.UNSIZED_RESET]
BROKEN_OFF = [*SILENT, Fault.HALF_BODY, *(fault for fault in Fault if fault.startswith(("unsized", "chunked")))]
NOT_FOUND = b'{"status":false,"message":"there is no such path","code":"NOT_FOUND"}'


def test_the_table_has_every_fault_of_requests() -> None:
    """Every fault of requests has an entry in the table of actions."""
    assert set(REQUEST_FAULTS) == set(ACTIONS)


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
async def test_it_is_carried_out_or_not(sandbox: Sandbox, fault: Fault) -> None:
    """Refusals and redirects are not; what only breaks the answer is, once. Either way it is on record."""
    sandbox.faults.next(fault)

    await hear(sandbox, update(sandbox), LAST)

    [applied] = sandbox.faults.applied
    assert sandbox.executions(CUSTOMER) == (0 if fault in NOT_CARRIED_OUT else 1)
    assert (applied.fault, applied.operation, applied.number) == (fault, "customers.update", 1)
    assert applied.arrival is sandbox.arrivals[0]
    assert applied.arrival.body.startswith(b'{"customer_id"')
    assert (applied.arrival.status is None) == (fault in SILENT)


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
async def test_the_connection_ends_or_stays(sandbox: Sandbox, fault: Fault) -> None:
    """What breaks off ends with FIN or RST; after all else the next request is answered on the same connection."""
    sandbox.faults.next(fault)

    heard = await hear(sandbox, update(sandbox), LAST)

    assert heard.end == ("rst" if fault in RESET else "fin")
    assert heard.data.endswith(NOT_FOUND) == (fault not in BROKEN_OFF)
    assert len(sandbox.arrivals) == (1 if fault in BROKEN_OFF else 2)


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
async def test_refusals_and_lists_break_too(sandbox: Sandbox, fault: Fault) -> None:
    """Whatever the request and its answer are, the fault finds something to do, and nothing fails behind it."""
    sandbox.faults.next(fault, fault, fault)

    for path in ("/nowhere", "/api/v1/customer/customer", "/api/v1/customer/customer/nobody"):
        await hear(sandbox, get(sandbox, path))

    assert [fault] * 3 == [applied.fault for applied in sandbox.faults.applied]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.DISCONNECT_BEFORE_COMMIT,
        Fault.DISCONNECT_AFTER_COMMIT,
        Fault.RESET_BEFORE_COMMIT,
        Fault.RESET_AFTER_COMMIT,
    ],
)
async def test_a_lost_connection_carries_no_byte(sandbox: Sandbox, fault: Fault) -> None:
    """A disconnect or reset sends no byte, not even a status line."""
    sandbox.faults.next(fault)

    assert (await hear(sandbox, update(sandbox))).data == b""


async def test_half_a_head_has_no_end(sandbox: Sandbox) -> None:
    """A status line and part of a header."""
    sandbox.faults.next(Fault.HALF_HEAD)

    heard = await hear(sandbox, update(sandbox))

    assert heard.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in heard.data


@pytest.mark.parametrize(
    ("fault", "missing", "surplus"),
    [
        pytest.param(Fault.LENGTH_TOO_LONG, 10, 0, id="too-long"),
        pytest.param(Fault.LENGTH_TOO_SHORT, 0, 10, id="too-short"),
        pytest.param(Fault.TRICKLE, 0, 0, id="trickle"),
    ],
)
async def test_a_wrong_length(sandbox: Sandbox, fault: Fault, missing: int, surplus: int) -> None:
    """It promises more than comes, or less; the body itself is whole, and the connection stays open."""
    sandbox.faults.next(fault)

    heard = await hear(sandbox, update(sandbox), LAST)

    whole = heard.behind_the_head.partition(b"HTTP/1.1")[0]
    assert json.loads(whole)["data"]["customer_id"] == CUSTOMER
    assert heard.length == len(whole) + missing - surplus


async def test_half_a_body_breaks_off(sandbox: Sandbox) -> None:
    """Half of the body arrives under the Content-Length of the whole."""
    sandbox.faults.next(Fault.HALF_BODY)

    heard = await hear(sandbox, update(sandbox))

    assert heard.length // 2 == len(heard.behind_the_head)


async def test_a_sound_request_is_untouched(sandbox: Sandbox) -> None:
    """None in a script is a request that goes well, whatever the rates are."""
    sandbox.faults.set_rates({"500_after_commit": 1.0})
    sandbox.faults.script("customers.update", [None])

    first = await hear(sandbox, update(sandbox), LAST)
    second = await hear(sandbox, update(sandbox), LAST)

    assert (200, 500) == (first.status, second.status)
    assert UPDATE == sandbox.arrivals[0].path
