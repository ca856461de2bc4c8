"""The four documented response envelopes; each route names the one that its endpoint uses.

Most endpoints use A; "Update Customer" B, "Disable Customer" C (A around B), "Retrieve Payin" D.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeAlias

from paycombat_async.sandbox.refusals import Refused


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an envelope contains besides the data: request id, time and status."""

    request_id: str
    time: str
    status: HTTPStatus


Envelope: TypeAlias = Callable[[object, Stamp], dict[str, object]]


def envelope_a(data: object, stamp: Stamp) -> dict[str, object]:
    """Envelope A: `{status, message, data}`."""
    return {"status": True, "message": stamp.status.phrase, "data": data}


def envelope_a_saying(message: str) -> Envelope:
    """A function like `envelope_a`, but with this message instead of the status phrase."""

    def envelope(data: object, _stamp: Stamp) -> dict[str, object]:
        return {"status": True, "message": message, "data": data}

    return envelope


def envelope_b(data: object, stamp: Stamp) -> dict[str, object]:
    """Envelope B: `{data, request_id, request_time, status_code, status_text, success}`."""
    return {
        "data": data,
        "request_id": stamp.request_id,
        "request_time": stamp.time,
        "status_code": stamp.status.value,
        "status_text": stamp.status.phrase,
        "success": True,
    }


def envelope_c(data: object, stamp: Stamp) -> dict[str, object]:
    """Envelope C: A around B, so that the data is at `data.data`."""
    return envelope_a(envelope_b(data, stamp), stamp)


def envelope_d(data: object, stamp: Stamp) -> dict[str, object]:
    """Envelope D: `{message, data}`."""
    return {"message": stamp.status.phrase, "data": data}


def refusal(refused: Refused) -> dict[str, object]:
    """The body of an error response. The provider documents none; this one resembles envelope A."""
    return {"status": False, "message": refused.message, "code": refused.code}


def iso_time(seconds: float) -> str:
    """Unix seconds in the provider's format: ISO 8601 in UTC, with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
