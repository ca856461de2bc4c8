"""Which webhooks verify, what comes out of them, and what everything else is refused as."""

import copy
import importlib
import json
import pickle
import traceback
from collections import UserDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from paycombat_async import webhooks
from paycombat_async._secrets import Secret
from paycombat_async.errors import ConfigurationError, InvalidPayload, SignatureMismatch, WebhookError
from tests.webhooks.bodies import KEY, PAYIN, PAYOUT, VIRTUAL_ACCOUNT, signature, signed, written

BODY = written(PAYIN)
SIGNATURE = signature(BODY)
OLD_KEY = "snd_the-key-before"
LIMIT = 256 * 1024


class Name(str):
    """A header's name as aiohttp has it: a text that is no plain `str`."""

    __slots__ = ()


class ManyHeaders(UserDict[str, str]):
    """Headers as frameworks have them: `items` gives a name that came twice twice."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return list(self.pairs)


class Odd:
    """No headers of any kind."""

    def items(self) -> list[tuple[str, ...]]:
        return [("X-Signature", SIGNATURE, "more")]


def deep(opening: str, closing: str, levels: int = 100_000) -> bytes:
    return (opening * levels + closing * levels).encode()


@pytest.mark.parametrize(
    ("data", "given"),
    [
        (PAYIN, "6dfc4ae1114e98b8d5fe9e1a8376337f36010b776a87b6f8c2d68f95cc265c39"),
        (PAYOUT, "3c89461244ca60231cad94ecadacbf969070d03f41fa971fff7a5df998df83b6"),
        (VIRTUAL_ACCOUNT, "409f92a82b074d80a57ef82ebbc10442abb882da3f99737b909ab040a3a40a6f"),
    ],
    ids=["payin", "payout", "virtual account"],
)
@pytest.mark.parametrize(
    "write", [written, lambda data: json.dumps(data, indent=1).encode()], ids=["as is", "indented"]
)
def test_signatures_of_openssl_and_node_verify(data: object, given: str, write: Callable[[object], bytes]) -> None:
    """Both tools gave these for the compact body: `openssl dgst -sha256 -hmac $KEY < body` (OpenSSL 3.0.19), and Node
    20.20.2 with crypto.createHmac('sha256', KEY).update(JSON.stringify(JSON.parse(body))).digest('hex').
    """
    body = write(data)

    verified = webhooks.verify(body, {"X-Signature": given}, [KEY])

    assert written(data) == verified


@pytest.mark.parametrize("name", ["X-Signature", "x-signature", Name("X-SIGNATURE"), "signature", "x-SiGnAtUrE"])
@pytest.mark.parametrize("form", [str, str.upper, lambda text: f" {text}\t"], ids=["lower", "upper", "padded"])
def test_either_header_counts_in_any_case(name: str, form: Callable[[str], str]) -> None:
    """Header names and hex digits are accepted in any case."""
    headers = {"Host": "shop.example", name: form(SIGNATURE), "Content-Length": "9"}

    assert BODY == webhooks.verify(BODY, headers, [KEY])


@pytest.mark.parametrize(
    "headers",
    [
        ManyHeaders(("X-Signature", SIGNATURE), ("X-Signature", SIGNATURE)),
        {"X-Signature": SIGNATURE, "signature": SIGNATURE},
    ],
    ids=["one name twice", "both names"],
)
def test_a_signature_may_be_there_twice(headers: dict[str, str]) -> None:
    """The same signature in two headers is accepted."""
    assert BODY == webhooks.verify(BODY, headers, [KEY])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {Name("Host"): "shop.example"},
        {"X-Signature-2": SIGNATURE, "signatur": SIGNATURE, "x_signature": SIGNATURE},
        {"X-Signature": ""},
        {"X-Signature": "   "},
        {"X-Signature": SIGNATURE[:-1]},
        {"X-Signature": SIGNATURE + "0"},
        {"X-Signature": f"sha256={SIGNATURE}"},
        {"X-Signature": SIGNATURE * 5000},
        {"X-Signature": SIGNATURE + " " * 100},
        {"X-Signature": f"{SIGNATURE}, {'0' * 64}"},
        {"X-Signature": ",".join([SIGNATURE] * 20)},
        {"X-Signature": ", ,"},
        {"X-Signature": SIGNATURE[:-1] + "é"},
        {"X-Signature": SIGNATURE[:-1] + "\N{FULLWIDTH DIGIT NINE}"},
        {"X-Signature": SIGNATURE[:-1] + "\ud800"},
        {"X-Signature": SIGNATURE[:-2] + "\0\n"},
        {"X-Signature": None},
        {"X-Signature": SIGNATURE, "signature": "0" * 64},
        {"signature": "0" * 64, "X-Signature": SIGNATURE},
        ManyHeaders(("X-Signature", SIGNATURE), ("x-signature", "0" * 64)),
        ManyHeaders(("x-signature", "0" * 64), ("X-Signature", SIGNATURE)),
    ],
    ids=[
        *(
            "none",
            "a name of another class",
            "other names",
            "empty",
            "blank",
            "short",
            "long",
            "prefixed",
            "huge",
            "padded too far",
            "joined, and they differ",
            "joined too often",
            "commas",
        ),
        *("accent", "full width", "surrogate", "controls", "None"),
        *("two that differ", "the good one last", "one name, two values", "one name, the good one last"),
    ],
)
def test_what_is_no_single_signature_is_a_mismatch(headers: dict[str, str]) -> None:
    """Whatever a stranger puts there, and whatever a framework makes of it."""
    with pytest.raises(SignatureMismatch):
        webhooks.unwrap(BODY, headers, [KEY])


@pytest.mark.parametrize("keys", [[OLD_KEY, KEY], (KEY, OLD_KEY), [Secret(KEY)], ["a", "b", "c", KEY]])
@pytest.mark.parametrize("body", [BODY, json.dumps(PAYIN).encode()], ids=["as signed", "printed in another way"])
def test_any_of_several_keys_verifies(keys: list[str], body: bytes) -> None:
    """Old and new key count while one replaces the other."""
    assert BODY == webhooks.verify(body, signed(BODY), keys)


def test_another_key_verifies_nothing() -> None:
    """Not even one that differs in its last character."""
    with pytest.raises(SignatureMismatch, match="no key verifies"):
        webhooks.verify(BODY, signed(BODY), [KEY + "x", OLD_KEY])


CAPTURED = b'{"type":"PAYIN","id":"p_9007199254740992","status":"FAILED","n":9007199254740992,"amount":100}'
WITH_INDICES = b'{"1":"a","2":"b","type":"PAYIN","status":"FAILED"}'


@pytest.mark.parametrize(
    ("signed_body", "forged"),
    [
        (CAPTURED, CAPTURED.replace(b"0992,", b"0993,")),
        (CAPTURED, CAPTURED.replace(b'"type"', b'"type":"PAYOUT","type"')),
        (CAPTURED, CAPTURED.replace(b',"status":', b',"st\\u0061tus":"SUCCESS","status":')),
        (CAPTURED, CAPTURED.replace(b'"amount":100', b'"amount":1e9,"amount":100.000000000000000001')),
        (WITH_INDICES, b'{"type":"PAYIN","2":"b","1":"a","status":"FAILED"}'),
    ],
    ids=["integer", "type twice", "status twice, escaped", "amount", "array indices"],
)
def test_a_forged_twin_reads_as_what_was_signed(signed_body: bytes, forged: bytes) -> None:
    """These bodies carry a captured signature, because JavaScript prints them as the signed one: only that is read."""
    assert forged != signed_body

    event = webhooks.unwrap(forged, signed(signed_body), [KEY])

    assert signed_body == event.payload
    assert webhooks.unwrap(signed_body, signed(signed_body), [KEY]) == event


def test_numbers_are_read_from_what_was_signed() -> None:
    """An amount with digits that a double drops is signed without them, so it comes without them."""
    body = written(PAYIN).replace(b'"original_amount":100.1', b'"original_amount":100.10000000000000000001')

    event = webhooks.unwrap(body, signed(BODY), [KEY])

    assert isinstance(event, webhooks.PayinSucceeded)
    assert "100.1" == str(event.payin.original_amount)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", InvalidPayload),
        (b" ", InvalidPayload),
        (b"[]", InvalidPayload),
        (b'"PAYIN"', InvalidPayload),
        (b"null", InvalidPayload),
        (b"1", InvalidPayload),
        (b'{"type":"PAYIN"', InvalidPayload),
        (b'{"type":"PAYIN"}x', InvalidPayload),
        (b'{"amount":NaN}', InvalidPayload),
        (b'{"amount":-Infinity}', InvalidPayload),
        (b"{'type':'PAYIN'}", InvalidPayload),
        (deep("[", "]"), InvalidPayload),
        (deep('{"a":', "}", 40_000), InvalidPayload),
        (b'{"type":"PAYIN","x":' + deep("[", "]"), InvalidPayload),
        (b"\0" * LIMIT, InvalidPayload),
        (b"{" + b" " * LIMIT + b"}", SignatureMismatch),
        (b"[" * (LIMIT + 1), SignatureMismatch),
    ],
    ids=[
        *("empty", "blank", "list", "text", "null", "number", "cut", "tail", "NaN", "infinity", "single quotes"),
        *(
            "deep lists",
            "deep objects",
            "deep field",
            "zeros at the limit",
            "spaces beyond the limit",
            "brackets beyond the limit",
        ),
    ],
)
def test_signed_nonsense_ends_in_a_webhook_error(body: bytes, error: type[WebhookError]) -> None:
    """The signature of each is right, so nothing stands between it and the parsers."""
    with pytest.raises(error) as raised:
        webhooks.unwrap(body, signed(body), [KEY])

    assert raised.value.__context__ is None


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    "body",
    [deep("[", "]"), deep('{"a":', "}", 40_000), b"[" + b"1e-7," * 50_000, b'{"a":1e400}', b"9" * 100_000, b"\xff\xfe"],
    ids=["deep lists", "deep objects", "many numbers", "infinite", "many digits", "not UTF-8"],
)
def test_unsigned_nonsense_is_a_mismatch(body: bytes) -> None:
    """The second candidate is made of bytes that anybody may have sent."""
    with pytest.raises(SignatureMismatch) as raised:
        webhooks.unwrap(body, {"X-Signature": SIGNATURE}, [KEY])

    assert raised.value.__context__ is None


def test_a_body_at_the_limit_is_read() -> None:
    """256 KiB, the whole of it."""
    body = b'{"note":"' + b"x" * (LIMIT - 11) + b'"}'
    assert LIMIT == len(body)

    assert body == webhooks.verify(body, signed(body), [KEY])


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (BODY.decode(), "str"),
        (bytearray(BODY), "bytearray"),
        (memoryview(BODY), "memoryview"),
        (None, "NoneType"),
        (PAYIN, "dict"),
    ],
    ids=["text", "bytearray", "memoryview", "None", "parsed"],
)
def test_a_body_that_is_not_bytes_is_the_callers_mistake(body: bytes, named: str) -> None:
    """No sender can cause it, so it is no webhook error: it must be seen while the receiver is written."""
    with pytest.raises(ConfigurationError, match=f"body is {named}, not bytes"):
        webhooks.unwrap(body, signed(BODY), [KEY])


@pytest.mark.parametrize(
    "headers",
    [
        *(None, SIGNATURE, b"X-Signature", {b"X-Signature": SIGNATURE.encode()}, {1: SIGNATURE}, Odd(), 5),
        [(b"X-Signature", SIGNATURE.encode())],
    ],
    ids=["None", "a text", "bytes", "names of bytes", "numbers", "no pairs", "a number", "pairs of bytes"],
)
def test_headers_that_are_no_mapping_of_texts_are_the_callers_mistake(headers: dict[str, str]) -> None:
    """An ASGI scope has them as bytes, for one."""
    with pytest.raises(ConfigurationError, match="headers must be a mapping") as raised:
        webhooks.unwrap(BODY, headers, [KEY])

    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "named"),
    [(SIGNATURE.encode(), "bytes"), ([SIGNATURE], "list"), ((SIGNATURE,), "tuple"), (bytearray(64), "bytearray")],
    ids=["bytes", "list", "tuple", "bytearray"],
)
@pytest.mark.parametrize("more", [[], [("signature", SIGNATURE)]], ids=["alone", "with another"])
def test_a_signature_that_is_no_text_is_the_callers_mistake(value: object, named: str, more: list[object]) -> None:
    """No sender can cause it, so it must be seen while the receiver is written; the doctor says the same."""
    headers = [*more, ("X-Signature", value)]

    with pytest.raises(ConfigurationError, match=f"the signature in headers is {named}, not text") as raised:
        webhooks.unwrap(BODY, headers, [KEY])

    found = webhooks.diagnose(BODY, headers, [KEY])
    assert raised.value.__context__ is None
    assert (False, None) == (found.verified, found.candidate)
    assert SIGNATURE not in str(raised.value)


@pytest.mark.promise("P7", "P11")
@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("KEY", "1 to 4"),
        (b"KEY", "1 to 4"),
        (Secret("KEY"), "1 to 4"),
        (None, "1 to 4"),
        ({"KEY"}, "1 to 4"),
        ([], "1 to 4"),
        (["KEY"] * 5, "1 to 4"),
        (["KEY", ""], r"keys\[1\] is empty"),
        ([None], r"keys\[0\] is empty"),
        ([b"KEY"], r"keys\[0\] is empty"),
        ([Secret("")], r"keys\[0\] is empty"),
        (["KEY\n"], r"keys\[0\] has white space"),
        ([" KEY"], r"keys\[0\] has white space"),
        (["KEY", "KEY\0KEY"], r"keys\[1\] has white space"),
        (["KEY\ud800"], r"keys\[0\] has white space"),
    ],
    ids=[
        *("a text", "bytes", "a Secret", "None", "a set", "none", "five", "an empty one", "one None", "one of bytes"),
        *("an empty Secret", "a new line", "a space", "a control", "half a surrogate pair"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [
        webhooks.Webhooks,
        lambda keys: webhooks.unwrap(BODY, {}, keys),
        lambda keys: webhooks.verify(BODY, {}, keys),
    ],
    ids=["Webhooks", "unwrap", "verify"],
)
def test_keys_that_cannot_work_are_refused_unseen(use: Callable[[object], object], keys: object, reason: str) -> None:
    """A plain text would be taken letter by letter. No key stands in the error or in a local variable of the SDK."""
    with pytest.raises(ConfigurationError, match=reason) as raised:
        use(keys)

    assert "KEY" not in shown(raised.value)


@pytest.mark.promise("P7")
def test_a_mismatch_shows_no_key() -> None:
    """Reporters print the local variables of each frame."""
    with pytest.raises(SignatureMismatch) as raised:
        webhooks.unwrap(BODY, {"X-Signature": "0" * 64}, [KEY, OLD_KEY])

    assert KEY not in shown(raised.value)
    assert OLD_KEY not in shown(raised.value)
    assert SIGNATURE not in shown(raised.value)


def shown(error: BaseException) -> str:
    """All that a reporter sees of an error in the SDK's own frames."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    inside = [str(frame.locals) for frame in frames if "paycombat_async" in frame.filename]
    assert inside
    return "\n".join((str(error), repr(error), repr(vars(error)), *inside))


def test_bound_keys_do_the_same() -> None:
    """`Webhooks` is the two functions with the keys given once."""
    bound = webhooks.Webhooks([OLD_KEY, KEY])

    assert webhooks.unwrap(BODY, signed(BODY), [KEY]) == bound.unwrap(BODY, signed(BODY))
    assert BODY == bound.verify(json.dumps(PAYIN).encode(), signed(BODY))
    with pytest.raises(SignatureMismatch):
        bound.unwrap(BODY, {})


@pytest.mark.promise("P7")
def test_bound_keys_are_not_shown() -> None:
    """Neither as text nor by a walk over what it holds."""
    bound = webhooks.Webhooks([KEY, OLD_KEY])

    assert "Webhooks(***)" == repr(bound)
    assert not hasattr(bound, "__dict__")


@pytest.mark.promise("P7")
@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_bound_keys_stay_where_they_are(leave: Callable[[object], object]) -> None:
    """Keys do not travel in pickles."""
    with pytest.raises(TypeError, match="make one from the keys"):
        leave(webhooks.Webhooks([KEY]))


def test_threads_may_share_one() -> None:
    """Verifying changes nothing in it."""
    bound = webhooks.Webhooks([OLD_KEY, KEY])
    bodies = [written(PAYIN | {"id": f"payin_{number}"}) for number in range(500)]

    with ThreadPoolExecutor(8) as pool:
        events = list(pool.map(lambda body: bound.unwrap(body, signed(body)), bodies))

    assert bodies == [event.payload for event in events]


def test_the_function_is_not_hidden_by_its_module() -> None:
    """`webhooks.verify` is both the name of a module and of a function; users get the function."""
    importlib.import_module("paycombat_async.webhooks.verify")

    assert callable(webhooks.verify)
