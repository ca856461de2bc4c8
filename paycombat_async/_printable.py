"""Makes strings from outside safe to show in a terminal, a log or a spreadsheet cell."""

import re

# Control characters (C0, DEL, C1) can control a terminal. Bidirectional marks change the order in which text is shown.
# Lone surrogates cannot be encoded in UTF-8.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str, limit: int = 300) -> str:
    """Returns `text` clipped to `limit` characters, on one line, with control characters as escapes such as `\\x1b`."""
    clipped = text if len(text) <= limit else text[: limit - 1] + "…"
    return _UNSAFE.sub(_written_out, clipped)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable_json(text: str) -> str:
    """Returns the JSON document with control characters and bidirectional marks as JSON escapes, except line feeds."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)
