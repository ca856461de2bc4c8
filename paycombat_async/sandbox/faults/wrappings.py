"""The right data in a wrong envelope: each of the four that are on record, or none at all. Or data without a name."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.envelopes import Envelope, Stamp, envelope_a, envelope_b, envelope_c, envelope_d, iso_time
from paycombat_async.sandbox.faults.response import Change, Context, PlainResponse

_RING: Final[Mapping[Envelope, Envelope]] = {
    envelope_a: envelope_b,
    envelope_b: envelope_c,
    envelope_c: envelope_d,
    envelope_d: envelope_a,
}
_IDENTITIES: Final = frozenset({"id", "customer_id"})
ENVELOPE_A, ENVELOPE_B, ENVELOPE_C, ENVELOPE_D = _RING


class _Opened(NamedTuple):
    envelope: Envelope
    data: object


def wrapped(envelope: Envelope) -> Change:
    """In this envelope, whichever it was in."""

    def change(response: PlainResponse, context: Context) -> PlainResponse:
        opened = _opened(response.document)
        return response if opened is None else _in(envelope, opened.data, response, context)

    return change


def wrongly_wrapped(response: PlainResponse, context: Context) -> PlainResponse:
    """In the envelope after its own, the first after the last."""
    opened = _opened(response.document)
    return response if opened is None else _in(_RING[opened.envelope], opened.data, response, context)


def unwrapped(response: PlainResponse, _scene: Context) -> PlainResponse:
    """The data alone."""
    opened = _opened(response.document)
    return response if opened is None else response.with_document(opened.data)


def without_identity(response: PlainResponse, context: Context) -> PlainResponse:
    """A success about something that has no id, nor any other field that is known. What had no id stays."""
    opened = _opened(response.document)
    if opened is None or not _has_identity(opened.data):
        return response
    envelope = ENVELOPE_A if opened.envelope is ENVELOPE_D else opened.envelope  # D does not say that it is a success
    return _in(envelope, {"unheard_of": "by anybody"}, response, context)


def without_verdict(response: PlainResponse, context: Context) -> PlainResponse:
    """The fields without the ids, in the envelope that does not say whether it is a success."""
    opened = _opened(response.document)
    if opened is None:
        return response
    data: Any = opened.data
    if isinstance(data, dict):
        data = {name: data[name] for name in data if name not in _IDENTITIES}  # pyright: ignore[reportUnknownVariableType]
    return _in(ENVELOPE_D, data, response, context)


def _has_identity(data: object) -> bool:
    return isinstance(data, dict) and not _IDENTITIES.isdisjoint(data)  # pyright: ignore[reportUnknownArgumentType]


def _in(envelope: Envelope, data: object, response: PlainResponse, context: Context) -> PlainResponse:
    stamp = Stamp(content_digest(response.body)[:32], iso_time(context.now), HTTPStatus(response.status))
    return response.with_document(envelope(data, stamp))


# Any: a JSON document.
def _opened(outer: Any) -> _Opened | None:
    """The envelope and what is in it; None for an answer without data, such as a refusal."""
    if not isinstance(outer, dict) or "data" not in outer:
        return None
    data: Any = outer["data"]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if "success" in outer:
        return _Opened(ENVELOPE_B, data)
    if "status" not in outer:
        return _Opened(ENVELOPE_D, data)
    if isinstance(data, dict) and {"success", "data"} <= data.keys():
        return _Opened(ENVELOPE_C, data["data"])
    return _Opened(ENVELOPE_A, data)
