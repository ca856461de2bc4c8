"""JSON with the faults of careless encoders: what is repaired, what is not, and that sound JSON stays as it is."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import Disconnected, InvalidPayload, InvalidResponse, SignatureMismatch, webhooks
from paycombat_async._json.decoding import UndecodableData, decode_builtins, repair
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.messages import RawReply
from paycombat_async._secrets import Redactor
from paycombat_async._signing import Signer
from paycombat_async.endpoints import ENDPOINTS

KEY = "snd_key"
REPAIRED = {
    "byte order mark": (b'\xef\xbb\xbf{"a":"b"}', {"a": "b"}),
    "byte order mark and white space": (b'\xef\xbb\xbf\r\n {"a":"b"}', {"a": "b"}),
    "UTF-16, little end first": ("\ufeff{}".encode("utf-16-le"), {}),
    "UTF-16, big end first": ('\ufeff{"a":"é"}'.encode("utf-16-be"), {"a": "é"}),
    "tab": (b'{"a":"b\tc"}', {"a": "b\tc"}),
    "line breaks": (b'{"a":"b\r\nc\n"}', {"a": "b\r\nc\n"}),
    "NUL and the last control character": (b'["\x00\x1f"]', ["\x00\x1f"]),
    "in a name": (b'{"a\tb":1}', {"a\tb": 1}),
    "behind escapes": (b'["\\\\\t", "\\"\t"]', ["\\\t", '"\t']),
    "among white space": (b'{\t"a"\n:\t"b\tc"\r\n}', {"a": "b\tc"}),
    "Latin-1": (b'{"a":"Jos\xe9"}', {"a": "Jos\ufffd"}),
    "a cut character": (b'{"a":"\xf0\x9f\x98"}', {"a": "\ufffd"}),
    "a surrogate as bytes": (b'{"a":"\xed\xa0\xbd"}', {"a": "\ufffd\ufffd\ufffd"}),
    "half of an escaped pair": (b'{"a":"\\ud83d"}', {"a": "\ufffd"}),
    "all at once": (b'\xef\xbb\xbf{"a":"\t\\ud83d\xe9"}', {"a": "\t\ufffd\ufffd"}),
}
NOT_JSON = {
    "nothing": b"",
    "a mark alone": b"\xef\xbb\xbf",
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "a control character outside of strings": b'{"a":\x01 1}',
    "half": b'{"a":"b\tc',
    "half of an escape": b'{"a":"b\\',
    "an escaped line break": b'{"a":"b\\\nc"}',
    "not a number": b'{"a":NaN}',
}


@pytest.mark.promise("P6")
@pytest.mark.parametrize(("text", "value"), REPAIRED.values(), ids=REPAIRED)
def test_a_fault_of_the_encoder_does_not_lose_the_data(text: bytes, value: object) -> None:
    """What a strict decoder refuses is decoded all the same, with all that can be saved of it."""
    assert value == decode_builtins(text)


@pytest.mark.parametrize("text", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_stays_so(text: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(UndecodableData):
        decode_builtins(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_sound_json_is_not_changed(value: object, indent: int | str | None, ascii_only: bool) -> None:
    """Byte for byte, except that an escaped lone surrogate is one still to be replaced."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:  # a lone surrogate
        return

    assert text == repair(text)


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_every_text_survives_without_its_escapes(text: str) -> None:
    """A string of which only quotes and backslashes are escaped is read whole."""
    careless = '["' + text.replace("\\", "\\\\").replace('"', '\\"') + '"]'

    assert [text] == decode_builtins(careless.encode())


def test_a_hostile_text_takes_no_more_time_than_its_length_asks_for() -> None:
    """Quotes that never end, in 4 MB: going back at each of them would take hours."""
    with pytest.raises(UndecodableData):
        decode_builtins(b'"' + b'\\"' * 2_000_000)


ENDPOINT = next(endpoint for endpoint in ENDPOINTS if endpoint.name == "customers.retrieve")
LIST = next(endpoint for endpoint in ENDPOINTS if endpoint.name == "payouts.list")


def answered(endpoint: object, body: bytes, status: int = 200) -> object:
    return interpret(endpoint, RawReply(status, {}, body), now=lambda: 0.0, redact=Redactor()).data  # type: ignore[arg-type]  # either endpoint


@pytest.mark.promise("P6")
@pytest.mark.parametrize("fault", ["mark", "tab", "both"])
def test_an_answer_keeps_its_data(fault: str) -> None:
    """In an object and in a list, and the words of an error."""
    mark, gap = (b"\xef\xbb\xbf" if fault != "tab" else b""), (b" " if fault == "mark" else b"\t")
    customer = mark + b'{"status":true,"message":"O' + gap + b'K","data":{"customer_id":"c","description":"a'
    customer += gap + b'b"}}'
    page = mark + b'{"status":true,"data":[{"id":"p","description":"a' + gap + b'b"}]}'

    assert f"a{gap.decode()}b" == answered(ENDPOINT, customer).description  # type: ignore[attr-defined]  # a Customer
    assert ["p"] == [payout.id for payout in answered(LIST, page).items]  # type: ignore[attr-defined]  # a Page


@pytest.mark.promise("P3")
@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{"status":true,"da', b"\xef\xbb\xbf", b"\xef\xbb\xbf<html>"])
def test_an_answer_that_cannot_be_repaired_is_still_none(body: bytes) -> None:
    """A mark or a tab makes no success of what is not JSON."""
    with pytest.raises((InvalidResponse, Disconnected)):
        answered(ENDPOINT, body)


PAYLOAD = b'{"id":"p\t1","status":"SUCCESS","approval":"APPROVED","type":"PAYOUT"}'


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PAYLOAD, id="tab"),
        pytest.param(b"\xef\xbb\xbf" + PAYLOAD.replace(b"\t", b"-"), id="mark"),
        pytest.param(PAYLOAD.replace(b"\t", b"\xe9"), id="not UTF-8"),
        pytest.param(PAYLOAD.replace(b"\t", b"\xed\xa0\x80"), id="surrogate in UTF-8"),
        pytest.param(PAYLOAD.replace(b"\t", b"-").decode().encode("utf-16"), id="UTF-16"),
    ],
)
def test_a_webhook_is_repaired_only_after_its_signature_holds(body: bytes) -> None:
    """Signed as it came, it is read; signed as it would be after repair, it is refused."""
    event = webhooks.unwrap(body, {"X-Signature": Signer(KEY).sign(body)}, [KEY])

    assert (body, "SUCCESS") == (event.payload, event.status)
    with pytest.raises(SignatureMismatch):
        webhooks.unwrap(body, {"X-Signature": Signer(KEY).sign(repair(body))}, [KEY])
    broken = body[: len(body) // 2]
    with pytest.raises(InvalidPayload):
        webhooks.unwrap(broken, {"X-Signature": Signer(KEY).sign(broken)}, [KEY])
