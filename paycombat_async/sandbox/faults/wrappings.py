"""Faults that replace or remove the envelope (the JSON object around the data), or remove the id from the data."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.envelopes import Envelope, Stamp, envelope_a, envelope_b, envelope_c, envelope_d, iso_time
from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

_NEXT_ENVELOPE: Final[Mapping[Envelope, Envelope]] = {
    envelope_a: envelope_b,
    envelope_b: envelope_c,
    envelope_c: envelope_d,
    envelope_d: envelope_a,
}
_IDENTITIES: Final = frozenset({"id", "customer_id"})
ENVELOPE_A, ENVELOPE_B, ENVELOPE_C, ENVELOPE_D = _NEXT_ENVELOPE


class _Unwrapped(NamedTuple):
    envelope: Envelope
    data: object


def wrapped(envelope: Envelope) -> Change:
    """Returns a function that puts the data of a response into the given envelope, the JSON object around the data.

    A response without data stays unchanged.
    """

    def change(response: PlainResponse, context: Context) -> PlainResponse:
        unwrapped_body = _unwrap(response.document)
        return response if unwrapped_body is None else _in(envelope, unwrapped_body.data, response, context)

    return change


def wrongly_wrapped(response: PlainResponse, context: Context) -> PlainResponse:
    """Returns the response with its data in the wrong envelope, the JSON object around the data.

    Envelope A becomes B, B becomes C, C becomes D, and D becomes A. A response without data stays unchanged.
    """
    unwrapped_body = _unwrap(response.document)
    return (
        response
        if unwrapped_body is None
        else _in(_NEXT_ENVELOPE[unwrapped_body.envelope], unwrapped_body.data, response, context)
    )


def unwrapped(response: PlainResponse, _context: Context) -> PlainResponse:
    """Returns the response with only its data as the body, without the envelope around it.

    A response without data stays unchanged.
    """
    unwrapped_body = _unwrap(response.document)
    return response if unwrapped_body is None else response.with_document(unwrapped_body.data)


def without_identity(response: PlainResponse, context: Context) -> PlainResponse:
    """Returns a successful response without the object's id: one unknown field replaces all fields of its data.

    A response whose data has no id stays unchanged.
    """
    unwrapped_body = _unwrap(response.document)
    if unwrapped_body is None or not _has_identity(unwrapped_body.data):
        return response
    # A response in envelope D is put into envelope A, because D has no field that says that the call succeeded.
    envelope = ENVELOPE_A if unwrapped_body.envelope is ENVELOPE_D else unwrapped_body.envelope
    return _in(envelope, {"unheard_of": "by anybody"}, response, context)


def without_verdict(response: PlainResponse, context: Context) -> PlainResponse:
    """Returns the response with its data in envelope D, `{message, data}`, and without the ids in the data.

    Envelope D does not say whether the call succeeded. A response without data stays unchanged.
    """
    unwrapped_body = _unwrap(response.document)
    if unwrapped_body is None:
        return response
    data: Any = unwrapped_body.data
    if isinstance(data, dict):
        data = {name: data[name] for name in data if name not in _IDENTITIES}  # pyright: ignore[reportUnknownVariableType]
    return _in(ENVELOPE_D, data, response, context)


def _has_identity(data: object) -> bool:
    return isinstance(data, dict) and not _IDENTITIES.isdisjoint(data)  # pyright: ignore[reportUnknownArgumentType]


def _in(envelope: Envelope, data: object, response: PlainResponse, context: Context) -> PlainResponse:
    stamp = Stamp(content_digest(response.body)[:32], iso_time(context.now), HTTPStatus(response.status))
    return response.with_document(envelope(data, stamp))


# Any: the data and the results are any decoded JSON.
def _unwrap(outer: Any) -> _Unwrapped | None:
    """Returns the data in a response, and a function that puts other data into the same kind of envelope.

    Returns None if the response has no data.
    """
    if not isinstance(outer, dict) or "data" not in outer:
        return None
    data: Any = outer["data"]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if "success" in outer:
        return _Unwrapped(ENVELOPE_B, data)
    if "status" not in outer:
        return _Unwrapped(ENVELOPE_D, data)
    if isinstance(data, dict) and {"success", "data"} <= data.keys():
        return _Unwrapped(ENVELOPE_C, data["data"])
    return _Unwrapped(ENVELOPE_A, data)
