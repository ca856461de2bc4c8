"""The headers of web frameworks, with a signature that came once, twice, or with another one."""

from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
from django.http.request import HttpHeaders
from multidict import CIMultiDict, CIMultiDictProxy
from starlette.datastructures import Headers as StarletteHeaders
from tornado.httputil import HTTPHeaders
from werkzeug.datastructures import EnvironHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

from paycombat_async import webhooks
from paycombat_async.errors import SignatureMismatch
from tests.webhooks.bodies import KEY, PAYIN, signature, written

BODY = written(PAYIN)
SIGNATURE = signature(BODY)
OTHER = "0" * 64


def tornado_headers(values: list[str]) -> HTTPHeaders:
    headers = HTTPHeaders()
    for value in values:
        headers.add("X-Signature", value)
    return headers


def message_headers(values: list[str]) -> Message:
    """As `http.server` has them."""
    headers = Message()
    for value in values:
        headers["X-Signature"] = value
    return headers


def pairs(values: list[str]) -> list[tuple[str, str]]:
    return [("Host", "shop.example"), *(("X-Signature", value) for value in values)]


# What each makes of a header that came several times. WSGI servers have joined the values.
HEADERS: dict[str, Callable[[list[str]], Any]] = {
    "dict, joined": lambda values: {"X-Signature": ", ".join(values)},
    "pairs": pairs,
    "tuple of pairs": lambda values: tuple(pairs(values)),
    "Starlette": lambda values: StarletteHeaders(raw=[(b"x-signature", value.encode()) for value in values]),
    "Werkzeug": lambda values: WerkzeugHeaders(pairs(values)),
    "Werkzeug, WSGI": lambda values: EnvironHeaders({"HTTP_X_SIGNATURE": ",".join(values)}),
    "Tornado": tornado_headers,
    "Django, WSGI": lambda values: HttpHeaders({"HTTP_X_SIGNATURE": ",".join(values)}),
    "aiohttp": lambda values: CIMultiDictProxy(CIMultiDict(pairs(values))),
    "http.server": message_headers,
}
each_framework = pytest.mark.parametrize("headers_of", HEADERS.values(), ids=HEADERS)


@each_framework
@pytest.mark.parametrize(
    "values",
    [[SIGNATURE], [SIGNATURE] * 2, [SIGNATURE] * 3, [SIGNATURE, SIGNATURE.upper()], [SIGNATURE, ""]],
    ids=["once", "twice", "three times", "in both cases", "with an empty one"],
)
def test_the_same_signature_may_come_several_times(headers_of: Any, values: list[str]) -> None:
    """A proxy that adds headers doubles them; the doctor agrees."""
    headers = headers_of(values)

    assert BODY == webhooks.verify(BODY, headers, [KEY])
    assert webhooks.diagnose(BODY, headers, [KEY]).verified


@pytest.mark.promise("P11")
@each_framework
@pytest.mark.parametrize(
    "values",
    [[], [""], [OTHER], [OTHER, OTHER], [SIGNATURE, OTHER], [OTHER, SIGNATURE], [SIGNATURE[:32], SIGNATURE[32:]]],
    ids=["none", "empty", "wrong", "wrong twice", "right and wrong", "wrong and right", "halves"],
)
def test_what_anybody_can_send_is_a_mismatch(headers_of: Any, values: list[str]) -> None:
    """Two different signatures are never tried one after the other; the doctor agrees."""
    headers = headers_of(values)

    with pytest.raises(SignatureMismatch):
        webhooks.verify(BODY, headers, [KEY])
    assert not webhooks.diagnose(BODY, headers, [KEY]).verified
