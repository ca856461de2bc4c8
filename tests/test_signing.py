"""Signatures against vectors made by Node.js and OpenSSL, in both directions."""

import copy
import hashlib
import hmac
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async._json.canonical import canonical_json
from paycombat_async._signing import Signer, content_digest, fits
from paycombat_async.errors import ConfigurationError
from paycombat_async.schemas.customers import UpdateCustomer
from tests.json_cases import unicode_text, vectors

KEY = "snd_0123456789abcdef"
SIGNED = vectors("signatures.json")["vectors"]
NODE_VECTORS = vectors("json-vectors.json")

PRINTED = [row for row in NODE_VECTORS["vectors"] if row["node"] is not None]

each_signature = pytest.mark.parametrize("row", SIGNED, ids=[row["name"] for row in SIGNED])


@each_signature
def test_signatures_are_those_of_node_and_openssl(row: dict[str, str]) -> None:
    """Both tools gave the stored signature for this key and body."""
    assert row["signature"] == Signer(row["key"]).sign(row["body"].encode())


@each_signature
@pytest.mark.parametrize("written", [str, str.upper, lambda hex_: f" {hex_}\n"], ids=["lower", "upper", "padded"])
def test_stored_signatures_verify(row: dict[str, str], written: Callable[[str], str]) -> None:
    """Either case is accepted, and white space around it."""
    assert Signer(row["key"]).verify(row["body"].encode(), written(row["signature"]))


@each_signature
def test_another_key_does_not_verify(row: dict[str, str]) -> None:
    """A key that differs in its last character verifies nothing."""
    assert not Signer(row["key"] + "x").verify(row["body"].encode(), row["signature"])


@each_signature
def test_one_changed_bit_of_the_signature_does_not_verify(row: dict[str, str]) -> None:
    """Each of the 256 bits counts."""
    signer = Signer(row["key"])
    given_bits = int(row["signature"], 16)

    passed = [bit for bit in range(256) if signer.verify(row["body"].encode(), f"{given_bits ^ (1 << bit):064x}")]

    assert passed == []


@each_signature
def test_one_changed_bit_of_the_body_does_not_verify(row: dict[str, str]) -> None:
    """Each bit of the body counts, and so does one byte more."""
    signer, body = Signer(row["key"]), row["body"].encode()
    number = int.from_bytes(body, "big")
    changed = [(number ^ (1 << bit)).to_bytes(len(body), "big") for bit in range(8 * len(body))]

    passed = [other for other in (*changed, body + b"\0", body + b"\n") if signer.verify(other, row["signature"])]

    assert passed == []


NO_SIGNATURES: dict[str, object] = {
    "None": None,
    "empty": "",
    "bytes": Signer(KEY).sign(b"{}").encode(),
    "number": int(Signer(KEY).sign(b"{}"), 16),
    "non-ASCII": "é" * 64,
    "letters that fold into ASCII": Signer(KEY).sign(b"{}").replace("a", "\u212a"),
    "half a surrogate pair": "\ud800",
    "too short": Signer(KEY).sign(b"{}")[:-1],
    "too long": Signer(KEY).sign(b"{}") + "0",
    "NUL behind it": Signer(KEY).sign(b"{}") + "\0",
    "with its algorithm": "sha256=" + Signer(KEY).sign(b"{}"),
    "two of them": ", ".join([Signer(KEY).sign(b"{}")] * 2),
    "base64": "jpA2Kl0v0zEWt7S2GZPpN4sDrGqtdp9QGxqBbTz8X0g=",
    "object": object(),
}


@pytest.mark.parametrize("signature", NO_SIGNATURES.values(), ids=NO_SIGNATURES)
def test_what_is_no_signature_is_refused_without_an_error(signature: Any) -> None:
    """Whatever stands in a header, the answer is False."""
    assert Signer(KEY).verify(b"{}", signature) is False


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5", "sha3_256"])
@pytest.mark.parametrize("key", [None, b"", b"key\xff"], ids=["plain", "empty", "bytes"])
def test_other_digests_fit_what_the_standard_library_makes(algorithm: str, key: bytes | None) -> None:
    """Plain or keyed; another message, key or algorithm does not fit."""
    made = hashlib.new(algorithm, b"m") if key is None else hmac.new(key, b"m", algorithm)

    assert fits(made.digest(), algorithm, key, b"m") is True
    assert fits(made.digest(), algorithm, key, b"n") is False
    assert fits(made.digest(), algorithm, b"other", b"m") is False
    assert fits(made.digest(), "sha512", key, b"m") is False


def test_an_algorithm_that_the_machine_refuses_fits_nothing() -> None:
    """As MD5 on some."""
    assert fits(b"", "no such algorithm", b"key", b"m") is False
    assert fits(b"", "no such algorithm", None, b"m") is False


@given(st.text())
def test_any_text_is_answered(signature: str) -> None:
    """No text in a header raises, and none verifies by chance."""
    assert Signer(KEY).verify(b"body", signature) is False


@pytest.mark.promise("P2")
@pytest.mark.parametrize("row", PRINTED, ids=[ascii(row["input"]) for row in PRINTED])
def test_what_node_printed_is_signed_as_node_signed_it(row: dict[str, Any]) -> None:
    """The stored HMACs of the JSON vectors hold for what Node printed."""
    assert row["hmac_sha256_hex"] == Signer(NODE_VECTORS["key"]).sign(row["node"].encode())


@given(key=unicode_text.filter(bool) | st.text("k", min_size=60, max_size=70), body=st.binary())
def test_signatures_equal_those_of_the_standard_library(key: str, body: bytes) -> None:
    """The precomputed pads are an HMAC like any other, for every length of key."""
    signer = Signer(key)

    assert hmac.new(key.encode(), body, hashlib.sha256).hexdigest() == signer.sign(body)
    assert signer.verify(body, signer.sign(body))


def test_signing_leaves_no_trace_in_the_signer() -> None:
    """A signer gives the same signature however often and in whatever order it is used."""
    signer = Signer(KEY)
    first = signer.sign(b"a")

    signer.sign(b"something else")
    signer.verify(b"a", "00")

    assert first == signer.sign(b"a")


def test_threads_may_share_a_signer() -> None:
    """Many threads with one signer get the signatures that one thread gets."""
    signer = Signer(KEY)
    bodies = [str(number).encode() * 500 for number in range(200)]
    expected = [signer.sign(body) for body in bodies]

    with ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(signer.sign, bodies))

    assert expected == signed


@pytest.mark.promise("P1", "P2")
def test_the_seed_page_is_signed_as_its_sample_signs_it() -> None:
    """From a Struct to the signature Node gives for the page's example."""
    body = canonical_json(UpdateCustomer.from_mapping({**vectors("update-customer-request.json"), "type": "company"}))

    assert SIGNED[0]["signature"] == Signer(SIGNED[0]["key"]).sign(body)


@pytest.mark.parametrize("key", ["", None], ids=["empty", "None"])
def test_an_empty_key_is_refused(key: Any) -> None:
    """HMAC would take it, and anybody could sign."""
    with pytest.raises(ConfigurationError, match="signature_key"):
        Signer(key)


@pytest.mark.promise("P7", "P11")
@pytest.mark.parametrize("key", ["S3CRET\ud800", b"S3CRET", 53], ids=["half a surrogate pair", "bytes", "number"])
def test_a_key_that_is_no_text_gets_the_one_clear_error(key: Any) -> None:
    """The error names the argument, and neither it nor anything behind it holds the key."""
    with pytest.raises(ConfigurationError, match="signature_key") as caught:
        Signer(key)

    assert caught.value.__context__ is None
    assert "S3CRET" not in f"{caught.value!r}{vars(caught.value)}"


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    "show",
    [repr, str, "{}".format, "%r".__mod__, "%s".__mod__, ascii],
    ids=["repr", "str", "format", "%r", "%s", "ascii"],
)
def test_a_signer_does_not_show_its_key(show: Callable[[object], str]) -> None:
    """However it is printed, it prints the same."""
    assert show(Signer(KEY)) == "Signer(***)"


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    "take",
    [copy.copy, copy.deepcopy, *(lambda it, protocol=p: pickle.dumps(it, protocol) for p in range(6))],
    ids=["copy", "deepcopy", *(f"pickle {p}" for p in range(6))],
)
def test_a_signer_cannot_be_carried_away(take: Callable[[object], object]) -> None:
    """Neither copied nor pickled, and the error does not hold the key either."""
    with pytest.raises(TypeError, match="Signer cannot be pickled") as caught:
        take(Signer(KEY))

    assert KEY not in str(caught.value)


@pytest.mark.promise("P7")
def test_a_signer_has_no_dict_to_walk() -> None:
    """A reporter walking `vars` finds nothing, and no attribute holds the key."""
    signer = Signer(KEY)

    with pytest.raises(TypeError):
        vars(signer)

    assert KEY not in json.dumps([repr(getattr(signer, name)) for name in Signer.__slots__])


def test_a_digest_of_parts_tells_where_each_ends() -> None:
    """A base URL and a token are two parts: the end of one is not the beginning of the other."""
    splits = [(b"abc",), (b"a", b"bc"), (b"ab", b"c"), (b"abc", b""), (b"", b"abc"), (b"a", b"b", b"c")]

    assert len(splits) == len({content_digest(*parts) for parts in splits})
