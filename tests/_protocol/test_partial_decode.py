"""Answers of which one field does not fit."""

import msgspec
import pytest

from paycombat_async import DriftKind
from paycombat_async._protocol.drift import FieldIssue
from paycombat_async._protocol.partial_decode import _decoder_without, decode_without_field, wrapped_in
from paycombat_async.schemas._base import Response

pytestmark = pytest.mark.promise("P6")


class Part(Response, frozen=True, kw_only=True):
    name: str | None = None


class Thing(Response, frozen=True, kw_only=True):
    id: str = ""
    count: int | None = None
    part: Part | None = None
    words: list[str] | None = None


def read(data: bytes):
    body = b'{"data":' + data + b',"request_id":"r1","success":true}'
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=wrapped_in(Thing))
    return decode_without_field(Thing, body, caught.value)


@pytest.mark.parametrize(
    ("data", "expected", "path"),
    [
        (b'{"id":"a","count":"x","part":{"name":"p"}}', Thing(id="a", part=Part(name="p")), "$.data.count"),
        (b'{"id":"a","count":1,"part":{"name":7}}', Thing(id="a", count=1, part=Part()), "$.data.part.name"),
        (b'{"id":"a","count":{"x":1}}', Thing(id="a"), "$.data.count"),
        (b'{"id":"a","count":{}}', Thing(id="a"), None),
        (b'{"id":"a","part":{"name":{}}}', Thing(id="a", part=Part()), None),
    ],
)
def test_the_rest_is_read_and_the_field_is_noted(data, expected, path):
    """The one field is left out, at any level; `{}` is this provider's null and is not reported."""
    wrapped, notes = read(data)

    assert (expected, "r1", True) == (wrapped.data, wrapped.request_id, wrapped.success)
    assert type(wrapped.data) is Thing
    assert [(note.path, note.kind) for note in notes] == ([(path, DriftKind.WRONG_TYPE)] if path else [])
    assert all(isinstance(note, FieldIssue) for note in notes)


@pytest.mark.parametrize("data", [b'{"id":"a","count":"x","part":[]}', b'{"id":"a","words":["x",7]}', b"[]", b'"x"'])
def test_more_than_one_field_is_left_to_the_slow_way(data):
    """An answer in which more than one field, or a place in a list, does not fit is decoded field by field."""
    assert (None, []) == read(data)


def test_no_reader_is_kept_for_each_place_in_a_list():
    """Decoders are not cached per index, so that foreign answers cannot fill the memory."""
    kept = _decoder_without.cache_info().currsize

    for place in range(20):
        read(b'{"id":"a","words":[' + b'"x",' * place + b"7]}")

    assert kept == _decoder_without.cache_info().currsize
