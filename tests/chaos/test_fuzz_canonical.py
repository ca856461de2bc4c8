"""Any Python object, and any request: bytes that JavaScript gives back unchanged, or `InvalidRequest` with a path."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

from paycombat_async import Endpoint, InvalidRequest, Outcome, Secret, Signer, canonical_json
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._protocol.request_body import MAX_BODY_BYTES
from paycombat_async.sandbox.stringify import stringify
from tests.calls import BY_NAME, PATHS
from tests.chaos.objects import objects
from tests.chaos.soak import examples

pytestmark = pytest.mark.promise("P2", "P11")

KEY = "snd_key-of-the-fuzz"
ACCOUNT = ClientConfig("https://api.paycombat.com", Secret("snd_token"), Signer(KEY), PATHS)
REQUESTS = sorted(name for name, endpoint in BY_NAME.items() if issubclass(endpoint.request, Struct))


def deeper(value: object, levels: int) -> object:
    """The value under so many brackets more."""
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def written(value: object) -> bytes | InvalidRequest:
    try:
        return canonical_json(value)
    except InvalidRequest as error:
        return error


def is_fixed_point(body: bytes) -> bool:
    """Whether a JavaScript server prints what it reads."""
    text = body.decode("utf-8")
    return text == stringify(text)


def is_fit_to_be_shown(error: InvalidRequest) -> bool:
    """It names the place as a path, on one line, in UTF-8."""
    return error.path.startswith("$") and str(error).isprintable() and bool(str(error).encode())


@examples("canonical")
@given(objects, st.sampled_from([0, 0, 0, 29, 31, 32, 33, 5_000]))
def test_any_object_is_a_fixed_point_or_refused(value: object, levels: int) -> None:
    """Nothing else is raised, whatever the object is."""
    result = written(deeper(value, levels))

    if isinstance(result, InvalidRequest):
        assert is_fit_to_be_shown(result)
    else:
        assert is_fixed_point(result)
        assert result == canonical_json(json.loads(result, parse_int=float))


def _fields(kind: type[Struct]) -> list[msgspec.structs.FieldInfo]:
    return [field for field in msgspec.structs.fields(kind) if field.name != "extra"]


def _parts(annotation: Any) -> list[type[Struct]]:
    members = getattr(annotation, "__args__", (annotation,))
    return [member for member in members if isinstance(member, type) and issubclass(member, Struct)]


# By what stands in an annotation; the first that is there.
_RIGHT: tuple[tuple[Any, tuple[object, ...]], ...] = (
    (Decimal, (Decimal("12.50"), 3, Decimal("1E+2"), 0)),
    ("individual", ("individual", "company")),
    (Mapping, ({}, {"7": 0.1, "a": [None, {"1": "x", "0": -0.0}]}, {"é": "\u2028"})),
    (str, ("x", "", "é\u2028\x7f", "AUD")),
)


def _right(annotation: Any) -> st.SearchStrategy[object]:
    """Values that a field takes, and UNSET where it may be left out."""
    part = next(iter(_parts(annotation)), None)
    found = (values for mark, values in _RIGHT if mark in _marks(annotation))
    right = st.sampled_from(next(found, (UNSET,))) if part is None else requests(part, st.just(0))
    return right | st.just(UNSET) if UnsetType in get_args(annotation) else right


def _marks(annotation: Any) -> set[Any]:
    """All that an annotation is made of."""
    return {annotation, get_origin(annotation)} | {mark for part in get_args(annotation) for mark in _marks(part)}


_ODDITIES = st.sampled_from([0, 0, 1, 1, 2])


@st.composite
def requests(draw: Callable[..., Any], kind: type[Struct], oddities: st.SearchStrategy[int] = _ODDITIES) -> Struct:
    """Of this kind, with anything in some of its fields: constructors check nothing."""
    values = {field.name: draw(_right(field.type)) for field in _fields(kind)}
    if "extra" in kind.__struct_fields__:
        values["extra"] = draw(st.sampled_from([UNSET, {"a": Decimal("1.50"), "b": ["x", None]}, {"é": {"k": 1}}]))
    for name in draw(st.lists(st.sampled_from(kind.__struct_fields__), max_size=draw(oddities))):
        values[name] = draw(objects)
    return kind(**values)


def drafted(endpoint: Endpoint[Any, Any], request: object) -> tuple[bytes, Mapping[str, str]] | InvalidRequest:
    path = {"customer_id": "c"} if "customer_id" in (endpoint.path or "") else {}
    try:
        sent = draft(endpoint, request, path, None, ACCOUNT)
    except InvalidRequest as error:
        return error
    assert sent.body is not None
    return sent.body, sent.headers


@pytest.mark.promise("P1")
@examples("drafts")
@given(st.data(), st.sampled_from(REQUESTS))
def test_any_request_of_any_endpoint_is_signed_as_a_server_sees_it_or_refused(data: st.DataObject, name: str) -> None:
    """Read as JSON by the provider it is what was signed, and it still has the Struct's own shape."""
    endpoint = BY_NAME[name]
    request = data.draw(requests(endpoint.request))

    result = drafted(endpoint, request)

    if isinstance(result, InvalidRequest):
        assert is_fit_to_be_shown(result)
        assert Outcome.NOT_SENT is result.outcome
    else:
        body, headers = result
        assert is_fixed_point(body)
        assert len(body) <= MAX_BODY_BYTES
        assert Signer(KEY).verify(stringify(body.decode()).encode(), headers["signature"])
        assert has_the_shape_of(endpoint.request, body)


def has_the_shape_of(kind: type[Struct], body: bytes) -> bool:
    """Whether the typed fields of it are what the Struct's annotations allow."""
    names = {field.encode_name for field in _fields(kind)}
    typed = {name: value for name, value in json.loads(body, parse_float=Decimal).items() if name in names}
    for field in _fields(kind):
        for part in _parts(field.type):
            if isinstance(typed.get(field.encode_name), dict) and "extra" in part.__struct_fields__:
                known = {inner.encode_name for inner in _fields(part)}
                found = typed[field.encode_name]
                typed[field.encode_name] = {name: value for name, value in found.items() if name in known}
    try:
        msgspec.convert(typed, kind)
    except msgspec.ValidationError:
        return False
    return True


def test_the_property_sees_requests_that_are_sent_and_some_that_are_refused() -> None:
    """The generator is no use if nothing it makes is ever sent, or nothing refused."""
    ends: Counter[str] = Counter()

    @examples("drafts seen")
    @given(st.data(), st.sampled_from(REQUESTS))
    def count(data: st.DataObject, name: str) -> None:
        ends[type(drafted(BY_NAME[name], data.draw(requests(BY_NAME[name].request)))).__name__] += 1

    count()

    assert min(ends["tuple"], ends["InvalidRequest"]) > ends.total() // 5
