"""The right data in a wrong envelope: each of the four that are on record, or none at all. Or data without a name."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.envelopes import Envelope, Stamp, envelope_a, envelope_b, envelope_c, envelope_d, iso_time
from paycombat_async.sandbox.faults.response import Change, Plain, Scene

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

    def change(plain: Plain, scene: Scene) -> Plain:
        opened = _opened(plain.document)
        return plain if opened is None else _in(envelope, opened.data, plain, scene)

    return change


def wrongly_wrapped(plain: Plain, scene: Scene) -> Plain:
    """In the envelope after its own, the first after the last."""
    opened = _opened(plain.document)
    return plain if opened is None else _in(_RING[opened.envelope], opened.data, plain, scene)


def unwrapped(plain: Plain, _scene: Scene) -> Plain:
    """The data alone."""
    opened = _opened(plain.document)
    return plain if opened is None else plain.with_document(opened.data)


def without_identity(plain: Plain, scene: Scene) -> Plain:
    """A success about something that has no id, nor any other field that is known. What had no id stays."""
    opened = _opened(plain.document)
    if opened is None or not _has_identity(opened.data):
        return plain
    envelope = ENVELOPE_A if opened.envelope is ENVELOPE_D else opened.envelope  # D does not say that it is a success
    return _in(envelope, {"unheard_of": "by anybody"}, plain, scene)


def without_verdict(plain: Plain, scene: Scene) -> Plain:
    """The fields without the ids, in the envelope that does not say whether it is a success."""
    opened = _opened(plain.document)
    if opened is None:
        return plain
    data: Any = opened.data
    if isinstance(data, dict):
        data = {name: data[name] for name in data if name not in _IDENTITIES}  # pyright: ignore[reportUnknownVariableType]
    return _in(ENVELOPE_D, data, plain, scene)


def _has_identity(data: object) -> bool:
    return isinstance(data, dict) and not _IDENTITIES.isdisjoint(data)  # pyright: ignore[reportUnknownArgumentType]


def _in(envelope: Envelope, data: object, plain: Plain, scene: Scene) -> Plain:
    stamp = Stamp(content_digest(plain.body)[:32], iso_time(scene.now), HTTPStatus(plain.status))
    return plain.with_document(envelope(data, stamp))


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
