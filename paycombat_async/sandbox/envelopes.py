"""The four documented response envelopes (the JSON around the data). Each route names the envelope of its endpoint.

Most endpoints use envelope A. "Update Customer" uses B, "Disable Customer" uses C (A around B), and "Retrieve Payin"
uses D.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, TypeAlias

from paycombat_async.sandbox.refusals import Refused


@dataclass(frozen=True, slots=True)
class Stamp:
    """The values that an envelope contains in addition to the data: request id, time and status."""

    request_id: str
    time: str
    status: HTTPStatus


# Maps the sandbox's HTTP statuses to those of Finmo, the provider's upstream. Finmo sends 406 for a wrong
# value, state or content type, and 402 for a valid request that cannot be carried out. Its documentation does not list
# 405, 413, 415, 421 and 422.
_UPSTREAM_STATUSES: Final = {405: 404, 409: 406, 413: 400, 415: 406, 421: 404, 422: 402}

Envelope: TypeAlias = Callable[[object, Stamp], dict[str, object]]


def envelope_a(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope A: `{status, message, data}`."""
    return {"status": True, "message": stamp.status.phrase, "data": data}


def envelope_a_saying(message: str) -> Envelope:
    """Returns a function like `envelope_a`. Its envelope has this message in place of the status phrase."""

    def envelope(data: object, _stamp: Stamp) -> dict[str, object]:
        return {"status": True, "message": message, "data": data}

    return envelope


def envelope_b(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope B: `{data, request_id, request_time, status_code, status_text, success}`."""
    return {
        "data": data,
        "request_id": stamp.request_id,
        "request_time": stamp.time,
        "status_code": stamp.status.value,
        "status_text": stamp.status.phrase,
        "success": True,
    }


def envelope_c(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope C, which is A around B. The data is at `data.data`."""
    return envelope_a(envelope_b(data, stamp), stamp)


def envelope_d(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope D: `{message, data}`."""
    return {"message": stamp.status.phrase, "data": data}


def refusal(refused: Refused) -> dict[str, object]:
    """Returns the body of an error response: `{status, message, code}`.

    The provider documents no error response. Therefore the body is like envelope A, with `code` in place of `data`.
    """
    return {"status": False, "message": refused.message, "code": refused.code}


def upstream_refusal(refused: Refused, stamp: Stamp) -> dict[str, object]:
    """Returns the body of an error response in the form of Finmo, the provider's upstream.

    The body is envelope B with an `error` object. The `message` in this object is a str. For an invalid body (400) it
    is a list with one str, because Finmo may list several problems.
    """
    message: object = [refused.message] if refused.status == HTTPStatus.BAD_REQUEST else refused.message
    error = {"code": stamp.status.value, "name": refused.code, "message": message}
    return envelope_b({}, stamp) | {"success": False, "error": error}


def upstream_status(status: int) -> HTTPStatus:
    """Returns the HTTP status that Finmo, the provider's upstream, sends where the sandbox sends `status`."""
    return HTTPStatus(_UPSTREAM_STATUSES.get(status, status))


def iso_time(seconds: float) -> str:
    """Returns a Unix time in the provider's format: ISO 8601 in UTC, with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
