"""The four documented response envelopes; each route names the one that its endpoint uses.

Most endpoints use A; "Update Customer" B, "Disable Customer" C (A around B), "Retrieve Payin" D.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeAlias

from paycombat_async.sandbox.refusals import Refused


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an envelope contains besides the data: request id, time and status."""

    request_id: str
    time: str
    status: HTTPStatus


# From the sandbox's HTTP status to the one of Finmo, the provider's upstream, which sends 406 for a wrong value, state
# or content type, 402 for a valid request that cannot be carried out, and lists no 405, 413, 415, 421 and 422.
_UPSTREAM_STATUSES: Final = {405: 404, 409: 406, 413: 400, 415: 406, 421: 404, 422: 402}

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


def upstream_refusal(refused: Refused, stamp: Stamp) -> dict[str, object]:
    """The body of an error response in the form of Finmo, the provider's upstream: envelope B with an `error` object.

    The object's `message` is a list of one str for an invalid body, where Finmo may list several faults, else a str.
    """
    message: object = [refused.message] if refused.status == HTTPStatus.BAD_REQUEST else refused.message
    error = {"code": stamp.status.value, "name": refused.code, "message": message}
    return envelope_b({}, stamp) | {"success": False, "error": error}


def upstream_status(status: int) -> HTTPStatus:
    """The HTTP status that Finmo, the provider's upstream, sends where the sandbox sends `status`."""
    return HTTPStatus(_UPSTREAM_STATUSES.get(status, status))


def iso_time(seconds: float) -> str:
    """Unix seconds in the provider's format: ISO 8601 in UTC, with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
