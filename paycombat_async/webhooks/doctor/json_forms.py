"""Prints the tokens of a JSON document (strings, numbers, brackets and so on) in the style of other tools."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import NamedTuple

Rewrite = Callable[[str], str]

# The longest indented document that is printed, in characters. Indentation can make a deeply nested document a thousand
# times as long.
_LONGEST = 1024 * 1024
_OPENING, _CLOSING = frozenset("{["), frozenset("}]")
_BREAKING = _OPENING | _CLOSING | {","}
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s"{}\[\],:]+')
# Longer numbers are not amounts.
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,2})?")
# Exact arithmetic: a number that `_NUMBER` matches has fewer than 200 digits. The context is passed to each operation,
# because the calling program may have changed the current one.
_EXACT = Context(prec=200)
_DECIMAL_TEXT = re.compile(r'"-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?"')
_MONEY = re.compile(r"amount|balance|charge|fee|price|rate|total|value", re.IGNORECASE)
_DOTNET = str.maketrans({mark: f"\\u{ord(mark):04X}" for mark in "&'+<>`\x7f"})
_HTML = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "&<>\u2028\u2029"})
_ESCAPED = re.compile(r"\\u[0-9a-f]{4}")


class Layout(NamedTuple):
    """The marks of a JSON printer for comma and colon, and its indentation. Without `indent`, all is on one line."""

    comma: str = ","
    colon: str = ":"
    indent: str | None = None


COMPACT = Layout()
SPACED = Layout(", ", ": ")  # the layout of Python's json.dumps


def tokens_of(text: str) -> tuple[str, ...]:
    """Returns the tokens (strings, numbers, brackets and so on) of a JSON document, without the space between them."""
    return tuple(_TOKEN.findall(text))


def printed(tokens: Sequence[str], layout: Layout = COMPACT, text: Rewrite = str) -> str | None:
    """Returns the JSON document of these tokens in this layout. The function `text` rewrites each string literal.

    Returns None if the document is indented and would be longer than 1 MiB.
    """
    if layout.indent is None:
        marks = {",": layout.comma, ":": layout.colon}
        return "".join([text(token) if token[0] == '"' else marks.get(token, token) for token in tokens])
    if _length(tokens, len(layout.indent)) > _LONGEST:
        return None
    return "".join(_indented(tokens, layout, text))


def _length(tokens: Sequence[str], width: int) -> int:
    total = depth = 0
    for part in tokens:
        depth += (part in _OPENING) - (part in _CLOSING)
        total += len(part) + 1 + (depth * width if part in _BREAKING else 0)
    return total


def _indented(tokens: Sequence[str], layout: Layout, text: Rewrite) -> Iterator[str]:
    indent = layout.indent or ""
    depth, before = 0, ""
    for part, after in zip(tokens, [*tokens[1:], ""], strict=True):
        if part in _OPENING:
            depth += 1
            yield part if after in _CLOSING else f"{part}\n{indent * depth}"
        elif part in _CLOSING:
            depth -= 1
            yield part if before in _OPENING else f"\n{indent * depth}{part}"
        elif part == ",":
            yield f",\n{indent * depth}"
        else:
            yield layout.colon if part == ":" else text(part) if part[0] == '"' else part
        before = part


def _content(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    content: str = json.loads(literal)
    return content


def as_javascript(literal: str) -> str:
    """Returns a JSON string literal as JSON.stringify and json.dumps(…, ensure_ascii=False) print it."""
    if literal.isascii() and "\\" not in literal:
        return literal
    return encode_basestring(_content(literal)).encode("utf-8", "backslashreplace").decode()


def as_ascii(literal: str) -> str:
    r"""Returns a JSON string literal as json.dumps prints it: with `\u00e9` in place of é."""
    return literal if literal.isascii() and "\\" not in literal else encode_basestring_ascii(_content(literal))


def as_slashes(literal: str) -> str:
    r"""Returns a JSON string literal as PHP's json_encode with JSON_UNESCAPED_UNICODE prints it: `\/` in place of /."""
    return as_javascript(literal).replace("/", "\\/")


def as_php(literal: str) -> str:
    r"""Returns a JSON string literal as PHP's json_encode prints it: `\/` in place of /, and `\u00e9` in place of é."""
    return as_ascii(literal).replace("/", "\\/")


def as_html_safe(literal: str) -> str:
    r"""Returns a JSON string literal as Go and Rails print it: `\u003c` in place of <.

    The characters >, &, U+2028 and U+2029 are escaped in the same way.
    """
    return as_javascript(literal).translate(_HTML)


def as_dotnet(literal: str) -> str:
    r"""Returns a JSON string literal as .NET's System.Text.Json prints it: `\u0022` for a quote, `\u003C` for <."""
    inner = as_ascii(literal)[1:-1].replace('\\"', "\\u0022").translate(_DOTNET)
    return '"' + _ESCAPED.sub(lambda found: "\\u" + found[0][2:].upper(), inner) + '"'


def is_number(token: str) -> bool:
    return _NUMBER.fullmatch(token) is not None


def python_number(token: str) -> str:
    """Returns a number as Python prints it: 10.00 becomes 10.0, and 0.0000001 becomes 1e-07."""
    return repr(float(token)) if not token.lstrip("-").isdecimal() else token


def _places(places: int) -> Rewrite:
    """Returns a function that prints a number with `places` decimals. With 2 decimals, 10 becomes 10.00.

    A number that would have to be rounded is returned unchanged.
    """

    def rewrite(token: str) -> str:
        number = Decimal(token)
        fixed = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
        return f"{fixed:f}" if fixed == number else token

    return rewrite


def without_exponent(token: str) -> str:
    """Returns the number in plain digits, without trailing zeros: 1e3 becomes 1000, and 10.00 becomes 10."""
    plain = f"{Decimal(token):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def quoted(token: str) -> str:
    """Returns a number as a JSON string: 10 becomes "10", with the quotes."""
    return f'"{token}"'


NUMBER_FORMS: tuple[Rewrite, ...] = (python_number, _places(2), _places(1), without_exponent, quoted)


def numbers_rewritten(tokens: Sequence[str], most: int) -> Iterator[list[str]]:
    """Yields copies of the tokens in which some numbers are written in a different form, such as 10.0 for 10.

    For each form, first all numbers are rewritten, then only the amounts, then each of the first `most` numbers alone.
    Amounts are the numbers in members with names such as "amount", "fee" or "price". At the end, the same is done with
    strings that contain a decimal number: they are rewritten as numbers without quotes.
    """
    places = [index for index, token in enumerate(tokens) if is_number(token)]
    texts = [index for index, token in enumerate(tokens) if _DECIMAL_TEXT.fullmatch(token)]
    for found, forms in ((places, NUMBER_FORMS), (texts, (_unquoted,))):
        money = [index for index in found if index > 1 and _MONEY.search(tokens[index - 2])]
        groups = [found, money, *([index] for index in found[:most])]
        for form in forms:
            rewritten = {index: form(tokens[index]) for index in found}
            for group in groups:
                if any(rewritten[index] != tokens[index] for index in group):
                    yield _replaced(tokens, rewritten, group)


def _unquoted(token: str) -> str:
    return token[1:-1]


def _replaced(tokens: Sequence[str], rewritten: dict[int, str], group: Sequence[int]) -> list[str]:
    changed = list(tokens)
    for index in group:
        changed[index] = rewritten[index]
    return changed
