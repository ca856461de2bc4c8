"""The wrappings of answers: which endpoint uses which is said in the table of routes.

A is on most pages, B on "Update Customer", C (A around B) on "Disable Customer", D on "Retrieve Payin".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeAlias

from paycombat_async.sandbox.refusals import Refused


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an envelope says about its request, beside the data."""

    request_id: str
    time: str
    status: HTTPStatus


Envelope: TypeAlias = Callable[[object, Stamp], dict[str, object]]


def envelope_a(data: object, stamp: Stamp) -> dict[str, object]:
    """`{status, message, data}`."""
    return {"status": True, "message": stamp.status.phrase, "data": data}


def envelope_a_saying(message: str) -> Envelope:
    """A, with a message of the endpoint's own."""

    def envelope(data: object, _stamp: Stamp) -> dict[str, object]:
        return {"status": True, "message": message, "data": data}

    return envelope


def envelope_b(data: object, stamp: Stamp) -> dict[str, object]:
    """`{data, request_id, request_time, status_code, status_text, success}`."""
    return {
        "data": data,
        "request_id": stamp.request_id,
        "request_time": stamp.time,
        "status_code": stamp.status.value,
        "status_text": stamp.status.phrase,
        "success": True,
    }


def envelope_c(data: object, stamp: Stamp) -> dict[str, object]:
    """A around B: the object is at `data.data`."""
    return envelope_a(envelope_b(data, stamp), stamp)


def envelope_d(data: object, stamp: Stamp) -> dict[str, object]:
    """`{message, data}`."""
    return {"message": stamp.status.phrase, "data": data}


def refusal(refused: Refused) -> dict[str, object]:
    """The body of an error. No error body is on record: this has envelope A's form, which most pages use."""
    return {"status": False, "message": refused.message, "code": refused.code}


def iso_time(seconds: float) -> str:
    """Seconds since 1970 as the provider writes times: ISO 8601 in UTC, with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
