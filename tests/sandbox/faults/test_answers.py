"""Answers in place of the right one: errors, a page, redirects."""

from email.utils import parsedate_to_datetime

import pytest

from paycombat_async.sandbox import Fault, Faults, Sandbox
from tests.sandbox.caller import NOW, StandingClock
from tests.sandbox.faults.socket_caller import LAST, hear, update


async def test_a_request_too_many_says_when_to_come_back(sandbox: Sandbox, clock: StandingClock) -> None:
    """Each 429 fault sends its form of Retry-After: seconds, fractions, a date, nothing, or nonsense."""
    expected = {
        Fault.STATUS_429_SECONDS.lasting(2.5): "3",
        Fault.STATUS_429_FLOAT.lasting(2): "2.0",
        Fault.STATUS_429_NEGATIVE: "-5",
        Fault.STATUS_429_NAN: "NaN",
        Fault.STATUS_429_INFINITY: "Infinity",
        Fault.STATUS_429_HUGE: "99999999999999999999",
        Fault.STATUS_429_TEXT: "in a moment",
        Fault.STATUS_429_BARE: None,
    }
    sandbox.faults.script("customers.update", expected)

    heard = [await hear(sandbox, update(sandbox), LAST) for _ in expected]

    assert list(expected.values()) == [each.headers.get("retry-after") for each in heard]
    assert {429} == {each.status for each in heard}
    assert {"TOO_MANY_REQUESTS"} == {each.document["code"] for each in heard}


async def test_a_date_to_come_back_is_one_of_http(sandbox: Sandbox) -> None:
    """By the sandbox's clock, rounded up: NOW has a fraction."""
    sandbox.faults.next(Fault.STATUS_429_DATE.lasting(10))

    heard = await hear(sandbox, update(sandbox), LAST)

    assert heard.headers["retry-after"].endswith(" GMT")
    assert parsedate_to_datetime(heard.headers["retry-after"]).timestamp() == int(NOW) + 11


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        pytest.param(Fault.STATUS_400_BEFORE_COMMIT, 400, "application/json", id="400"),
        pytest.param(Fault.STATUS_402_AFTER_COMMIT, 402, "application/json", id="402"),
        pytest.param(Fault.STATUS_406_BEFORE_COMMIT, 406, "application/json", id="406"),
        pytest.param(Fault.STATUS_408_AFTER_COMMIT, 408, "application/json", id="408"),
        pytest.param(Fault.STATUS_409_AFTER_COMMIT, 409, "application/json", id="409"),
        pytest.param(Fault.STATUS_418_AFTER_COMMIT, 418, "application/json", id="418"),
        pytest.param(Fault.STATUS_422_BEFORE_COMMIT, 422, "application/json", id="422"),
        pytest.param(Fault.STATUS_425_AFTER_COMMIT, 425, "application/json", id="425"),
        pytest.param(Fault.STATUS_499_AFTER_COMMIT, 499, "application/json", id="499"),
        pytest.param(Fault.STATUS_520_AFTER_COMMIT, 520, "application/json", id="520"),
        pytest.param(Fault.STATUS_500_BEFORE_COMMIT, 500, "application/json", id="500-before"),
        pytest.param(Fault.STATUS_500_AFTER_COMMIT, 500, "application/json", id="500-after"),
        pytest.param(Fault.STATUS_503_BEFORE_COMMIT, 503, "application/json", id="503-before"),
        pytest.param(Fault.STATUS_503_AFTER_COMMIT, 503, "application/json", id="503-after"),
        pytest.param(Fault.HTML_413, 413, "text/html", id="413"),
        pytest.param(Fault.HTML_502, 502, "text/html", id="502"),
        pytest.param(Fault.WRONG_CONTENT_TYPE, 200, "text/html", id="wrong-content-type"),
        pytest.param(Fault.LATENCY, 200, "application/json", id="latency"),
        pytest.param(Fault.LATE_ANSWER, 200, "application/json", id="late-answer"),
        pytest.param(Fault.TRICKLE, 200, "application/json", id="trickle"),
    ],
)
async def test_another_status_or_type(sandbox: Sandbox, fault: Fault, status: int, content_type: str) -> None:
    """Each fault sends its status and content type, or only a late response."""
    sandbox.faults.next(fault)

    heard = await hear(sandbox, update(sandbox), LAST)

    assert (status, content_type) == (heard.status, heard.headers["content-type"].split(";")[0])
    if fault in {Fault.HTML_413, Fault.HTML_502}:
        assert heard.body.startswith(b"<html>")
    elif status == 200:
        assert heard.document["data"]["description"] == "VIP"
    else:
        assert heard.document["status"] is False


async def test_an_error_may_be_an_object(sandbox: Sandbox) -> None:
    """With a code that is a number, and with several messages."""
    sandbox.faults.next(Fault.ERROR_OBJECT)

    heard = await hear(sandbox, update(sandbox), LAST)

    error = heard.document["error"]
    assert (406, False) == (heard.status, heard.document["success"])
    assert (406, "NOT_ACCEPTABLE", [str, str]) == (error["code"], error["name"], [*map(type, error["message"])])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_points_elsewhere(clock: StandingClock, status: int) -> None:
    """To the host that the test chose, or to one that cannot exist."""
    faults = Faults(redirect_to="http://127.0.0.1:9/steal")
    faults.script("unknown", [f"redirect_{status}"])
    async with Sandbox(faults=faults) as sandbox, Sandbox(faults=f"redirect_{status}") as other:
        chosen = await hear(sandbox, LAST)
        default = await hear(other, LAST)

    assert (status, "http://127.0.0.1:9/steal") == (chosen.status, chosen.headers["location"])
    assert (status, "https://elsewhere.invalid/") == (default.status, default.headers["location"])
