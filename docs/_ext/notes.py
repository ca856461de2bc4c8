"""What `fields.toml` says of the fields of Structs, and what the code says of the members of enums.

`fields.toml` has a table for each class: the text of each field, or `[evidence, text]`. `_sure` is the evidence of all
fields without one. A text in the table `shared` is that of every field of this name which has none of its own.
"""

import enum
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT, Struct

from docs._ext.public import documented_as, modules, real_name
from docs._ext.type_text import type_text

NOTES: Final = Path(__file__).parents[1] / "fields.toml"
EVIDENCE: Final = ("documented", "observed", "inferred")
_MEMBER: Final = re.compile(
    r"^    ([A-Z][A-Z_0-9]*) = (?:\(\n +)?[^#\n]*?(?:  # (?!noqa)(.*)|  # noqa.*)?$", re.MULTILINE
)


@dataclass(frozen=True)
class Field:
    """A row of a table. `evidence` is one of `EVIDENCE`; None for classes of the SDK's own."""

    name: str
    type: str
    is_required: bool
    text: str | None
    evidence: str | None


@cache
def notes() -> Mapping[str, Mapping[str, Any]]:
    """The content of `fields.toml`."""
    return tomllib.loads(NOTES.read_text(encoding="utf-8"))


@cache
def classes() -> Mapping[str, type]:
    """The public classes with fields: Structs and dataclasses, by the name under which they are documented."""
    found = {}
    for module in modules().values():
        for name in module.__all__:
            value = getattr(module, name)
            real = real_name(value)
            if inspect.isclass(value) and real and (issubclass(value, Struct) or is_dataclass(value)):
                found[documented_as()[real]] = value
    return found


def is_of_the_provider(kind: type) -> bool:
    """Whether a class is a request or an answer, so that its fields need evidence."""
    return kind.__module__.startswith("paycombat_async.schemas.") and not kind.__module__.endswith(
        (".events", ".envelope")
    )


def rows(kind: type) -> Iterator[Field]:
    """The rows for a class, in the order of its fields; `extra` is the last, as in a body."""
    own, shared = notes().get(kind.__name__, {}), notes()["shared"]
    for name, annotation, is_required in sorted(_fields(kind), key=lambda field: field[0] == "extra"):
        note = own.get(name)
        evidence, text = note if isinstance(note, list) else (own.get("_sure"), note)
        yield Field(name, type_text(annotation), is_required, text or shared.get(name), evidence)


def _fields(kind: type) -> Iterator[tuple[str, Any, bool]]:
    if issubclass(kind, Struct):
        for field in msgspec.structs.fields(kind):
            yield field.name, field.type, field.default is NODEFAULT and field.default_factory is NODEFAULT
    else:
        for one in fields(kind):  # type: ignore[arg-type]  # a dataclass
            if not one.name.startswith("_"):
                yield one.name, one.type, one.default is MISSING and one.default_factory is MISSING


def comments(kind: type[enum.Enum]) -> dict[str, str]:
    """The comment beside each member of an enum, as a sentence; "" for none."""
    source = inspect.getsource(kind)
    return {name: text[:1].upper() + text[1:] for name, text in _MEMBER.findall(source)}
