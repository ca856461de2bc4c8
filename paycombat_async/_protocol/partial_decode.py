"""An answer of which one field does not fit: read without it, at half the price of going through all fields.

An answer that drifts does so in each call, and most often in one field.
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
    """The wrapping with this kind of data in it, as a type to decode."""
    wrapping: Any = Wrapped
    return wrapping[kind]


def decode_without_field(kind: Any, body: bytes | Raw, error: msgspec.ValidationError) -> tuple[Any, list[FieldIssue]]:
    """The wrapping without the one field of its data that `error` speaks of, and a note of it; None if more is odd."""
    text, path = explain(error)
    names = path.split(".")[1:]
    if len(names) < 2 or names[0] != "data":
        return None, []
    note = FieldIssue(path, DriftKind.WRONG_TYPE, text)
    is_field = len(names) == 2 and names[1].isidentifier()  # not a place in a list: each would leave a reader behind
    try:
        if is_field and not text.endswith("got `object`"):
            return _skip_field(kind, names[1], body), [note]
        wrapped, odd = _drop_path(kind, names, body)
    except (KeyError, TypeError, AttributeError, *DECODE_ERRORS):
        return None, []
    return wrapped, [] if odd == {} else [note]  # `{}` is the provider's null, also where the record does not show it


def _skip_field(kind: Any, name: str, body: bytes | Raw) -> Any:
    wrapped = _decoder_without(kind, name)(body)
    return msgspec.structs.replace(wrapped, data=kind(**msgspec.structs.asdict(wrapped.data)))


@cache
def _decoder_without(kind: type[Struct], name: str) -> Callable[[bytes | Raw], Any]:
    """Reads a Struct like this one but for one field, which is then as unknown as any that nobody named."""
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
