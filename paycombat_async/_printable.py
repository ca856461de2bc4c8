"""Makes foreign text safe to show in a terminal, a log or a spreadsheet cell."""

import re

# C0, DEL and C1 drive terminals; the bidirectional marks reorder what is read; surrogates cannot be printed at all.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str, limit: int = 300) -> str:
    """The text on one line with every control and direction mark written out as `\\x1b`, clipped to `limit`."""
    clipped = text if len(text) <= limit else text[: limit - 1] + "…"
    return _UNSAFE.sub(_written_out, clipped)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable_json(text: str) -> str:
    """JSON text with control and direction marks written as JSON escapes; line ends stay."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)
