"""Other forms of an HTTP body that may have been signed by mistake in place of the body. The body need not be JSON.

The forms differ in line ends, text encoding, compression, Base64 or form encoding. Each function yields some of them.
Only `and_reprinted` does not make forms of its own: it adds to each form the same form as JavaScript prints it.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import product
from urllib.parse import parse_qsl, quote, unquote_plus

from paycombat_async.webhooks.doctor.body import Body, reprinted
from paycombat_async.webhooks.verify import MAX_BODY

Tried = bytes | str | None  # one form of the body; a str is encoded as UTF-8, and None is skipped

_MARK = b"\xef\xbb\xbf"
_MOST_FIELDS = 16
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}\s*")


def and_reprinted(found: Iterable[Tried]) -> Iterator[bytes]:
    """Yields each item as bytes, and after it the item as JavaScript prints it, `JSON.stringify(JSON.parse(item))`.

    An item of type str is encoded as UTF-8. An item that is not JSON is yielded twice. Left out are None, a str that
    UTF-8 cannot encode, and items longer than 256 KiB.
    """
    for item in found:
        raw = _encoded(item, "utf-8") if isinstance(item, str) else item
        if raw is not None and len(raw) <= MAX_BODY:
            yield raw
            yield reprinted(raw) or raw


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeError:
        return None


def _encoded(text: str | None, codec: str) -> bytes | None:
    try:
        return None if text is None else text.encode(codec)
    except UnicodeError:
        return None


def without_new_line(body: Body) -> Iterator[bytes]:
    for end in (b"\r\n", b"\n", b"\r"):
        yield body.raw.removesuffix(end)
    yield body.raw.rstrip(b"\r\n")


def with_new_line(body: Body) -> Iterator[bytes]:
    for raw, end in product(body.candidates, (b"\n", b"\r\n")):
        yield raw + end


def without_outer_space(body: Body) -> Iterator[bytes]:
    yield from (body.raw.strip(), body.raw.lstrip(), body.raw.rstrip(), body.raw.strip(b"\0"))


def other_line_ends(body: Body) -> Iterator[bytes]:
    unix = body.raw.replace(b"\r\n", b"\n")
    yield from (unix, unix.replace(b"\n", b"\r\n"), unix.replace(b"\n", b""))


def without_mark(body: Body) -> Iterator[bytes]:
    if body.raw.startswith(_MARK):
        yield from and_reprinted([body.raw.removeprefix(_MARK)])


def with_mark(body: Body) -> Iterator[bytes]:
    yield from (_MARK + raw for raw in body.candidates)


def from_other_encodings(body: Body) -> Iterator[bytes]:
    yield from and_reprinted(_decoded(body.raw, codec) for codec in ("utf-16", "utf-16-le", "cp1252"))
    yield from and_reprinted(_encoded(body.text, codec) for codec in ("latin-1", "cp1252"))


def in_other_encodings(body: Body) -> Iterator[bytes | None]:
    for raw in body.candidates:
        text = _decoded(raw, "utf-8")
        if text is not None:
            units = text.encode("utf-16-le")  # .NET's Encoding.Unicode gives these bytes
            yield units
            yield units[::2]  # the low byte of each UTF-16 unit, as Node's encodings "latin1" and "binary" give
            yield _encoded(text, "cp1252")
            yield text.encode("ascii", "replace")  # .NET's Encoding.ASCII gives these bytes


def unpacked(body: Body) -> Iterator[bytes]:
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            inflated = zlib.decompressobj(window).decompress(body.raw, MAX_BODY)
        except zlib.error:
            continue
        yield from and_reprinted([inflated])


def from_base64(body: Body) -> Iterator[bytes]:
    if _BASE64.fullmatch(body.raw):
        bare = body.raw.strip().rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        try:
            yield from and_reprinted([base64.b64decode(bare + b"=" * (-len(bare) % 4))])
        except binascii.Error:
            return


def in_base64(body: Body) -> Iterator[bytes]:
    yield from (base64.b64encode(raw) for raw in body.candidates)


def from_form(body: Body) -> Iterator[bytes]:
    if body.text is None or body.tokens:
        return
    yield from and_reprinted([unquote_plus(body.text)])
    head = "&".join(body.text.split("&", _MOST_FIELDS)[:_MOST_FIELDS])
    for name, value in parse_qsl(head, keep_blank_values=True):
        yield from and_reprinted([value, name])


def percent_encoded(body: Body) -> Iterator[str]:
    if body.text is not None:
        yield from (quote(body.text, safe=""), quote(body.text, safe="~()*!'"))
