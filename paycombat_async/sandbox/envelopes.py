"""The four documented response envelopes, A to D. An envelope is the JSON object around the data of a response.

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
    """The values in a response's envelope besides the data: request id, time and status."""

    request_id: str
    time: str
    status: HTTPStatus


# Maps HTTP statuses of the sandbox to those of Finmo, the payment company behind the provider's API. Finmo sends 406
# for a wrong value, state or content type, and 402 for a valid request that cannot be carried out. Finmo's
# documentation does not list 405, 413, 415, 421 and 422.
_UPSTREAM_STATUSES: Final = {405: 404, 409: 406, 413: 400, 415: 406, 421: 404, 422: 402}

Envelope: TypeAlias = Callable[[object, Stamp], dict[str, object]]


def envelope_a(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope A, the JSON object `{status, message, data}`, around the data of a response."""
    return {"status": True, "message": stamp.status.phrase, "data": data}


def envelope_a_saying(message: str) -> Envelope:
    """Returns a function that puts data into envelope A (`{status, message, data}`) with this message.

    Without it, the message is the phrase of the HTTP status, such as "OK".
    """

    def envelope(data: object, _stamp: Stamp) -> dict[str, object]:
        return {"status": True, "message": message, "data": data}

    return envelope


def envelope_b(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope B around the data: `{data, request_id, request_time, status_code, status_text, success}`."""
    return {
        "data": data,
        "request_id": stamp.request_id,
        "request_time": stamp.time,
        "status_code": stamp.status.value,
        "status_text": stamp.status.phrase,
        "success": True,
    }


def envelope_c(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope C around the data of a response.

    C is envelope A around envelope B; the data is at `data.data`.
    """
    return envelope_a(envelope_b(data, stamp), stamp)


def envelope_d(data: object, stamp: Stamp) -> dict[str, object]:
    """Returns envelope D, the JSON object `{message, data}`, around the data of a response."""
    return {"message": stamp.status.phrase, "data": data}


def refusal(refused: Refused) -> dict[str, object]:
    """Returns the JSON body of an error response: `{status, message, code}`.

    The provider documents no error response. Therefore the body is like that of a success, with `code` in place of
    `data`.
    """
    return {"status": False, "message": refused.message, "code": refused.code}


def upstream_refusal(refused: Refused, stamp: Stamp) -> dict[str, object]:
    """Returns the body of an error response in the form of Finmo, the payment company behind the provider's API.

    The body contains an `error` object with a `message`. The message is a str. Only for an invalid body (HTTP 400) it
    is a list with one str, because Finmo may list several problems.
    """
    message: object = [refused.message] if refused.status == HTTPStatus.BAD_REQUEST else refused.message
    error = {"code": stamp.status.value, "name": refused.code, "message": message}
    return envelope_b({}, stamp) | {"success": False, "error": error}


def upstream_status(status: int) -> HTTPStatus:
    """Returns the HTTP status that Finmo, the payment company behind the provider's API, sends in place of `status`."""
    return HTTPStatus(_UPSTREAM_STATUSES.get(status, status))


def iso_time(seconds: float) -> str:
    """Returns a Unix time as the provider writes it: in ISO 8601, in UTC, with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
