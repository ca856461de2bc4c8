"""The sandbox's own JSON.stringify: stored vectors, a live Node.js, and properties."""

import hashlib
import hmac
import json
import math
import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async.sandbox.stringify import stringify
from tests.processes import run
from tests.sandbox.json_texts import text

NODE = shutil.which("node")
SCRIPT = Path(__file__).parent / "stringify.js"
STORED = json.loads((Path(__file__).parents[1] / "vectors" / "json-vectors.json").read_text(encoding="utf-8"))
VECTORS = [pytest.param(vector, id=f"{vector['category']}-{number}") for number, vector in enumerate(STORED["vectors"])]
LIVE_TEXTS = 12_000

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.from_regex(r"[0-9]{1,11}"), inner),
    max_leaves=12,
)


def stringify_or_none(source: str) -> str | None:
    try:
        return stringify(source)
    except ValueError:
        return None


@pytest.mark.parametrize("vector", VECTORS)
def test_prints_what_node_printed(vector: dict[str, str | None]) -> None:
    """Every stored text becomes what a real Node made of it, or is refused where Node refused it."""
    printed = stringify_or_none(str(vector["input"]))

    assert vector["node"] == printed
    if printed is not None:
        digest = hmac.new(STORED["key"].encode(), printed.encode("utf-8"), hashlib.sha256).hexdigest()
        assert vector["hmac_sha256_hex"] == digest


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
def test_prints_what_node_prints() -> None:
    """Thousands of generated texts, a fair part of them broken, come out as from the Node.js of this machine."""
    rng = Random("stringify")
    texts = [text(rng) for _ in range(LIVE_TEXTS)]
    lines = "\n".join(json.dumps(each) for each in texts)

    answer = run(NODE, SCRIPT, input=lines, check=True)

    expected = [json.loads(line) for line in answer.stdout.split("\n")]
    actual = [stringify_or_none(each) for each in texts]
    differing = [row for row in zip(texts, expected, actual, strict=True) if row[1] != row[2]]
    assert differing[:3] == []
    assert 0.1 < expected.count(None) / LIVE_TEXTS < 0.3


@given(documents)
@settings(max_examples=200)
def test_is_its_own_fixed_point(document: object) -> None:
    """What was printed once is printed the same again."""
    once = stringify(json.dumps(document))

    assert once == stringify(once)


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=300)
def test_numbers_keep_their_value(number: float) -> None:
    """A printed number reads back as the same double."""
    printed = stringify(repr(number))

    assert number == float(printed)
    assert math.copysign(1, float(printed)) == (1 if number == 0 else math.copysign(1, number))


def test_nesting_beyond_pythons_reach_is_refused() -> None:
    """Thousands of open brackets end in the error for texts that are no JSON, not in a crash."""
    with pytest.raises(ValueError, match="nested too deeply"):
        stringify("[" * 100_000 + "]" * 100_000)
