"""Answers of any bytes: understood, or one of the errors, with an outcome that follows from what came."""

import json
import pickle
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import (
    ApiError,
    Endpoint,
    InvalidResponse,
    Outcome,
    PayCombatError,
    RawReply,
    Reply,
    Secret,
)
from paycombat_async._protocol.echo import check_echoed_fields
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.reply import DecodedReply
from paycombat_async._secrets import Redactor
from tests.calls import BY_NAME
from tests.chaos.answers import PAYOUT, Place, places, real_answers, replaced
from tests.chaos.hostile import nested, pieces, texts
from tests.chaos.soak import examples

TOKEN = "snd_token-of-the-fuzz"
REDACT = Redactor((Secret(TOKEN),))
UNDECIDED = {408, 409, 425}
NAMES = sorted(BY_NAME)
STATUSES = st.sampled_from(
    [200, 200, 200, 201, 202, 204, 299, 100, 302, 400, 404, 408, 409, 422, 425, 429, 500, 503, 600]
)


def understood(endpoint: Endpoint[Any, Any], raw: RawReply, *, closely: bool = False) -> DecodedReply | PayCombatError:
    """What the client makes of it: a reading whose drift and echoes can be told, or an error."""
    try:
        reading = interpret(endpoint, raw, now=lambda: 0.0, redact=REDACT, closely=closely)
        reading = check_echoed_fields(endpoint, PAYOUT, reading, raw, REDACT)
    except PayCombatError as error:
        return error
    reply = Reply(reading.data, reading.request_id, 1, 0.0, endpoint, raw, reading.echo)
    assert reply.drift is not None
    return reading


def document(body: bytes) -> Any:
    """The JSON in a body, read as leniently as can be; None if it is none."""

    def refuse(_name: str) -> NoReturn:
        raise ValueError("no JSON")

    try:
        return json.loads(body.decode("utf-8", "replace"), parse_constant=refuse, parse_int=float, strict=False)
    except (ValueError, RecursionError):
        return None


def says_failure(found: Any) -> bool:
    """Whether this or what it wraps says that it is no success."""
    if not isinstance(found, dict):
        return False
    code = found.get("status_code")
    is_refusal = isinstance(code, float) and code >= 400
    return False in (found.get("status"), found.get("success")) or is_refusal or says_failure(found.get("data"))


def says_success(found: Any) -> bool:
    return isinstance(found, dict) and (
        any(found.get(name) is True for name in ("status", "success")) or says_success(found.get("data"))
    )


def follows(outcome: Outcome, error: PayCombatError, status: int, body: bytes) -> bool:
    """Whether this outcome is one that this answer allows."""
    found = document(body)
    if outcome is Outcome.REJECTED:
        is_refusal = 400 <= status < 500 and status not in UNDECIDED
        in_a_success = 200 <= status < 300 and says_failure(found)
        return isinstance(error, ApiError) and isinstance(found, dict) and (is_refusal or in_a_success)
    if outcome is Outcome.APPLIED:
        return isinstance(error, InvalidResponse) and 200 <= status < 300 and says_success(found)
    return outcome is Outcome.UNKNOWN


def is_fit_to_be_kept(error: PayCombatError) -> bool:
    """It pickles, and all of its texts can be written down, without the token."""
    again = pickle.loads(pickle.dumps(error))
    shown = f"{error!r} {error} {vars(error)}"
    return vars(again) == vars(error) and TOKEN not in shown and bool(shown.encode())


@st.composite
def broken_answers(draw: Callable[..., Any], name: str) -> bytes:
    """A real answer to this call with something else in up to three places, or cut, or with other bytes in it."""
    outer = [place for place in places(name) if len(place) < 2]
    chosen = draw(st.lists(st.sampled_from(places(name)) | st.sampled_from(outer), max_size=3, unique=True))
    put = pieces | st.sampled_from(
        ["true", "false", "null", "[]", f'"{TOKEN}"', f'{{"success":false,"error":"{TOKEN}"}}']
    )
    body = replaced(name, {place: draw(put) for place in chosen}).encode("utf-8", "surrogatepass")
    match draw(st.integers(0, 5)):
        case 0:
            body = body[: draw(st.integers(0, len(body)))]
        case 1:
            at = draw(st.integers(0, len(body)))
            odd: bytes = draw(st.binary(max_size=4))
            body = body[:at] + odd + body[at + draw(st.integers(0, 4)) :]
    return body


bodies = st.binary(max_size=80) | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
RETRY_AFTER = st.sampled_from(["1", "-5", "NaN", "inf", "1e400", "9" * 5_000, "Wed, 31 Feb 9999 99:99:99 GMT", ""])
headers = st.dictionaries(
    st.sampled_from(["retry-after", "location", "x-request-id"]), RETRY_AFTER | st.text(max_size=9)
)


@pytest.mark.promise("P3")
@examples("answers")
@given(st.data(), st.sampled_from(NAMES), STATUSES, headers, st.booleans())
def test_any_answer_is_understood_or_is_an_error_whose_outcome_follows_from_it(
    data: st.DataObject, name: str, status: int, headers: dict[str, str], closely: bool
) -> None:
    """Never another exception, never "refused" without the provider's own words, never "applied" without its yes."""
    body = data.draw(st.one_of(broken_answers(name), broken_answers(name), bodies))
    raw = RawReply(status, headers, body)

    result = understood(BY_NAME[name], raw, closely=closely)

    if isinstance(result, DecodedReply):
        assert 200 <= status < 300
        assert isinstance(document(body), dict) or (BY_NAME[name].may_be_empty and not body.strip())
    else:
        assert isinstance(result, ApiError | InvalidResponse)
        assert follows(result.outcome, result, status, body)
        assert is_fit_to_be_kept(result)


def test_the_oracle_knows_what_follows() -> None:
    """Else the property above would pass whatever the outcome was."""
    refused, lost = ApiError("x"), InvalidResponse("x")

    assert not follows(Outcome.REJECTED, refused, 400, b"<html>")
    assert not follows(Outcome.REJECTED, refused, 409, b"{}")
    assert not follows(Outcome.REJECTED, refused, 200, b'{"status":true}')
    assert not follows(Outcome.APPLIED, lost, 200, b'{"data":1}')
    assert not follows(Outcome.NOT_SENT, lost, 200, b'{"status":true}')
    assert follows(Outcome.REJECTED, refused, 200, b'{"status":true,"data":{"success":false}}')
    assert follows(Outcome.APPLIED, lost, 201, b'{"status":true}')


def inner_places(name: str) -> list[Place]:
    """The fields of the object that the answer is about, or of the items of its list: what may drift."""
    wrappings = ("data", "success", "status", "status_code", "request_id", "request_time", "status_text")
    return [place for place in places(name) if len(place) > 1 and (len(place) > 3 or place[-1] not in wrappings)]


def is_readable(piece: str) -> bool:
    """Whether it is JSON for any reader: a number in bounds, whole text, not nested beyond reason."""
    try:
        msgspec.json.decode(piece)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


odd_pieces = pieces.filter(is_readable)


@pytest.mark.promise("P6")
@examples("odd fields")
@given(st.data(), st.sampled_from([name for name in NAMES if inner_places(name)]), st.booleans())
def test_a_success_is_never_lost_to_an_odd_field(data: st.DataObject, name: str, closely: bool) -> None:
    """Whatever readable JSON stands where a text, a number or an object should, the rest comes through."""
    place = data.draw(st.sampled_from(inner_places(name)))
    status, _ = real_answers()[name]
    body = replaced(name, {place: data.draw(odd_pieces)}).encode()

    result = understood(BY_NAME[name], RawReply(status, {}, body), closely=closely)

    if place == ("data", "order_id"):  # the identity that the client holds against what it sent
        assert isinstance(result, DecodedReply | InvalidResponse)
    else:
        assert isinstance(result, DecodedReply)


DEEP = [nested(levels, in_objects=in_objects) for levels in (33, 300, 600, 800) for in_objects in (False, True)]


@pytest.mark.promise("P6")
@pytest.mark.parametrize("piece", DEEP, ids=lambda piece: f"{piece[0]} {len(piece)}")
@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
def test_a_payout_with_a_deep_field_still_says_which_one_it_is(piece: str, closely: bool) -> None:
    """The decoder follows further down than Python does: what it could read must not fail later."""
    body = replaced("payouts.create", {("data", "conversion"): piece, ("data", "due_date"): "[1]"}).encode()

    result = understood(BY_NAME["payouts.create"], RawReply(201, {}, body), closely=closely)

    assert isinstance(result, DecodedReply)
    assert "order-1" == result.data.order_id


@pytest.mark.promise("P6")
@pytest.mark.parametrize("total", ["1e999", "9" * 5_000, "-1", '"two"', "{}"], ids=lambda total: total[:6])
@pytest.mark.parametrize("name", ["payouts.list", "checkouts.list", "customers.list"])
def test_an_odd_total_does_not_hide_the_items(name: str, total: str) -> None:
    """A reference that is looked for and not found may be paid again."""
    expected = understood(BY_NAME[name], RawReply(200, {}, real_answers()[name][1]))
    holder = places(name)[[place[-1:] for place in places(name)].index(("total",))]
    assert isinstance(expected, DecodedReply)

    result = understood(BY_NAME[name], RawReply(200, {}, replaced(name, {holder: total}).encode()))

    assert isinstance(result, DecodedReply)
    assert expected.data.items == result.data.items


ODD_MEMBERS = [b'"\x80":1', b'"zzz":1e999', b'"zzz":"\xff"', b'"zzz":' + b"9" * 5_000]


@pytest.mark.promise("P6")
@pytest.mark.parametrize("member", ODD_MEMBERS, ids=["name", "large number", "text", "long number"])
@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
@pytest.mark.parametrize("name", ["payouts.create", "customers.update"])
def test_a_success_read_the_fast_way_is_not_lost_by_looking_closely(name: str, closely: bool, member: bytes) -> None:
    """Fields nobody asked for may be as odd as they like; whether drift is wanted or told makes no payment fail."""
    body = b'{"status":true,"data":{"id":"x","customer_id":"x",%b}}' % member

    assert isinstance(understood(BY_NAME[name], RawReply(201, {}, body), closely=closely), DecodedReply)
