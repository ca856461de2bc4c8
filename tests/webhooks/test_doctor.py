"""Each cause is named from what a real tool would have made; nothing secret is said; verified means verified."""

import base64
import gzip
import json
import re
import shutil
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async._json.stringify import stringify
from paycombat_async._secrets import Secret
from paycombat_async._signing import Signer
from paycombat_async.errors import ConfigurationError, WebhookError
from paycombat_async.webhooks import verify
from paycombat_async.webhooks.doctor import Candidate, Cause, Diagnosis, diagnose
from paycombat_async.webhooks.doctor.json_forms import Layout, printed, tokens_of
from tests.processes import run
from tests.webhooks.doctor_cases import (
    ACCEPTED,
    BODY,
    CASES,
    EVENT,
    HEX_KEY,
    KEY,
    PHP,
    PRETTY,
    TOKEN,
    Case,
    as_base64,
    sign,
)


def look_at(case: Case) -> Diagnosis:
    return diagnose(case.body, case.signature, case.keys, token=TOKEN)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_refused_signature_gets_its_cause(case: Case) -> None:
    """One sentence or two on what happened and on what to do, for each."""
    found = look_at(case)

    assert (case.cause, False, None) == (found.cause, found.verified, found.candidate)
    assert found.explanation.endswith(".")
    assert found.remedy.endswith(".")


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_an_accepted_signature_gets_its_cause_too(case: Case) -> None:
    """What makes the bytes differ from those signed, although JavaScript's print of them fits."""
    found = look_at(case)

    fits_raw = case.cause in {Cause.FITS, Cause.UPPER_CASE}
    assert (case.cause, True) == (found.cause, found.verified)
    assert (Candidate.RAW if fits_raw else Candidate.REPRINTED) is found.candidate
    assert list(case.keys).index(KEY) == found.key_number


def test_every_cause_has_a_case() -> None:
    """A cause that nothing leads to would be a promise that is not kept."""
    assert set(Cause) == {case.cause for case in (*CASES.values(), *ACCEPTED.values())}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (json.dumps(EVENT).encode(), r"spaces between its parts, letters written as \u…"),
        (PHP, r"slashes written as \/, letters written as \u…"),
        (
            PRETTY.replace(b"1.5", b"1.50") + b"\n",
            "a new line at the end, line ends and indentation, the form of numbers",
        ),
    ],
    ids=["json.dumps", "PHP", "pretty"],
)
def test_several_differences_are_all_named(body: bytes, words: str) -> None:
    """Whoever prints JSON again changes more than one thing."""
    found = diagnose(body, sign(BODY), [KEY])

    assert Cause.REPRINTED is found.cause
    assert f"differ from that in {words}." in found.explanation


@pytest.mark.parametrize(
    ("key", "token", "words"),
    [
        ("snd_a", None, "All keys given are of the sandbox"),
        ("snd_a", "snd_t", "All keys given are of the sandbox"),
        ("live", None, "No key given is of the sandbox"),
        ("live", "snd_t", "not of one account"),
        ("snd_a", "live", "not of one account"),
    ],
    ids=["sandbox", "sandbox and token", "live", "token of the sandbox", "token live"],
)
def test_another_key_says_what_can_be_known_of_the_account(key: str, token: str | None, words: str) -> None:
    """A sandbox key on live cannot be proven, but it can be seen that all keys are of one side."""
    found = diagnose(BODY, sign(BODY, "another"), [key], token=token)

    assert Cause.ANOTHER_KEY is found.cause
    assert words in found.explanation


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a":1,"b":2,"c":3,"d":4,"e":5}', "alphabetical order"),
        (b'{"n":12345678901234567890}', "longer than JavaScript keeps"),
    ],
    ids=["sorted", "long integer"],
)
def test_what_strikes_about_a_body_is_said(body: bytes, words: str) -> None:
    """It proves nothing, and may be what somebody looks for."""
    assert words in diagnose(body, sign(b"lost"), [KEY]).explanation
    assert words not in diagnose(BODY, sign(b"lost"), [KEY]).explanation


def test_two_troubles_at_once_are_both_named() -> None:
    """Base64 over a pretty print under the second of two keys."""
    found = diagnose(BODY, f"sha256={as_base64(sign(PRETTY))}", ["other", KEY])

    assert (Cause.INDENTED, 1) == (found.cause, found.key_number)
    assert "indentation" in found.explanation
    assert "The signature has a name in front of it." in found.explanation


def test_keys_may_be_hidden() -> None:
    """As a client holds them."""
    assert diagnose(BODY, sign(BODY), [Secret("other"), Secret(KEY)]).verified


SCRIPT = """
const crypto = require("crypto"), key = process.env.KEY
const body = require("fs").readFileSync(0), data = JSON.parse(body)
const hmac = (text) => crypto.createHmac("sha256", key).update(text)
console.log(({
  fits: () => hmac(JSON.stringify(data)).digest("hex"),
  base64: () => hmac(JSON.stringify(data)).digest("base64"),
  indented: () => hmac(JSON.stringify(data, null, 4)).digest("hex"),
  object: () => hmac(String(data)).digest("hex"),
  binary: () => crypto.createHmac("sha256", key).update(JSON.stringify(data), "binary").digest("hex"),
  twice: () => hmac(JSON.stringify(JSON.stringify(data))).digest("hex"),
  part: () => hmac(JSON.stringify(data.data)).digest("hex"),
  decoded: () => crypto.createHmac("sha256", Buffer.from(key.slice(4), "base64")).update(body).digest("hex"),
  swapped: () => crypto.createHmac("sha256", body).update(key).digest("hex"),
  sha512: () => crypto.createHmac("sha512", key).update(body).digest("hex"),
  hash: () => crypto.createHash("sha256").update(body).digest("hex"),
})[process.argv[1]]())
"""
OF_NODE = {
    "fits": Cause.FITS,
    "base64": Cause.SIGNATURE_BASE64,
    "indented": Cause.INDENTED,
    "object": Cause.NOTHING_SIGNED,
    "binary": Cause.ENCODING,
    "twice": Cause.TEXT_IN_TEXT,
    "part": Cause.PART_SIGNED,
    "decoded": Cause.KEY_DECODED,
    "swapped": Cause.KEY_SWAPPED,
    "sha512": Cause.OTHER_ALGORITHM,
    "hash": Cause.NOT_KEYED,
}
OF_SHELL = {
    "openssl": ('openssl dgst -sha256 -hmac "$KEY"', Cause.SIGNATURE_WRAPPED),
    "openssl -c": ('openssl dgst -sha256 -hmac "$KEY" -c | sed "s/.* //"', Cause.SIGNATURE_WRAPPED),
    "openssl base64": ('openssl dgst -sha256 -hmac "$KEY" -binary | openssl base64', Cause.SIGNATURE_BASE64),
    "openssl sha1": ('openssl dgst -sha1 -hmac "$KEY" -r', Cause.OTHER_ALGORITHM),
    "echo": ('{ cat; echo; } | openssl dgst -sha256 -hmac "$KEY" -r | cut -c-64', Cause.NEW_LINE),
    "nothing": ('openssl dgst -sha256 -hmac "$KEY" -r </dev/null | cut -c-64', Cause.NOTHING_SIGNED),
}


def made_by(command: list[str]) -> str:
    return run(
        *command, input=BODY, env={"KEY": KEY, "PATH": "/usr/local/bin:/usr/bin:/bin"}, check=True
    ).stdout.strip()


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize(("how", "cause"), OF_NODE.items(), ids=OF_NODE)
def test_what_node_signs_is_understood(how: str, cause: Cause) -> None:
    """The provider's own sample, and what people make of it."""
    assert cause is diagnose(BODY, made_by(["node", "-e", SCRIPT, how]), [KEY]).cause


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
@pytest.mark.parametrize(("command", "cause"), OF_SHELL.values(), ids=OF_SHELL)
def test_what_a_shell_signs_is_understood(command: str, cause: Cause) -> None:
    """As people check a signature by hand."""
    assert cause is diagnose(BODY, made_by(["sh", "-c", command]), [KEY]).cause


def candidates(body: bytes) -> list[bytes]:
    try:
        return [body, stringify(body)]
    except ValueError:
        return [body]


def is_accepted(body: bytes, signature: str, keys: list[str]) -> bool:
    """Whether `webhooks.verify` accepts the signature."""
    try:
        verify(body, {"X-Signature": signature}, keys)
    except (WebhookError, ConfigurationError):
        return False
    return True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
bodies = st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode())
changes: st.SearchStrategy[Callable[[bytes], bytes]] = st.sampled_from(
    [
        lambda body: body,
        lambda body: body + b"\n",
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b", ", b","),
        lambda body: body.decode("latin-1").encode("utf-16"),
        base64.b64encode,
        gzip.compress,
        lambda body: body[:-1],
        lambda body: b"",
    ]
)
writings: st.SearchStrategy[Callable[[str], Any]] = st.sampled_from(
    [
        str,
        str.upper,
        as_base64,
        '"{}"'.format,
        "sha256={}".format,
        "{0},{0}".format,
        lambda it: it[:40],
        lambda it: it[1:],
    ]
)


@given(body=bodies, signature=st.text(max_size=100), keys=st.lists(st.text(max_size=20), max_size=10), token=st.text())
def test_no_bytes_and_no_texts_raise(body: bytes, signature: str, keys: list[str], token: str) -> None:
    """Arbitrary bytes and texts raise no exception and match nothing."""
    found = diagnose(body, signature, keys, token=token)

    assert not found.verified
    assert not diagnose(body, {"X-Signature": signature, signature: "x"}, keys).verified


@given(body=bodies, signed_as=changes, received_as=changes, written=writings)
def test_verified_is_what_the_check_itself_says(
    body: bytes,
    signed_as: Callable[[bytes], bytes],
    received_as: Callable[[bytes], bytes],
    written: Callable[[str], str],
) -> None:
    """Whatever has happened to body and signature, and only for the bytes that are named."""
    received, signature = received_as(body), written(sign(signed_as(body)))

    found = diagnose(received, signature, ["other", KEY])

    assert is_accepted(received, signature, ["other", KEY]) is found.verified
    copies = {copy.strip() for copy in signature.split(",")}
    once = copies.pop() if len(copies) == 1 else signature  # a server may join headers of the same name
    fitting = [Signer(KEY).verify(candidate, once) for candidate in candidates(received)]
    assert found.verified is any(fitting)
    assert (list(Candidate)[fitting.index(True)] if found.verified else None) is found.candidate


@pytest.mark.promise("P7")
@pytest.mark.parametrize("case", [*CASES.values(), *ACCEPTED.values()], ids=[*CASES, *ACCEPTED])
def test_nothing_secret_is_said(case: Case) -> None:
    """No key in any form, no token, no signature that would fit, nothing of the body."""
    found = look_at(case)

    said = f"{found!r} {found}"
    secrets = {TOKEN, KEY, HEX_KEY, KEY.removeprefix("snd_"), "secret-key", "홍길동", EVENT["id"], "example.com"}
    assert {secret for secret in secrets if str(secret) in said} == set()
    assert re.search("[0-9a-fA-F]{9}", said) is None


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 400 + b"1," * 9_000 + b"1" + b"]" * 400,
        b'"\\' * 60_000,
        b"%41" * 50_000,
        gzip.compress(b"0" * 10**7),
        b'{"n":' + b"1" * 5000 + b"}",
        b'{"n":1e99,"m":1e-99}',
        b'{"half": "\\ud83d"}',
        b"five5",
    ],
    ids=["unclosed", "deep", "quotes", "percent", "bomb", "digits", "powers", "half a pair", "Base64"],
)
def test_hostile_bodies_are_survived(body: bytes) -> None:
    """Deep, broken or blown up: an answer, and no verdict."""
    assert not diagnose(body, "00" * 32, [KEY]).verified


def test_what_hostile_bodies_unfold_to_is_bounded() -> None:
    """A hundred megabytes in a hundred kilobytes, and a depth that indentation would make a thousand times as long."""
    deep = tokens_of("[" * 300 + "1," * 9_000 + "1" + "]" * 300)
    bomb = gzip.compress(b"0" * 10**8)
    tracemalloc.start()

    diagnose(bomb, "00" * 32, [KEY])
    indented = printed(deep, Layout(",", ": ", "    "))

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    assert indented is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-signature": 53}, {53: "x"}, {"signature": "", "X-Signature": ""}],
    ids=["empty", "number", "name", "twice"],
)
def test_odd_headers_are_survived(headers: Mapping[str, str]) -> None:
    """Frameworks have many kinds of them."""
    assert Cause.NO_SIGNATURE is diagnose(BODY, headers, [KEY]).cause
