"""Drafts and answers, without any I/O: what is refused before sending, and how each answer is understood."""

import copy
import pickle
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from paycombat_async import (
    UNSET,
    ApiError,
    AuthenticationFailed,
    BadRequest,
    ConfigurationError,
    Conflict,
    CreateCustomer,
    DriftKind,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    Outcome,
    PayCombatError,
    PermissionDenied,
    ProviderError,
    RateLimited,
    RawReply,
    Reply,
    Secret,
    Signer,
    SimulatePayout,
    UnexpectedRedirect,
    Unprocessable,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
)
from paycombat_async._json.decoding import repair
from paycombat_async._protocol.decode import ENVELOPE_DECODERS
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._protocol.request_body import MAX_BODY_BYTES
from paycombat_async._secrets import Redactor
from paycombat_async.endpoints import (
    CHECK_WALLET_READY,
    DELETE_CUSTOMER,
    ENABLE_CUSTOMER,
    LIST_CUSTOMERS,
    RETRIEVE_CUSTOMER,
    SIMULATE_PAYOUT,
    UPDATE_CUSTOMER,
    raw_endpoint,
)

ACCOUNT = ClientConfig("https://api.paycombat.com", Secret("snd_token"), Signer("snd_key"), {})
PAGE = (Path(__file__).parents[1] / "vectors" / "update-customer-response.json").read_bytes()
ONE = b'{"customer_id":"customer_1"}'


def understand(body: bytes, endpoint=UPDATE_CUSTOMER, status: int = 200, *, headers=None, closely: bool = False):
    raw = RawReply(status, headers or {}, body)
    return interpret(endpoint, raw, now=lambda: 0.0, redact=Redactor((ACCOUNT.token,)), closely=closely)


def update(**fields: object) -> UpdateCustomer:
    return UpdateCustomer(**({"customer_id": "customer_1"} | fields))


@pytest.mark.promise("P1")
def test_a_body_is_signed_as_it_is_sent():
    """Token, signature of exactly these bytes, content type."""
    sent = draft(UPDATE_CUSTOMER, update(description="é"), {}, None, ACCOUNT)

    assert '{"customer_id":"customer_1","description":"é"}'.encode() == sent.body
    assert {
        "X-token": "snd_token",
        "Content-Type": "application/json",
        "signature": Signer("snd_key").sign(sent.body),
    } == sent.headers


@pytest.mark.parametrize("endpoint", [RETRIEVE_CUSTOMER, ENABLE_CUSTOMER, DELETE_CUSTOMER], ids=lambda e: e.name)
def test_calls_without_a_body_carry_no_signature(endpoint):
    """What would be signed is undefined, and the provider's pages list only X-token."""
    sent = draft(endpoint, None, {"customer_id": "c"}, None, ACCOUNT)

    assert (None, {"X-token": "snd_token"}) == (sent.body, sent.headers)


@pytest.mark.promise("P3")
def test_a_draft_says_whether_its_call_may_be_made_once_only():
    """The transport sends such a call no more when an answer would come too late."""
    simulation = SimulatePayout(extra={"payout_id": "p"})

    assert draft(SIMULATE_PAYOUT, simulation, {}, None, ACCOUNT).is_once_only
    assert draft(raw_endpoint("DELETE", "/x"), None, {}, None, ACCOUNT).is_once_only
    assert not draft(UPDATE_CUSTOMER, update(), {}, None, ACCOUNT).is_once_only
    assert not draft(RETRIEVE_CUSTOMER, None, {"customer_id": "c"}, None, ACCOUNT).is_once_only


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (update(customer_id=""), "$.customer_id"),
        (update(customer_id=None), "$.customer_id"),
        (update(customer_id=b"customer_1"), "$.customer_id"),
        (update(customer_id=7), "$.customer_id"),
        (update(description=None), "$.description"),
        (update(description=b"x"), "$.description"),
        (update(type="person"), "$.type"),
        (update(company={"name": "x"}), "$.company"),
        (update(company=UpdateIndividual(first_name="x")), "$.company"),
        (update(company=UpdateCompany(name=None)), "$.company.name"),
        (update(company=UpdateCompany(authorized_user={"email": "x"})), "$.company.authorized_user"),
        (update(metadata=[1]), "$.metadata"),
        (update(metadata={"a": {"b": [1, float("nan")]}}), "$.metadata.a.b[1]"),
        (update(description="\ud83d"), "$.description"),
        (update(metadata={1: "x"}), "$.metadata"),
        (update(extra={"description": "x"}), "$.extra.description"),
        (update(extra={"more": 1.5}), "$.extra.more"),
        (update(description="x" * MAX_BODY_BYTES), "$"),
        (CreateCustomer(description="x", type="individual"), "$"),
        ({"customer_id": "customer_1"}, "$"),
        (None, "$"),
    ],
    ids=map(str, range(21)),
)
def test_a_wrong_request_is_refused_with_its_path(request_, path):
    """Constructors take anything; the draft does not, and its error shows no value."""
    with pytest.raises(InvalidRequest) as caught:
        draft(UPDATE_CUSTOMER, request_, {}, None, ACCOUNT)

    assert (path, Outcome.NOT_SENT) == (caught.value.path, caught.value.outcome)
    assert "person" not in str(caught.value)


@pytest.mark.parametrize("metadata", [{"a": (1, 2)}, {"a": 1.0}, {"2": 1, "1": 2}, {"a": None}], ids=repr)
def test_what_only_looks_different_after_encoding_is_taken(metadata):
    """Tuples, integral floats and index keys change their form, not their meaning."""
    draft(UPDATE_CUSTOMER, update(metadata=metadata), {}, None, ACCOUNT)


def test_a_path_that_nobody_knows_must_be_given():
    """An endpoint without a known path raises an error that names `paths=`; with it, the call is drafted."""
    with pytest.raises(ConfigurationError, match=r"paths=.*customers.check_wallet_ready"):
        draft(CHECK_WALLET_READY, None, {"customer_id": "c"}, None, ACCOUNT)

    account = ClientConfig(
        ACCOUNT.base_url, ACCOUNT.token, ACCOUNT.signer, {CHECK_WALLET_READY.name: "/r/{customer_id}"}
    )
    assert draft(CHECK_WALLET_READY, None, {"customer_id": "c"}, None, account).url.endswith("/r/c")


@pytest.mark.promise("P7")
def test_a_draft_shows_neither_token_nor_body():
    """The repr of a draft shows its size, and nothing secret."""
    sent = draft(UPDATE_CUSTOMER, update(description="private"), {}, None, ACCOUNT)

    assert not {"snd_token", "private", "customer_1"} & set(repr(sent).split())
    assert "Draft(customers.update, 52 bytes)" == repr(sent)


@pytest.mark.promise("P6")
def test_the_page_s_answer_is_read_without_drift_and_kept_as_it_is():
    """`{}` in text fields is None; `metadata` stays an empty object."""
    reading = understand(PAGE, closely=True)

    customer = reading.data
    assert (None, None, {}) == (customer.company.company_domain, customer.company.address_line2, customer.metadata)
    assert customer.company.authorized_user.identification_custom_type is None
    assert ("string", "string", True) == (reading.request_id, customer.company.name, customer.is_active)
    assert [] == reading.notes


@pytest.mark.promise("P6")
@pytest.mark.parametrize(
    ("field", "value", "notes"),
    [("gca_activation_status", b"ACTIVE", []), ("type", b"string", []), ("type", b"trust", ["$.data.type"])],
)
def test_a_value_is_drift_only_where_the_pages_list_the_values(field, value, notes):
    """Of an activation status they show one, and "string" is what their examples have for any text."""
    body = PAGE.replace(b'"%s": "string"' % field.encode(), b'"%s": "%s"' % (field.encode(), value))
    assert b'"%s": "%s"' % (field.encode(), value) in body

    assert notes == [note.path for note in understand(body, closely=True).notes]


ENVELOPES = [
    pytest.param(b'{"status":true,"message":"OK","data":%s}', id="A"),
    pytest.param(b'{"data":%s,"request_id":"r","request_time":"t","status_code":200,"success":true}', id="B"),
    pytest.param(b'{"status":true,"message":"OK","data":{"data":%s,"request_id":"r","success":true}}', id="C"),
    pytest.param(b'{"message":"OK","data":%s}', id="D"),
]


@pytest.mark.promise("P6")
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
def test_every_envelope_is_opened(envelope, closely):
    """The customer is the same, whatever it is wrapped in, and there is no drift."""
    reading = understand(envelope % ONE, closely=closely)

    assert "customer_1" == reading.data.customer_id
    assert not reading.notes


@pytest.mark.promise("P6")
@pytest.mark.parametrize(
    ("data", "path", "kind"),
    [
        (b'{"customer_id":"c","new":1}', "$.data.new", DriftKind.UNKNOWN_FIELD),
        (b'{"customer_id":"c","company":{"new":1}}', "$.data.company.new", DriftKind.UNKNOWN_FIELD),
        (b'{"customer_id":"c","type":"trust"}', "$.data.type", DriftKind.UNKNOWN_VALUE),
        (b'{"customer_id":"c","is_active":"yes"}', "$.data.is_active", DriftKind.WRONG_TYPE),
        (b'{"customer_id":"c","company":[]}', "$.data.company", DriftKind.WRONG_TYPE),
        (b'{"customer_id":"c","individual":{"email":5}}', "$.data.individual.email", DriftKind.WRONG_TYPE),
        (b'{"customer_id":5}', "$.data.customer_id", DriftKind.WRONG_TYPE),
        (b'{"customer_id":""}', "$.data.customer_id", DriftKind.MISSING_IDENTITY),
        (b'{"description":"x"}', "$.data.customer_id", DriftKind.MISSING_IDENTITY),
        (b'{"customer_id":null}', "$.data.customer_id", DriftKind.WRONG_TYPE),
    ],
)
def test_an_odd_field_is_noted_and_the_rest_is_kept(data, path, kind):
    """A success survives; the note names the field and never its value."""
    reading = understand(b'{"success":true,"data":%s}' % data, closely=True)

    assert (path, kind) == (reading.notes[0].path, reading.notes[0].kind)
    assert "yes" not in reading.notes[0].detail
    assert reading.data.customer_id in {"c", "5", ""}


@pytest.mark.promise("P6")
@pytest.mark.parametrize(
    "data",
    [
        b'{"customer_id":"c","description":{}}',
        b'{"customer_id":"c","company":{"name":{ }}}',
        b'{"customer_id":"c","company":{}}',
    ],
)
def test_empty_objects_are_null_everywhere(data):
    """Where the record shows none yet they cost time, but they are no drift either."""
    assert [] == understand(b'{"success":true,"data":%s}' % data, closely=True).notes


@pytest.mark.promise("P6")
def test_half_a_surrogate_pair_does_not_lose_the_answer():
    """JavaScript makes a lone surrogate of a name cut in the middle of an emoji; it is replaced."""
    reading = understand(b'{"success":true,"data":{"customer_id":"c","description":"a\\ud83d"}}')

    assert "a�" == reading.data.description


@given(st.text(alphabet=st.characters(min_codepoint=32), max_size=20))
def test_repairing_leaves_whole_text_alone(text):
    """Escaped pairs, backslashes and ordinary text come through as they are."""
    encoded = b'"' + text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b'"'

    assert encoded == repair(encoded)


ERRORS = [
    (400, BadRequest, Outcome.REJECTED),
    (401, AuthenticationFailed, Outcome.REJECTED),
    (402, ApiError, Outcome.UNKNOWN),
    (403, PermissionDenied, Outcome.REJECTED),
    (404, NotFound, Outcome.REJECTED),
    (405, ApiError, Outcome.UNKNOWN),
    (406, ApiError, Outcome.REJECTED),
    (408, ApiError, Outcome.UNKNOWN),
    (409, Conflict, Outcome.UNKNOWN),
    (413, ApiError, Outcome.UNKNOWN),
    (418, ApiError, Outcome.UNKNOWN),
    (422, Unprocessable, Outcome.REJECTED),
    (425, ApiError, Outcome.UNKNOWN),
    (429, RateLimited, Outcome.REJECTED),
    (499, ApiError, Outcome.UNKNOWN),
    (500, ProviderError, Outcome.UNKNOWN),
    (520, ProviderError, Outcome.UNKNOWN),
    (503, ProviderError, Outcome.UNKNOWN),
    (302, UnexpectedRedirect, Outcome.UNKNOWN),
]


@pytest.mark.parametrize(("status", "kind", "outcome"), ERRORS)
def test_each_status_has_its_error(status, kind, outcome):
    """The provider's message is an attribute of the error, not part of its text."""
    body = b'{"status":false,"message":"no such kim@example.com","code":"E7","request_id":"r9"}'

    with pytest.raises(PayCombatError) as caught:
        understand(body, status=status)

    error = caught.value
    assert (kind, outcome, status) == (type(error), error.outcome, error.status)
    assert ("no such kim@example.com", "E7", "r9") == (error.provider_message, error.code, error.request_id)
    assert "kim" not in str(error)


@pytest.mark.promise("P3")
@pytest.mark.parametrize("status", [400, 404, 422, 429])
@pytest.mark.parametrize("body", [b"<html>502</html>", b"", b"[1]", b'"no"'], ids=repr)
def test_a_refusal_that_is_not_the_provider_s_json_decides_nothing(status, body):
    """A proxy's page says nothing of what the provider did."""
    with pytest.raises(ApiError) as caught:
        understand(body, status=status)

    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 502, 503])
def test_an_error_page_is_said_to_be_a_proxy_s(status):
    """Nobody should look at the provider for what nginx refuses."""
    with pytest.raises(ApiError, match=f"the answer {status} is .* from a proxy or gateway") as caught:
        understand(b"<html><center><h1>Request Entity Too Large</h1></center></html>", status=status)

    assert (Outcome.UNKNOWN, status) == (caught.value.outcome, caught.value.status)


@pytest.mark.parametrize(
    "body",
    [
        b'{"success":false,"status_text":"m","status_code":422}',
        b'{"statusCode":422,"message":"m"}',
        b'{"status":"422","message":"m"}',
        b'{"error":{"code":422,"message":["m"]},"data":{}}',
        b'{"status":true,"data":{"success":false,"message":"m","data":{},"status_code":422}}',
        b'{"status_code":422,"message":"m","data":{"customer_id":"c"}}',
        b'{"status":true,"data":{"success":false,"message":"m","status_code":422}}',
        b'{"data":null,"status_code":422,"message":"m"}',
    ],
)
@pytest.mark.parametrize("code", [422, 400])
def test_an_error_inside_a_200_is_an_error(body, code):
    """Whatever the HTTP status says; the words are found wherever they stand."""
    with pytest.raises(ApiError) as caught:
        understand(body.replace(b"422", b"%d" % code))

    assert (Outcome.REJECTED, "m", code) == (caught.value.outcome, caught.value.provider_message, caught.value.status)


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":false,"message":"m"}',
        b'{"error":"m","status":false}',
        b'{"status":false,"message":"m","data":{"customer_id":"c"}}',
        b'{"errors":"m","success":false,"data":{"customer_id":"c"}}',
        b'{"status":"fail","message":"m","data":{"sender_amount":"insufficient"}}',
        b'{"status":" FAILED ","message":"m","data":{"customer_id":"c"}}',
        b'{"status":"error","message":"m"}',
        b'{"success":0,"message":"m","data":{"customer_id":"c"}}',
        b'{"success":0.0,"message":"m","data":{"customer_id":"c"}}',
        b'{"status_code":500.0,"message":"m","data":{"customer_id":"c"}}',
        b'{"code":5e2,"message":"m","data":{"customer_id":"c"}}',
        b'{"success":"false","message":"m","data":{"customer_id":"c"}}',
        b'{"error":{"message":"m"},"data":{}}',
        b'{"error":{"message":"m"},"data":{"customer_id":"c"}}',
        b'{"errors":["m"],"data":{"customer_id":"c"}}',
        b'{"status_code":499,"success":false,"message":"m"}',
        b'{"code":409,"message":"m","data":{"customer_id":"c"}}',
        b'{"status":true,"data":{"success":false,"message":"m"}}',
        b'{"status":"success","data":{"success":"no","message":"m"}}',
        b'{"data":{"success":0,"message":"m"}}',
        b'{"status":false,"status_code":200,"message":"m"}',
        b'{"status":401,"error":{"code":500},"message":"m"}',
        b'{"status_code":500,"data":{"success":false,"status_code":400,"message":"m"}}',
        b'{"status_code":400,"errors":[{"code":500}],"message":"m"}',
        b'{"success":true,"status_code":400,"message":"m","data":{"customer_id":"c"}}',
        b'{"success":true,"status":"fail","code":422,"message":"m"}',
        b'{"status":false,"data":{"success":true,"data":{"customer_id":"c"},"message":"m"}}',
    ],
)
def test_a_failure_inside_a_200_that_proves_no_refusal_is_in_doubt(body):
    """It is an error in any case; that nothing was done is said only by the statuses that prove it."""
    with pytest.raises(ApiError) as caught:
        understand(body)

    assert (Outcome.UNKNOWN, "m") == (caught.value.outcome, caught.value.provider_message)


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":true,"message":"m"}',
        b'{"status_code":200,"message":"m"}',
        b'{"status":500,"message":"m"}',
        b'{"status_code":409,"message":"m"}',
        b'{"error":{"code":499},"message":"m"}',
        b'{"status_code":500.0,"message":"m"}',
        b'{"success":1.0,"message":"m"}',
        b'{"status_code":500,"data":{"success":false,"status_code":400,"message":"m"}}',
        b'{"status":false,"data":{"success":true,"data":{"customer_id":"c"},"message":"m"}}',
        b'{"errors":[{"code":400},{"code":"500","message":"m"}]}',
        b'{"error":[{"status":499,"message":"m"}]}',
        b'{"error":{"code":400,"errors":[{"error":{"code":500}}]}}',
        b'{"error":"500"}',
        b'{"success":true,"status_code":400}',
        b'{"status":"success","error":{"code":400}}',
    ],
)
def test_a_refusal_that_its_own_body_contradicts_is_in_doubt(body):
    """HTTP says 400, the envelope says something else: nobody can be sure that nothing was done."""
    with pytest.raises(ApiError) as caught:
        understand(body, status=400)

    assert (400, Outcome.UNKNOWN) == (caught.value.status, caught.value.outcome)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"error":{"code":406,"name":"NOT_ACCEPTABLE","message":["a","b"]}}', "406", "a; b"),
        (b'{"success":false,"error":{"name":"NOT_ACCEPTABLE"}}', "NOT_ACCEPTABLE", "NOT_ACCEPTABLE"),
        (b'{"errors":[{"code":"E1","message":"a"},{"code":"E2","detail":"b"}]}', "E1", "a; b"),
        (b'{"error":{"details":[{"reason":"a"}]}}', None, "a"),
        (b'{"error":"a","code":17}', "17", "a"),
        (b'{"error":{"error":{"code":17,"message":"a"}}}', "17", "a"),
        (b'{"error":{"code":{"x":1},"errors":[{"code":"E1","message":"a"}]}}', "E1", "a"),
        (b'{"errors":{"name":["a","b"],"email":["c"]}}', None, '{"name":["a","b"],"email":["c"]}'),
        (b'{"message":{"x":1}}', None, '{"x":1}'),
        (b'{"error":{"error":{"error":{"error":{"error":{"error":"a"}}}}}}', None, '{"error":"a"}'),
        (b'{"message":["",null,{}],"status_text":"a"}', None, "a"),
        (b'{"error":true}', None, None),
        (b'{"type":"about:blank","title":"Bad","detail":"a"}', None, "a"),
        (b'{"detail":[{"loc":["body","bsb"],"msg":"a"}]}', None, "a"),
        (b'{"message":null,"description":"a"}', None, "a"),
        (b'{"data":{"reason":"a"}}', None, None),
    ],
)
def test_code_and_words_of_an_error_are_found(body, code, message):
    """Also inside an error object, as upstream sends it, and as one text where there are several."""
    with pytest.raises(ApiError) as caught:
        understand(body, status=406)

    assert (code, message) == (caught.value.code, caught.value.provider_message)
    assert (message is None) is ("it gives no reason; its body is in .raw" in str(caught.value))


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":"success","data":{"customer_id":"c"}}',
        b'{"status":"OK","success":"true","data":{"customer_id":"c"}}',
        b'{"status":200,"error":null,"data":{"customer_id":"c"}}',
        b'{"success":1,"error":{},"errors":[],"code":0,"data":{"customer_id":"c"}}',
        b'{"status":true,"code":"SUCCESS","data":{"customer_id":"c"}}',
        b'{"status":true,"error":{"code":17},"data":{"customer_id":"c"}}',
        b'{"status":"queued","data":{"customer_id":"c"}}',
    ],
)
def test_a_success_is_known_by_its_verdict_or_by_its_identity(body):
    """A word that nobody has seen, or a leftover error object, does not lose an answer that names its object."""
    assert "c" == understand(body).data.customer_id


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":true,"data":{"customer_id":"c","success":false}}',
        b'{"success":true,"data":{"customer_id":"c","success" :0},"request_id":"r"}',
        b'{"data":{"customer_id":"c"},"code":"500"}',
        b'{"data":{"customer_id":"c"},"code":"400"}',
    ],
)
def test_a_failure_beside_an_identity_is_no_success(body):
    """Neither a flag inside the data nor a number written as a text is passed over on the fast way of reading."""
    with pytest.raises(ApiError):
        understand(body)


SUCCEEDED = ("true", "ok", "okay", "success", "successful", "succeeded", "yes")
FAILED = (
    *("false", "no", "nok", "not_ok", "ko", "fail", "failed", "failure", "err", "error"),
    *("errored", "invalid", "rejected", "refused", "declined", "denied", "unsuccessful"),
)


@pytest.mark.parametrize("field", ["status", "success"])
@pytest.mark.parametrize("word", FAILED)
def test_every_word_of_failure_is_understood(field, word):
    """Also beside the data of the object, which alone would prove a success; in capitals, too."""
    for written in (word, word.title()):
        with pytest.raises(ApiError) as caught:
            understand(b'{"%s":"%s","data":{"customer_id":"c"}}' % (field.encode(), written.encode()))

        assert Outcome.UNKNOWN is caught.value.outcome


@pytest.mark.parametrize("word", [*SUCCEEDED, "pending", "null", "created", ""])
def test_only_words_of_success_prove_one(word):
    """A payout whose answer says "pending" and names no payout is in doubt."""
    body = b'{"status":"%s","data":{}}' % word.encode()

    if word in SUCCEEDED:
        assert {} == understand(body, SIMULATE_PAYOUT).data
    else:
        with pytest.raises(InvalidResponse) as caught:
            understand(body, SIMULATE_PAYOUT)
        assert Outcome.UNKNOWN is caught.value.outcome


@pytest.mark.parametrize(
    "body",
    [
        b'{"message":"queued"}',
        b'{"message":"queued","data":null}',
        b'{"status":true,"error":{"message":"m"}}',
        b'{"success":true,"errors":["m"],"data":{"reason":"m"}}',
        b'{"status":"ok","code":422,"data":{}}',
    ],
)
def test_an_answer_that_contradicts_itself_or_says_nothing_is_no_proof(body):
    """Of a call that moves money and whose answer may be empty: it needs a verdict without a complaint beside it."""
    with pytest.raises((InvalidResponse, ApiError)) as caught:
        understand(body, SIMULATE_PAYOUT)

    assert Outcome.UNKNOWN is caught.value.outcome


_WORDS = st.sampled_from(
    (
        *(None, True, False, 0, 1, 1.0, 0.0, 2, 200, 299, 300, 399, 400, 422, 500, 500.0, 599, 600, -1, "", "0", "1"),
        *("true", "ok", "fail", "200", "400", "500", " 500", "500\n", "success", {}, [], {"code": 500}, ["x"]),
    )
)
_KEYS = st.sampled_from(
    ("status", "success", "status_code", "statusCode", "code", "error", "errors", "message", "request_id", "x")
)
_SAID = st.dictionaries(_KEYS, _WORDS, max_size=2)
_OBJECTS = st.sampled_from(
    [{"customer_id": "c"}, {"customer_id": "c", "description": 5}, {"data": {"customer_id": "d"}}]
)


@settings(max_examples=1000)
@given(_SAID, _OBJECTS, _SAID, _SAID)
def test_the_fast_way_of_reading_says_what_the_slow_one_does(before, thing, within, after):
    """Whatever stands around an object, or in it: what the short cut takes for a success is one on closer look, too."""
    raw = RawReply(200, {}, msgspec.json.encode({**before, "data": {**within, **thing}, **after}))
    taken = ENVELOPE_DECODERS[UPDATE_CUSTOMER.response](raw.body)

    if taken is not None:
        assert taken[0] == understand(raw.body, closely=True).data


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"", Outcome.UNKNOWN),
        (b"<html>", Outcome.UNKNOWN),
        (b"[]", Outcome.UNKNOWN),
        (b"{}", Outcome.UNKNOWN),
        (b'{"message":"OK","data":null}', Outcome.UNKNOWN),
        (b'{"message":"OK","data":"text"}', Outcome.UNKNOWN),
        (b'{"status":true,"data":"text"}', Outcome.APPLIED),
        (b'{"success":true,"data":[1]}', Outcome.APPLIED),
        (b'{"success":true}', Outcome.APPLIED),
        (b'{"status":true,"data":{"a":' + b"[" * 400_000 + b"]" * 400_000 + b"}}", Outcome.UNKNOWN),
    ],
)
def test_an_answer_without_the_object_is_invalid(body, outcome):
    """Carried out only if a whole envelope says so."""
    with pytest.raises(InvalidResponse) as caught:
        understand(body)

    assert outcome is caught.value.outcome


@pytest.mark.parametrize("status", [0, 100, 199, 600, 999])
def test_a_status_that_is_none_is_invalid(status):
    """Only 200 to 599 are final answers."""
    with pytest.raises(InvalidResponse):
        understand(ONE, status=status)


@pytest.mark.parametrize("body", [b"", b"null", b'{"status":true,"data":null}', b'{"success":true}'])
def test_a_deletion_may_be_answered_with_nothing(body):
    """The answer to a deletion is not documented, so an empty one counts as a success."""
    if body == b"null":
        with pytest.raises(InvalidResponse):
            understand(body, DELETE_CUSTOMER)
    else:
        assert understand(body, DELETE_CUSTOMER).data.customer_id is None


@pytest.mark.promise("P7")
def test_the_location_of_a_redirect_is_not_shown_whole():
    """The error of a redirect names its host, but not path and query, which may contain a token."""
    with pytest.raises(UnexpectedRedirect) as caught:
        understand(b"", status=302, headers={"location": "https://evil.example/steal?token=abc"})

    assert "evil.example" in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize("closely", [False, True], ids=["fast", "closely"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_no_redirect_is_a_success(status, closely):
    """Whatever its body says: it is another server's answer, or one that the request never reached."""
    with pytest.raises(UnexpectedRedirect) as caught:
        understand(PAGE, status=status, closely=closely)

    assert (status, Outcome.UNKNOWN) == (caught.value.status, caught.value.outcome)


@pytest.mark.parametrize("location", ["http://[", "//[::1", "", "http://\ud800"], ids=ascii)
def test_a_location_that_is_no_address_does_no_harm(location):
    """A redirect's location may be any text, and must not break the error."""
    with pytest.raises(UnexpectedRedirect):
        understand(b"", status=302, headers={"location": location})


@pytest.mark.promise("P7")
def test_the_raw_body_of_an_error_is_clipped_and_redacted():
    """An answer may quote the token, or a checkout address that carries it."""
    body = b'{"status":false,"message":"bad snd_token","url":"https://x/?identifier=abc"}' + b" " * 5000

    with pytest.raises(BadRequest) as caught:
        understand(body, status=400)

    error = caught.value
    assert ("bad ***", True) == (error.provider_message, len(error.raw) < 2100)
    assert not [secret for secret in ("snd_token", "abc") if secret in error.raw]


def test_pages_are_read_in_any_of_the_usual_shapes():
    """A bare list, or one in an object, with or without a total."""
    shapes = [b"[%s]", b'{"data":[%s],"total":7}', b'{"items":[%s]}', b'{"total_count":7,"customers":[%s]}']

    pages = [understand(b'{"status":true,"data":%s}' % (shape % ONE), LIST_CUSTOMERS).data for shape in shapes]

    assert [["customer_1"]] * 4 == [[item.customer_id for item in page.items] for page in pages]
    assert [None, 7, None, 7] == [page.total for page in pages]


@pytest.mark.promise("P6")
def test_an_odd_item_does_not_lose_the_page():
    """An item that is not an object is left out and reported; the other items stay."""
    reading = understand(b'{"status":true,"data":[%s,7,{"customer_id":"b","is_active":3}]}' % ONE, LIST_CUSTOMERS)

    assert ["customer_1", "b"] == [item.customer_id for item in reading.data.items]
    assert ["$.data[1]", "$.data[2].is_active"] == [note.path for note in reading.notes]


@pytest.mark.parametrize("data", [b"7", b"null", b'{"a":1}', b'"x"'])
def test_a_page_without_a_list_is_invalid(data):
    """An answer without a list raises `InvalidResponse`."""
    with pytest.raises(InvalidResponse):
        understand(b'{"status":true,"data":%s}' % data, LIST_CUSTOMERS)


def test_the_escape_hatch_gives_plain_data():
    """What stands in the envelope, as dicts and lists; nothing at all is None."""
    endpoint = raw_endpoint("POST", "/api/v1/new")

    assert {"a": [1]} == understand(b'{"status":true,"data":{"a":[1]}}', endpoint).data
    assert understand(b"", endpoint, 204).data is None


@pytest.mark.parametrize(
    ("data", "is_success"),
    [
        (b'{"id":"thing_1"}', True),
        (b'{"payin_id":7}', True),
        (b'{"reason":"insufficient"}', False),
        (b'{"id":""}', False),
        (b'"failed"', False),
        (b"[{}]", False),
        (b"{}", False),
    ],
)
def test_a_call_of_unknown_shape_needs_a_verdict_or_an_id(data, is_success):
    """Of a POST that the SDK does not know, data without an id proves nothing unless the envelope says success."""
    endpoint = raw_endpoint("POST", "/api/v1/new")
    body = b'{"message":"m","data":%s}' % data

    if is_success:
        assert understand(body, endpoint).data
    else:
        with pytest.raises(InvalidResponse) as caught:
            understand(body, endpoint)
        assert Outcome.UNKNOWN is caught.value.outcome
    assert understand(body.replace(b"{", b'{"success":true,', 1), endpoint)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*"abc", "data", "status", "success", "message", "customer_id", "company", "status_code", "type"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


LOCATIONS = st.sampled_from(["https://evil.example/x", "http://[", "//[::1", "https://a:port/", "http://\ud800"])


def _cut(document: object, length: int) -> bytes:
    """An answer that says success and breaks off."""
    return (b'{"success":true,"data":{"customer_id":7,"x":%s}}' % msgspec.json.encode(document))[:-length]


@given(
    body=JSON.map(msgspec.json.encode) | st.binary(max_size=60) | st.builds(_cut, JSON, st.integers(1, 30)),
    status=st.sampled_from([200, 200, 201, 204, 302, 400, 404, 429, 500]),
    endpoint=st.sampled_from([UPDATE_CUSTOMER, LIST_CUSTOMERS, DELETE_CUSTOMER, raw_endpoint("GET", "/x")]),
    closely=st.booleans(),
    headers=st.dictionaries(st.sampled_from(["location", "retry-after", "x-request-id"]), st.text() | LOCATIONS),
)
def test_any_answer_ends_in_data_or_in_one_of_our_errors(body, status, endpoint, closely, headers):
    """No bytes in an answer raise anything but a `PayCombatError`."""
    try:
        reading = understand(body, endpoint, status, closely=closely, headers=headers)
    except PayCombatError:
        return

    assert 200 <= status < 300
    assert reading.data is None or endpoint is LIST_CUSTOMERS or isinstance(reading.data, endpoint.response)


@pytest.mark.promise("P11")
@given(st.dictionaries(st.sampled_from(UpdateCustomer.__struct_fields__), JSON | st.binary(max_size=4), max_size=4))
def test_any_request_is_drafted_or_refused(fields):
    """A Struct with anything in its fields: bytes that hold them, or `InvalidRequest`."""
    request = UpdateCustomer(**({"customer_id": "c"} | fields))
    try:
        sent = draft(UPDATE_CUSTOMER, request, {}, None, ACCOUNT)
    except InvalidRequest:
        return

    body = msgspec.json.decode(sent.body)
    assert set(body) >= {name for name in request.__struct_fields__ if getattr(request, name) is not UNSET} - {"extra"}
    assert isinstance(body["customer_id"], str)


def test_a_reply_tells_its_drift_and_hides_its_data():
    """`Reply.drift` is computed from the raw body on access."""
    body = b'{"success":true,"data":{"customer_id":"c","secret":"kim"}}'
    reply = Reply(understand(body).data, "r", 1, 0.1, UPDATE_CUSTOMER, RawReply(200, {}, body))

    [drift] = reply.drift
    assert ("customers.update", "$.data.secret", "unknown_field") == (drift.endpoint, drift.path, drift.kind)
    assert "kim" not in repr(reply) + repr(reply.drift)
    assert drift == copy.copy(drift) == pickle.loads(pickle.dumps(drift))


ENVELOPE = b'{"data":%s,"success":true,' % ONE
IN_ENVELOPES = {
    "the page": (PAGE, ("string", 0, "string")),
    "B": (ENVELOPE + b'"request_time":"12 ms","status_code":201,"status_text":"CREATED"}', ("12 ms", 201, "CREATED")),
    "C": (b'{"status":true,"data":%s"status_code":200}}' % ENVELOPE, (None, 200, None)),
    "C, outside": (b'{"status":true,"status_text":"OK","data":%s"message":"x"}}' % ENVELOPE, (None, None, "OK")),
    "camel case": (ENVELOPE + b'"statusCode":202}', (None, 202, None)),
    "as text": (ENVELOPE + b'"status_code":"200"}', (None, 200, None)),
    "other types": (ENVELOPE + b'"request_time":5,"status_code":true,"status_text":{}}', (None, None, None)),
    "long digits": (ENVELOPE + b'"status_code":"%s"}' % (b"1" * 5000), (None, None, None)),
    "none": (ENVELOPE + b'"message":"OK"}', (None, None, None)),
    "no JSON": (b"", (None, None, None)),
}


@pytest.mark.parametrize(("body", "expected"), IN_ENVELOPES.values(), ids=IN_ENVELOPES)
def test_a_reply_has_what_the_envelope_says(body, expected):
    """Time, status and its text, from whichever envelope has them; None where they are absent or of another type."""
    reply = Reply(None, "r", 1, 0.1, UPDATE_CUSTOMER, RawReply(200, {}, body))

    assert expected == (reply.request_time, reply.status_code, reply.status_text)
    assert 200 == reply.status


RAW_GET = raw_endpoint("GET", "/x")


@pytest.mark.parametrize(
    "travel", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copy", "deepcopy", "pickle"]
)
@pytest.mark.parametrize(
    ("endpoint", "data"),
    [(UPDATE_CUSTOMER, b'{"customer_id":"c","new":1}'), (LIST_CUSTOMERS, b"[%s]" % ONE), (RAW_GET, b'{"a":1}')],
    ids=["customers.update", "customers.list", "raw"],
)
def test_a_reply_travels(endpoint, data, travel):
    """To another process or into a cache: data, body, headers and drift are the same there."""
    body = b'{"success":true,"data":%s}' % data
    headers = CIMultiDictProxy(CIMultiDict({"X-Request-Id": "r", "Content-Type": "application/json"}))
    reply = Reply(
        understand(body, endpoint).data, "r", 2, 0.5, endpoint, RawReply(200, headers, body), is_replayed=True
    )

    other = travel(reply)

    assert (reply.data, reply.raw, reply.headers, reply.status) == (other.data, other.raw, other.headers, other.status)
    assert (reply.drift, reply.endpoint, reply.is_replayed) == (other.drift, other.endpoint, other.is_replayed)
    assert ("r", 2, 0.5) == (other.request_id, other.attempts, other.elapsed)
    assert "r" == other.answer.headers.get("x-request-id")


@pytest.mark.promise("P6")
def test_null_written_as_an_empty_object_is_none_on_every_level():
    """The fast way, which nobody asks to look closely, clears what stands within as well."""
    customer = understand(PAGE).data

    company = customer.company
    assert (None, None) == (company.company_domain, company.address_line2)
    assert (None, None) == (company.authorized_user.address_line2, company.authorized_user.identification_custom_type)


def test_items_of_a_list_under_its_own_name_are_read_like_others():
    """`{}` is null in them, too, and one that does not say which it is, is drift."""
    body = b'{"data":{"items":[{"customer_id":"c","webhook_url":{}}]},"success":true}'

    (customer,) = understand(body, LIST_CUSTOMERS).data.items

    assert ("c", None) == (customer.customer_id, customer.webhook_url)


@pytest.mark.promise("P7")
@pytest.mark.parametrize("request_id", ["snd_token", "snd_token-4f", "0f-snd_token"])
def test_a_secret_in_the_id_of_a_request_is_taken_out(request_id):
    """The request id is redacted after fast and after slow decoding."""
    body = b'{"data":%s,"request_id":"%s","success":true}' % (ONE, request_id.encode())

    assert "snd_token" not in (understand(body).request_id or "")


@pytest.mark.promise("P11")
def test_a_body_may_have_100_000_bytes_and_not_one_more():
    """The provider's framework refuses more, and the request is refused before it is sent, with its size."""
    empty = len(draft(UPDATE_CUSTOMER, update(description=""), {}, None, ACCOUNT).body)
    fitting = update(description="x" * (100_000 - empty))

    assert 100_000 == len(draft(UPDATE_CUSTOMER, fitting, {}, None, ACCOUNT).body)
    with pytest.raises(InvalidRequest, match="100001 bytes"):
        draft(UPDATE_CUSTOMER, update(description="x" * (100_001 - empty)), {}, None, ACCOUNT)
