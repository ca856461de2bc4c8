"""What one would use in place of the SDK, as far as it is installed; pydantic models made like the SDK's Structs."""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType

from paycombat_async.schemas._base import EmptyObject

_BLOCK: Final = 64  # of SHA-256, in bytes
EXTRA: Final = "bench"  # the extra of this distribution that brings all peers
_PLAIN: Final[dict[Any, Any]] = {UnsetType: None, EmptyObject: dict[str, object]}


def installed(*names: str) -> list[str]:
    """Those of the named distributions that can be imported."""
    return [name for name in names if find_spec(name) is not None]


def load(name: str) -> ModuleType:
    """A peer's module. Loaded here and not at the top of a file, since it may be missing."""
    return import_module(name)


def left_out(*names: str, extra: str = EXTRA) -> list[str]:
    """A remark for each peer that is not installed; `extra` is the extra of this distribution that brings it."""
    missing = [name for name in names if name not in installed(*names)]
    return [f"{name} is not installed, so its rows are left out: pip install 'paycombat[{extra}]'" for name in missing]


def bare_signer(key: bytes) -> Callable[[bytes], str]:
    """Signs at the least that HMAC can cost with `hashlib`: both padded key blocks hashed once, copied each time."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(body: bytes) -> str:
        first = inner.copy()
        first.update(body)
        second = outer.copy()
        second.update(first.digest())
        return second.hexdigest()

    return sign


@cache
def model_like(kind: type[Struct]) -> Any:
    """A pydantic model with the fields of a Struct, in the same order."""
    fields: dict[str, Any] = {
        field.name: (_translated(field.type), ... if field.required else None)
        for field in msgspec.structs.fields(kind)
        if field.name != "extra"
    }
    return load("pydantic").create_model(kind.__name__, **fields)


def _translated(annotation: Any) -> Any:
    """The annotation as one writes it for pydantic: models for Structs, None for what may be missing."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _translated(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return Union[tuple(_translated(member) for member in get_args(annotation))]  # noqa: UP007  # made from values
    if origin is not None:
        return annotation
    if annotation in _PLAIN or not (isinstance(annotation, type) and issubclass(annotation, Struct)):
        return _PLAIN.get(annotation, annotation)
    return model_like(annotation)
