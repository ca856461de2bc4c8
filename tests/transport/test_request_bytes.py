"""Head and body of a request, and what no head can hold."""

import pytest

from paycombat_async import ConfigurationError, Draft
from paycombat_async.transport.request_bytes import encode_request

TOKEN = "snd_marked-token"


def draft(method: str = "PATCH", body: bytes | None = b"{}", **headers: str) -> Draft:
    return Draft("test", method, "https://provider.test/x", {"X-token": TOKEN, **headers}, body)


def head_of(request: bytes) -> tuple[str, list[str]]:
    """The first line, and the others without the two that name the SDK and its version."""
    first, *lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return first, [line for line in lines if not line.startswith(("Accept", "User-Agent"))]


@pytest.mark.promise("P1", "P9")
@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("PATCH", b'{"a":1}', ["Content-Length: 7"]),
        ("POST", b"", ["Content-Length: 0"]),
        ("POST", None, ["Content-Length: 0"]),
        ("PATCH", None, ["Content-Length: 0"]),
        ("DELETE", None, ["Content-Length: 0"]),
        ("GET", None, []),
        ("HEAD", None, []),
        ("GET", b"{}", ["Content-Length: 2"]),
    ],
)
def test_a_request_is_its_head_and_the_bytes_of_its_body(method, body, length) -> None:
    """The length is that of the body, and 0 where the method could have one."""
    request = encode_request(draft(method, body), "/api/%7Ev1/a?b=%2f", "provider.test:8443")

    assert (
        f"{method} /api/%7Ev1/a?b=%2f HTTP/1.1",
        ["Host: provider.test:8443", f"X-token: {TOKEN}", *length],
    ) == head_of(request)
    assert (body or b"") == request.partition(b"\r\n\r\n")[2]


def test_a_header_of_the_draft_takes_the_place_of_the_usual_one() -> None:
    """Whatever its case."""
    request = encode_request(draft(**{"accept": "text/plain", "USER-AGENT": "other"}), "/x", "provider.test")

    names = [line.partition(":")[0].lower() for line in request.decode().split("\r\n")[1:-2]]
    assert (1, 1) == (names.count("accept"), names.count("user-agent"))
    assert b"accept: text/plain\r\n" in request


def test_text_beyond_ascii_is_sent_as_utf_8() -> None:
    """As aiohttp sends it."""
    assert "X-Name: é한\r\n".encode() in encode_request(draft(**{"X-Name": "é한"}), "/x", "provider.test")


BAD_HEADERS = [
    {"X": "a\r\nY: b"},
    {"X": "a\nY: b"},
    {"X": "a\rY: b"},
    {"X": "a\r\n\r\nGET / HTTP/1.1"},
    {"X": "a\0"},
    {"X": "half a pair \ud800"},
    {"X\r\nY": "b"},
    {"X Y": "b"},
    {"X:": "b"},
    {"": "b"},
    {"X": "a", "x": "b"},
    {"Host": "elsewhere"},
    {"content-length": "1"},
    {"Transfer-Encoding": "chunked"},
]


@pytest.mark.promise("P9", "P11")
@pytest.mark.parametrize("headers", BAD_HEADERS, ids=repr)
def test_a_header_that_would_change_the_request_is_refused(headers) -> None:
    """It would be another request to the server, with the token of this one. The error does not show the token."""
    with pytest.raises(ConfigurationError) as caught:
        encode_request(draft(**headers), "/x", "provider.test")

    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert TOKEN not in str(caught.value)


@pytest.mark.promise("P9", "P11")
@pytest.mark.parametrize("target", ["/a b", "/a HTTP/1.1\r\nX: y", "/a\n", "/é", "/a\x7f", "a", "", "*", "//a\t"])
def test_an_address_that_is_not_encoded_is_refused(target) -> None:
    """A target has no white space, no control characters, and ASCII only."""
    with pytest.raises(ConfigurationError):
        encode_request(draft(), target, "provider.test")


@pytest.mark.promise("P9", "P11")
@pytest.mark.parametrize("method", ["GET /other HTTP/1.1\r\nX:", "PATCH ", "", "P\0"])
def test_a_method_that_is_none_is_refused(method) -> None:
    """It stands at the very beginning of the request."""
    with pytest.raises(ConfigurationError):
        encode_request(draft(method), "/x", "provider.test")


@pytest.mark.promise("P9", "P11")
@pytest.mark.parametrize("host", ["provider.test\r\nX: y", "provider.test\n", "provider .test", "", "\0"])
def test_a_host_that_is_none_is_refused(host) -> None:
    """It stands in the head like a header of the draft."""
    with pytest.raises(ConfigurationError):
        encode_request(draft(), "/x", host)


def test_a_request_may_have_no_headers_of_its_own() -> None:
    """The usual ones and the length are there."""
    request = encode_request(Draft("test", "GET", "https://provider.test/x", {}, None), "/x", "provider.test")

    assert ("GET /x HTTP/1.1", ["Host: provider.test"]) == head_of(request)
    assert request.endswith(b"\r\n\r\n")
