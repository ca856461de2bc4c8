"""Finds values that a spreadsheet seems to have damaged: valid text, but hardly what the user wants to send."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, cast

# What has happened to a damaged value. The key is the name of the group in the regular expression `_DAMAGED` that
# matches the value.
_WORDS: Final = {
    "number": "a number that a spreadsheet has shortened",
    "formula": "a formula of a spreadsheet instead of its text",
    "error": "an error of a spreadsheet instead of a value",
    "width": "a value that a spreadsheet has replaced because its column was too narrow",
    "lost": "characters that were lost in another encoding",
}
_NO_VALUE: Final = "the word that a program writes where it has no value"
_MISREAD: Final = "characters that were read in another encoding"
# The names of Excel's errors in English, German, French, Spanish, Portuguese, Italian, Dutch and Polish.
_ERRORS: Final = (
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!"),
    *("#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NUL!", "#NOMBRE!"),
    *(
        "#N/D",
        "#¡REF!",
        "#¡VALOR!",
        "#¿NOMBRE?",
        "#¡NULO!",
        "#¡NUM!",
        "#¡DIV/0!",
        "#VALOR!",
        "#NOME?",
        "#NÚM!",
        "#NULO!",
    ),
    *("#RIF!", "#VALORE!", "#NULLO!", "#N/B", "#VERW!", "#WAARDE!", "#NAAM?", "#GETAL!", "#LEEG!", "#DEEL/0!"),
    *("#N/D!", "#ADR!", "#ARG!", "#NAZWA?", "#LICZBA!", "#ZERO!"),
)
# What pandas, SQL and JavaScript write where they have no value. "None" and "Null" are left out, because "None" is an
# English word and "Null" is a family name.
_NULLS: Final = frozenset({"nan", "NaN", "NaT", "<NA>", "NULL", "\\N", "undefined", "[object Object]"})
_DAMAGED: Final = re.compile(
    r"(?P<number>[+-]?\d(?:[.,]\d+)?[eE][+-]\d{1,3})"
    r'|(?P<formula>=".*")'
    rf"|(?P<error>{'|'.join(map(re.escape, _ERRORS))})"
    r"|(?P<width>#{3,})"
    r"|(?P<lost>.*\ufffd.*)",
    re.DOTALL | re.ASCII,
).fullmatch
# A faster first check: every text that `_DAMAGED` matches contains one of these.
_SUSPICIOUS: Final = re.compile(r"#|\ufffd|=\"|[eE][+-]").search
# UTF-8 that was read as Windows-1252 has one of these letters before a second non-ASCII character, such as Ã« for ë.
_MAYBE_MISREAD: Final = re.compile("[\u00c2-\u00f4][^\\x00-\x7f]").search
_FREE: Final = "metadata."  # the merchant chooses the keys of metadata, so a `dob` in it may be no date of birth
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch


def find_damage(data: Mapping[str, object], above: str = "") -> str:
    """Returns the text "column: what happened to the value" for the first damaged value of an update.

    Returns "" if no value seems damaged. A `dob` (date of birth) that is not of the form YYYY-MM-DD counts as damaged,
    because spreadsheets write dates in their own way. `above` is the prefix of the column names, such as `company.`.
    """
    for name, value in data.items():
        if isinstance(value, str):
            if _SUSPICIOUS(value) and (found := _DAMAGED(value)) and found.lastgroup is not None:
                return f"{above}{name}: {_WORDS[found.lastgroup]}"
            if value in _NULLS:
                return f"{above}{name}: {_NO_VALUE}"
            if not value.isascii() and _MAYBE_MISREAD(value) and _is_misread(value):
                return f"{above}{name}: {_MISREAD}"
            if name == "dob" and value and above != _FREE and not _is_date(value):
                return f"{above}{name}: no date like 1990-01-31"
        elif isinstance(value, dict):
            inner = find_damage(cast("Mapping[str, object]", value), f"{above}{name}.")
            if inner:
                return inner
    return ""


def _is_misread(text: str) -> bool:
    """Returns whether the text is UTF-8 that was read as Windows-1252.

    The text is encoded as Windows-1252 again. If the result is valid UTF-8 and not only ASCII, the text was misread,
    because hardly any other text gives valid UTF-8.
    """
    try:
        # Five bytes have no character in Windows-1252. Windows decodes each of them as the control character with the
        # same number, for example the byte 0x81 as U+0081.
        read = b"".join(char.encode("cp1252", "ignore") or char.encode("latin-1") for char in text)
        return not read.decode("utf-8").isascii()
    except UnicodeError:
        return False


def _is_date(text: str) -> bool:
    try:
        return _DATE(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False
