"""Finds the known name that a user probably meant by an unknown name."""

import re
from collections.abc import Sequence
from typing import Final

_GAPS: Final = re.compile(r"[\s\-]+")
_CAPITALS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def did_you_mean(name: str, known: Sequence[str], families: Sequence[str] = ()) -> str:
    """Returns the known name most similar to `name`, or "" if none is similar.

    Case, spaces and hyphens do not matter: `CUSTOMER_ID` and `Customer Id` mean `customer_id`. `families` are the
    beginnings of names that may have any ending, such as `metadata.`.
    """
    plain = _GAPS.sub("_", _CAPITALS.sub("_", name.strip())).lower()
    lower = _GAPS.sub("_", name.strip()).lower()
    for written in (lower, plain):
        if written in known and written != name:
            return written
        for family in families:
            if written.startswith(family) and written != family and not name.startswith(family):
                return family + name.strip()[len(family) :]
    import difflib  # noqa: PLC0415  # importing it takes 4 ms, and few files have unknown columns

    return next(iter(difflib.get_close_matches(lower, [*known, *(f"{family}…" for family in families)], n=1)), "")
