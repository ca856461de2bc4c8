"""The client's own JSON.stringify(JSON.parse(text)): vectors made by Node.js, and properties."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async._json.canonical import canonical_json
from paycombat_async._json.javascript import js_number
from paycombat_async._json.stringify import stringify
from tests.json_cases import json_documents, json_objects, vectors

VECTORS = vectors("json-vectors.json")["vectors"]


def reprinted(text: str) -> str | None:
    try:
        return stringify(text.encode("utf-8", "surrogatepass")).decode()
    except ValueError:
        return None


@pytest.mark.parametrize("row", VECTORS, ids=[f"{row['category']}-{at}" for at, row in enumerate(VECTORS)])
def test_prints_what_node_printed(row: dict[str, str | None]) -> None:
    """Each stored text becomes what Node made of it, or is refused where Node refused it."""
    assert row["node"] == reprinted(str(row["input"]))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", b"{}\0", b"NaN", b"[Infinity]", b"-Infinity"),
        *(b'"\n"', b"[1,]", b"{,}", b"01", b"+1", b"1.", b".5", b"1e", b"'a'", b"\xc2\xa0{}", b"[" * 100_000),
        *("{}".encode("utf-16-le"), b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "\u0661".encode()),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_is_refused_without_its_text(body: bytes) -> None:
    """The error of a parser holds the whole body; ours holds nothing of it."""
    with pytest.raises(ValueError, match="no JSON in UTF-8") as raised:
        stringify(body)

    assert raised.value.__context__ is None
    assert type(raised.value) is ValueError


@given(json_documents)
@settings(max_examples=80)
def test_is_its_own_fixed_point(document: object) -> None:
    """However a document was written, what was printed once is printed the same again."""
    once = stringify(json.dumps(document, indent=1).encode())

    assert once == stringify(once)


@pytest.mark.promise("P2")
@given(json_objects)
@settings(max_examples=80)
def test_agrees_with_what_the_client_signs(document: dict[str, object]) -> None:
    """The bodies of our own requests come back unchanged."""
    body = canonical_json(document)

    assert body == stringify(body)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-8, 23).map(lambda power: 1.5 * 10.0**power))
@settings(max_examples=400)
def test_numbers_are_printed_as_by_the_signing_side(number: float) -> None:
    """Two ways of printing a double, written apart, that agree; the other one is held against Node, too."""
    printed = stringify(repr(number).encode()).decode()

    assert js_number(number) == printed
    assert math.isclose(number, float(printed), rel_tol=0, abs_tol=0)


@given(st.binary(max_size=60) | st.text('[]{}":,\\u0d8e1.+- ntfalse').map(str.encode))
@settings(max_examples=400)
def test_any_bytes_end_in_json_or_in_the_one_error(body: bytes) -> None:
    """Bodies from unknown senders raise nothing but `ValueError`."""
    try:
        printed = stringify(body)
    except ValueError:
        return
    assert json.loads(printed) == json.loads(body)
