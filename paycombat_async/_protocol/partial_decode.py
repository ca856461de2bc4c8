"""Decodes an answer in which one field does not fit its type, and leaves out that field.

Leaving out one field takes half the time of decoding field by field. The time matters: if the provider changes the type
of one field, every answer of the endpoint has a field that does not fit.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from paycombat_async._json.decoding import DECODE_ERRORS, decoder
from paycombat_async._protocol.drift import DriftKind, FieldIssue
from paycombat_async.schemas._base import explain
from paycombat_async.schemas.envelope import Wrapped


def wrapped_in(kind: Any) -> Any:
    """Returns the type `Wrapped[kind]`, which is the envelope of a successful answer with data of type `kind`."""
    wrapping: Any = Wrapped
    return wrapping[kind]


def decode_without_field(kind: Any, body: bytes | Raw, error: msgspec.ValidationError) -> tuple[Any, list[FieldIssue]]:
    """Returns the envelope without the field that `error` names, and a list of one `FieldIssue` about that field.

    The envelope is the JSON object around the data. The list is empty if the value of the field is `{}`, which the
    provider sends in place of null. Returns None and an empty list if another field does not fit its type either.
    """
    text, path = explain(error)
    names = path.split(".")[1:]
    if len(names) < 2 or names[0] != "data":
        return None, []
    note = FieldIssue(path, DriftKind.WRONG_TYPE, text)
    # A faulty element of a list is removed from the decoded JSON. A decoder that skips it would be needed for each
    # index, and would stay in the cache.
    is_field = len(names) == 2 and names[1].isidentifier()
    try:
        if is_field and not text.endswith("got `object`"):
            return _skip_field(kind, names[1], body), [note]
        wrapped, odd = _drop_path(kind, names, body)
    except (KeyError, TypeError, AttributeError, *DECODE_ERRORS):
        return None, []
    # The provider sends `{}` in place of null, so `{}` is no difference from the schema.
    return wrapped, [] if odd == {} else [note]


def _skip_field(kind: Any, name: str, body: bytes | Raw) -> Any:
    wrapped = _decoder_without(kind, name)(body)
    return msgspec.structs.replace(wrapped, data=kind(**msgspec.structs.asdict(wrapped.data)))


@cache
def _decoder_without(kind: type[Struct], name: str) -> Callable[[bytes | Raw], Any]:
    """Returns a decoder of this type that ignores the field `name`, as it ignores unknown fields."""
    kept = [field for field in msgspec.structs.fields(kind) if field.encode_name != name]
    like = msgspec.defstruct(kind.__name__, [(field.name, field.type, field.default) for field in kept], kw_only=True)
    return decoder(wrapped_in(like)).decode


def _drop_path(kind: Any, names: list[str], body: bytes | Raw) -> tuple[Any, object]:
    tree: Any = decoder(object).decode(body)
    holder: Any = tree
    for name in names[:-1]:
        holder = holder[name]
    odd = holder.pop(names[-1])
    return msgspec.convert(tree, wrapped_in(kind)), odd
