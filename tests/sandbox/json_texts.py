"""Seeded random JSON texts as a careless or hostile client might write them: most are valid, few are canonical."""

from random import Random

_PIECES = (
    *("a", "한국", "é", "😀", "'", "/", "\u2028", "\u2029", "\x7f", "\x80", "\ufeff", "\uffff", "{", ",", ":", " "),
    *('\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u001F", "\\u0041", "\\u00e9", "\\u2028"),
    *("\\ud83d\\ude00", "\\uD83D\\uDE00", "\\ud800", "\\uDFFF", "\\udc00\\ud800", "\\ud83d\\u0041", "\\ud83dx"),
)
_KEYS = (
    *("0", "1", "2", "10", "007", "01", "-1", "1.5", "1e3", "4294967294", "4294967295", "4294967296", "99999999999"),
    *("", "a", "b", "constructor", "__proto__", "toString", "length", "한", "\\u0031", "\\u0061", "²", "\u0661"),
)
_NUMBERS = (
    *("0", "-0", "-0.0", "1", "10.00", "1e2", "1E+2", "1e-5", "1e-6", "1e-7", "1.5e-6", "0.1", "0.30000000000000004"),
    *("1e20", "1e21", "123456789012345680000", "999999999999999", "9999999999999999", "9007199254740993", "1e400"),
    *("-1e400", "5e-324", "2e-324", "1.7976931348623157e308", "1.7976931348623159e308"),
    *("1" * 400, "0." + "0" * 330 + "1"),
)
_SPACE = ("", "", "", " ", "\n", "\t\r\n ")
_DAMAGE = ("", ",", "}", "]", '"', "\\", "NaN", "Infinity", "+", ".", "01", "\x00", "\u00a0", "//", "'", "e", "\ufeff")


def text(rng: Random) -> str:
    """A JSON text; one in four has a scar, most of which no parser takes."""
    whole = _space(rng) + _value(rng, 4) + _space(rng)
    if rng.random() < 0.75:
        return whole
    cut = rng.randrange(len(whole) + 1)
    return whole[:cut] + rng.choice(_DAMAGE) + whole[cut + rng.randrange(3) :]


def _value(rng: Random, depth: int) -> str:
    makers = (_text, _number, _word) if depth == 0 else (_text, _number, _word, _array, _object, _object)
    return rng.choice(makers)(rng, depth)


def _text(rng: Random, _depth: int) -> str:
    return '"' + "".join(rng.choices(_PIECES, k=rng.randrange(5))) + '"'


def _number(rng: Random, _depth: int) -> str:
    kinds = (
        lambda: rng.choice(_NUMBERS),
        lambda: repr(rng.uniform(-1, 1) * 10.0 ** rng.randint(-30, 30)),
        lambda: str(rng.randint(-(10**17), 10**17)),
        lambda: f"{rng.randint(-999, 999)}.{rng.randint(0, 99999):05d}E{rng.randint(-25, 25):+d}",
    )
    return rng.choice(kinds)()


def _word(rng: Random, _depth: int) -> str:
    return rng.choice(("true", "false", "null"))


def _array(rng: Random, depth: int) -> str:
    items = (_space(rng) + _value(rng, depth - 1) + _space(rng) for _ in range(rng.randrange(4)))
    return "[" + ",".join(items) + _space(rng) + "]"


def _object(rng: Random, depth: int) -> str:
    members = (
        f'{_space(rng)}"{rng.choice(_KEYS)}"{_space(rng)}:{_space(rng)}{_value(rng, depth - 1)}'
        for _ in range(rng.randrange(6))
    )
    return "{" + ",".join(members) + _space(rng) + "}"


def _space(rng: Random) -> str:
    return rng.choice(_SPACE)
