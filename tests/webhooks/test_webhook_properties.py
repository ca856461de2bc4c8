"""What holds for every webhook: hypothesis on the properties, and ten thousand seeded ones of the worst kinds."""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paycombat_async._json.stringify import stringify
from paycombat_async.errors import InvalidPayload, SignatureMismatch, WebhookError
from paycombat_async.webhooks import Webhooks
from tests.json_cases import json_objects
from tests.sandbox.json_texts import text
from tests.webhooks.bodies import KEY, PAYIN, PAYOUT, VIRTUAL_ACCOUNT, signature, signed, written

RECEIVER = Webhooks(["snd_the-key-before", KEY])
BODY = written(PAYIN)
FUZZED = 10_000

Mutation = Callable[[bytes, Random], bytes]


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
@settings(max_examples=500)
def test_a_changed_byte_never_verifies(at: int, change: int) -> None:
    """Wherever it stands: this body is as JavaScript prints it, so no other one is printed like it."""
    changed = BODY[:at] + bytes([BODY[at] ^ change]) + BODY[at + 1 :]

    with pytest.raises(SignatureMismatch):
        RECEIVER.unwrap(changed, signed(BODY))


@given(st.integers(0, 255))
def test_a_changed_bit_of_the_signature_never_verifies(bit: int) -> None:
    """Each of the 256 counts."""
    headers = {"X-Signature": f"{int(signature(BODY), 16) ^ 1 << bit:064x}"}

    with pytest.raises(SignatureMismatch):
        RECEIVER.unwrap(BODY, headers)


@given(json_objects, st.sampled_from([None, 1]), st.booleans())
@settings(max_examples=100)
def test_what_is_read_is_what_was_signed(document: dict[str, object], indent: int | None, is_ascii: bool) -> None:
    """A body printed in another way on the road is read as the one that was signed."""
    printed = stringify(written(document))
    body = json.dumps(document, indent=indent, ensure_ascii=is_ascii).encode()

    assert printed == RECEIVER.verify(body, signed(printed))
    assert body == RECEIVER.verify(body, signed(body))


@pytest.mark.promise("P11")
@given(
    st.binary(max_size=100),
    st.dictionaries(st.sampled_from(["X-Signature", "signature", "Host"]) | st.text(), st.text()),
)
@settings(max_examples=300)
def test_strangers_get_nothing_but_a_mismatch(body: bytes, headers: dict[str, str]) -> None:
    """Without the key there is no way to any other answer."""
    with pytest.raises(SignatureMismatch):
        RECEIVER.unwrap(body, headers)


def bytes_changed(body: bytes, rng: Random) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.randrange(1, 4)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(body: bytes, rng: Random) -> bytes:
    return body[: rng.randrange(len(body))]


def in_another_encoding(body: bytes, rng: Random) -> bytes:
    encoding = rng.choice(("utf-8-sig", "utf-16", "utf-32", "utf-16-be", "cp949", "latin-1"))
    return body.decode("utf-8", "replace").encode(encoding, "replace")


def with_keys_again(body: bytes, rng: Random) -> bytes:
    name = rng.choice(list(PAYIN)).encode()
    value = rng.choice((b'"SUCCESS"', b"1e400", b"9007199254740993", b"{}", b'"\\ud800"', b"null", b"-0"))
    return rng.choice((b'{"%b":%b,', b'{ "\\u0069d" : "x", "%b" : %b ,')) % (name, value) + body[1:]


def nested(body: bytes, rng: Random) -> bytes:
    levels = rng.choice((1, 30, 300, 3000))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    inner = opening * levels + closing * levels if opening == b"[" else opening * levels + b"1" + closing * levels
    return rng.choice((inner, b'{"x":' + inner + b"," + body[1:]))


def enlarged(body: bytes, rng: Random) -> bytes:
    filler = rng.choice((b" ", b"\n", b"\0", b"9", b"\xff"))
    return rng.choice((b'{"note":"', b"", b"[")) + filler * rng.choice((100, 5_000, 262_144)) + body


def odd_values(body: bytes, rng: Random) -> bytes:
    data: dict[str, Any] = json.loads(body)
    for name in rng.sample([*data, "approval"], 3):
        data[name] = rng.choice((None, {}, [], "", 0, -1.5, True, "FAILED", "NaN", "x" * 300, 10**30, "\udc00"))
    return json.dumps(data).encode()


def another_text(_body: bytes, rng: Random) -> bytes:
    return text(rng).encode()


def printed_otherwise(body: bytes, _rng: Random) -> bytes:
    return json.dumps(json.loads(body), indent=1).encode()


def as_it_is(body: bytes, _rng: Random) -> bytes:
    return body


MUTATIONS: tuple[Mutation, ...] = (
    *(bytes_changed, cut, in_another_encoding, with_keys_again, nested, enlarged),
    *(odd_values, another_text, printed_otherwise, as_it_is),
)


def signatures(original: bytes, body: bytes, rng: Random) -> list[str]:
    """Of the body as it is now, of what it was, of what it would be printed as, or of nothing at all."""
    makers = (
        lambda: [signature(body)],
        lambda: [signature(body).upper()],
        lambda: [f" {signature(original)}"],
        lambda: [signature(reprint_or_same(body))],
        lambda: [signature(body, "another key")],
        lambda: [signature(body), signature(original, "another key")],
        list,
        lambda: ["".join(rng.choices("0123456789abcdefABCDEFg \né\ud800\0,=", k=rng.choice((0, 1, 63, 64, 65, 9000))))],
    )
    return rng.choice(makers)()


def reprint_or_same(body: bytes) -> bytes:
    try:
        return stringify(body)
    except ValueError:
        return body


def fuzzed(rng: Random) -> tuple[bytes, dict[str, str]]:
    original = written(rng.choice((PAYIN, PAYOUT, VIRTUAL_ACCOUNT)))
    body = rng.choice(MUTATIONS)(original, rng)
    names = rng.sample(("X-Signature", "signature", "x-signature", "SIGNATURE", "X-SIGNATURE "), 5)
    others = {"Host": "shop.example", "Content-Type": "application/json", "Signature-Input": "x"}
    return body, others | dict(zip(names, signatures(original, body, rng), strict=False))


@pytest.mark.promise("P11")
def test_ten_thousand_fuzzed_webhooks_end_in_a_verified_event_or_the_one_error() -> None:
    """Bytes, headers, encodings, depth, size and keys that come twice; an event is always made of what was signed."""
    rng = Random("hostile")
    ends: Counter[str] = Counter()

    for _ in range(FUZZED):
        body, headers = fuzzed(rng)
        try:
            event = RECEIVER.unwrap(body, headers)
        except WebhookError as error:
            ends[type(error).__name__] += 1
            continue
        given_signatures = {value.strip().lower() for value in headers.values()}
        assert event.payload in {body, reprint_or_same(body)}
        assert signature(event.payload) in given_signatures
        ends[type(event).__name__] += 1
        ends["printed again"] += event.payload != body

    assert FUZZED == ends.total() - ends["printed again"]
    events = {"PayinSucceeded", "PayoutSucceeded", "VirtualAccountRegistered", "UnknownEvent", "printed again"}
    rare = {name for name in (*events, InvalidPayload.__name__, SignatureMismatch.__name__) if ends[name] < 100}
    assert rare == set(), ends
