"""Bodies, signatures and keys with something wrong, and the cause that the signature doctor has to name."""

import base64
import gzip
import hashlib
import hmac
import json
import urllib.parse
import zlib
from typing import Any, NamedTuple

from paycombat_async.webhooks.doctor.cause import Cause
from paycombat_async.webhooks.doctor.examination import MAX_KEYS

KEY = "snd_c2VjcmV0LWtleS1vZi10aGUtdGVzdHM="
HEX_KEY = "5ec2e7" * 8
TOKEN = "snd_x-token-of-the-tests"
EVENT = {
    "type": "PAYIN",
    "id": "payin_0dba3ca15dc2a46eb060e43da671efa3",
    "status": "SUCCESS",
    "amount": 10,
    "fee": 1.5,
    "payee_name": "홍길동 Zoë",
    "url": "https://example.com/?a=1&b=<2>",
    "data": {"id": 7, "name": "한빛", "list": [], "data": {"deep": True}},
}
BODY = json.dumps(EVENT, separators=(",", ":"), ensure_ascii=False).encode()
PRETTY = json.dumps(EVENT, indent=2, ensure_ascii=False).encode()
PHP = json.dumps(EVENT, separators=(",", ":")).replace("/", "\\/").encode()


def sign(body: bytes, key: str | bytes = KEY, algorithm: str = "sha256") -> str:
    """A signature made without any code of ours."""
    return hmac.new(key.encode() if isinstance(key, str) else key, body, algorithm).hexdigest()


def as_base64(signature: str) -> str:
    return base64.b64encode(bytes.fromhex(signature)).decode()


class Case(NamedTuple):
    cause: Cause
    body: bytes = BODY
    signature: Any = sign(BODY)
    keys: tuple[str, ...] = (KEY,)
    verified: bool = False


def signed(text: str | bytes) -> str:
    return sign(text.encode() if isinstance(text, str) else text)


ACCEPTED = {
    "fits": Case(Cause.FITS),
    "padded": Case(Cause.FITS, signature=f" {sign(BODY)}\n"),
    "X-Signature": Case(Cause.FITS, signature={"Host": "h", "X-SIGNATURE": sign(BODY)}),
    "signature": Case(Cause.FITS, signature={"Signature": sign(BODY)}),
    "twice": Case(Cause.FITS, signature=[("X-Signature", sign(BODY)), ("X-Signature", sign(BODY))]),
    "joined": Case(Cause.FITS, signature=f"{sign(BODY)}, {sign(BODY)}"),
    "second key": Case(Cause.FITS, keys=("other", KEY)),
    "upper case": Case(Cause.UPPER_CASE, signature=sign(BODY).upper()),
    "new line": Case(Cause.NEW_LINE, BODY + b"\n"),
    "CRLF": Case(Cause.NEW_LINE, BODY + b"\r\n"),
    "outer space": Case(Cause.OUTER_SPACE, b" " + BODY + b"\t\n"),
    "spaces": Case(Cause.SPACES, json.dumps(EVENT, ensure_ascii=False).encode()),
    "indented": Case(Cause.INDENTED, PRETTY),
    "line ends inside": Case(Cause.INDENTED, PRETTY.replace(b"\n", b"\r\n")),
    "json.dumps, compact": Case(Cause.ESCAPES, json.dumps(EVENT, separators=(",", ":")).encode()),
    "slashes": Case(Cause.PHP_ESCAPES, BODY.replace(b"/", rb"\/")),
    "numbers": Case(Cause.NUMBERS, BODY.replace(b"10,", b"10.00,").replace(b"1.5", b"15e-1")),
    "long integer": Case(Cause.NUMBERS, b'{"n":9007199254740993}', sign(b'{"n":9007199254740992}')),
    "too large a number": Case(Cause.NUMBERS, b'{"n":1e400}', sign(b'{"n":null}')),
    "index keys": Case(Cause.KEYS_MOVED, b'{"b":1,"10":2,"9":3}', sign(b'{"9":3,"10":2,"b":1}')),
    "a key twice": Case(Cause.KEYS_MOVED, b'{"a":1,"b":2,"a":3}', sign(b'{"a":3,"b":2}')),
    "json.dumps": Case(Cause.REPRINTED, json.dumps(EVENT).encode()),
    "PHP": Case(Cause.REPRINTED, PHP),
    "half a pair": Case(Cause.ESCAPES, b'{"a":"\\uD83D"}', sign(b'{"a":"\\ud83d"}')),
    "escaped backslash": Case(Cause.SPACES, b'{"a": "\\\\/"}', sign(b'{"a":"\\\\/"}')),
}
FORMS = {
    "None": Case(Cause.NO_SIGNATURE, signature=None),
    "empty": Case(Cause.NO_SIGNATURE, signature=" "),
    "no header": Case(Cause.NO_SIGNATURE, signature={"Content-Type": "application/json"}),
    "empty header": Case(Cause.NO_SIGNATURE, signature={"X-Signature": ""}),
    "WSGI": Case(Cause.HEADER_NAME, signature={"HTTP_X_SIGNATURE": sign(BODY)}),
    "ASGI": Case(Cause.HEADER_NAME, signature={b"x-signature": sign(BODY).encode()}),
    "own name": Case(Cause.HEADER_NAME, signature={"X-PayCombat-Signature": sign(BODY)}),
    "two headers": Case(Cause.SEVERAL_SIGNATURES, signature={"signature": "00", "X-Signature": sign(BODY)}),
    "joined": Case(Cause.SEVERAL_SIGNATURES, signature=f"{sign(BODY)}, {sign(b'?')}"),
    "value of bytes": Case(Cause.HEADER_VALUE, signature={"X-Signature": sign(BODY).encode()}),
    "value in a list": Case(Cause.HEADER_VALUE, signature={"X-Signature": [sign(BODY)]}),
    "timestamped": Case(Cause.SEVERAL_SIGNATURES, signature=f"t=1700000000,v1={sign(BODY)}"),
    "base64": Case(Cause.SIGNATURE_BASE64, signature=as_base64(sign(BODY))),
    "base64url": Case(Cause.SIGNATURE_BASE64, signature=as_base64(sign(BODY)).translate({43: 45, 47: 95, 61: None})),
    "base64 of hex": Case(Cause.SIGNATURE_BASE64, signature=base64.b64encode(sign(BODY).encode()).decode()),
    "quotes": Case(Cause.SIGNATURE_WRAPPED, signature=f'"{sign(BODY)}"'),
    "bytes": Case(Cause.SIGNATURE_WRAPPED, signature=str(sign(BODY).encode())),
    "sha256=": Case(Cause.SIGNATURE_WRAPPED, signature=f"sha256={sign(BODY)}"),
    "Bearer": Case(Cause.SIGNATURE_WRAPPED, signature=f"Bearer {sign(BODY)}"),
    "Bearer base64": Case(Cause.SIGNATURE_WRAPPED, signature=f"bearer {as_base64(sign(BODY))}"),
    "whole header": Case(Cause.SIGNATURE_WRAPPED, signature=f"X-Signature: {sign(BODY)}"),
    "brackets": Case(Cause.SIGNATURE_WRAPPED, signature=f"<{sign(BODY)}>"),
    "0x": Case(Cause.SIGNATURE_WRAPPED, signature=f"0x{sign(BODY)}"),
    "colons": Case(Cause.SIGNATURE_WRAPPED, signature=bytes.fromhex(sign(BODY)).hex(":")),
    "zero-width space": Case(Cause.SIGNATURE_WRAPPED, signature=f"\u200b{sign(BODY)}"),
    "percent": Case(Cause.SIGNATURE_WRAPPED, signature=urllib.parse.quote(f"sha256={as_base64(sign(BODY))}", safe="")),
    "base64 of another body": Case(Cause.SIGNATURE_BASE64, signature=as_base64(sign(b"?"))),
    "cut off": Case(Cause.SIGNATURE_MALFORMED, signature=sign(BODY)[:-1]),
    "no signature at all": Case(Cause.SIGNATURE_MALFORMED, signature="********"),
    "half a byte": Case(Cause.SIGNATURE_MALFORMED, signature="A"),
    "SHA-1": Case(Cause.OTHER_ALGORITHM, signature=sign(BODY, KEY, "sha1")),
    "MD5": Case(Cause.OTHER_ALGORITHM, signature=sign(BODY, KEY, "md5")),
    "SHA-512": Case(Cause.OTHER_ALGORITHM, signature=sign(BODY, KEY, "sha512")),
    "SHA3-256": Case(Cause.OTHER_ALGORITHM, signature=sign(BODY, KEY, "sha3_256")),
    "another SHA-1": Case(Cause.OTHER_ALGORITHM, signature=sign(b"?", KEY, "sha1")),
    "plain hash": Case(Cause.NOT_KEYED, signature=hashlib.sha256(BODY).hexdigest()),
    "body + key": Case(Cause.NOT_KEYED, signature=hashlib.sha256(BODY + KEY.encode()).hexdigest()),
    "key + body": Case(Cause.NOT_KEYED, signature=hashlib.sha256(KEY.encode() + BODY).hexdigest()),
    "MD5 of both": Case(Cause.NOT_KEYED, signature=hashlib.md5(BODY + KEY.encode()).hexdigest()),
}
MARK = b"\xef\xbb\xbf"
BODIES = {
    "new line signed": Case(Cause.NEW_LINE, signature=signed(BODY + b"\n")),
    "new line, not JSON": Case(Cause.NEW_LINE, b"text\n", signed("text")),
    "outer space, not JSON": Case(Cause.OUTER_SPACE, b"text\n ", signed("text")),
    "CRLF inside": Case(Cause.LINE_ENDS, PRETTY.replace(b"\n", b"\r\n"), signed(PRETTY)),
    "LF inside": Case(Cause.LINE_ENDS, PRETTY, signed(PRETTY.replace(b"\n", b"\r\n"))),
    "BOM": Case(Cause.BYTE_ORDER_MARK, MARK + BODY),
    "BOM and spaces": Case(Cause.BYTE_ORDER_MARK, MARK + PRETTY),
    "BOM signed": Case(Cause.BYTE_ORDER_MARK, signature=signed(MARK + BODY)),
    "UTF-16 without a mark": Case(Cause.ENCODING, BODY.decode().encode("utf-16-le")),
    "UTF-8 twice, pretty": Case(Cause.ENCODING, PRETTY.decode("latin-1").encode()),
    "Windows twice": Case(Cause.ENCODING, '{"a": "5 €"}'.encode().decode("cp1252").encode(), signed('{"a":"5 €"}')),
    "Windows": Case(Cause.ENCODING, '{"a":"5 €"}'.encode("cp1252"), signed('{"a":"5 €"}')),
    "Windows signed": Case(Cause.ENCODING, '{"a":"5 €"}'.encode(), signed('{"a":"5 €"}'.encode("cp1252"))),
    "UTF-16": Case(Cause.ENCODING, BODY.decode().encode("utf-16")),
    "UTF-8 twice": Case(Cause.ENCODING, BODY.decode("latin-1").encode()),
    "Latin-1": Case(Cause.ENCODING, '{"a":"Zoë"}'.encode("latin-1"), signed('{"a":"Zoë"}')),
    "UTF-16 signed": Case(Cause.ENCODING, signature=signed(BODY.decode().encode("utf-16-le"))),
    "Latin-1 signed": Case(Cause.ENCODING, '{"a":"Zoë"}'.encode(), signed('{"a":"Zoë"}'.encode("latin-1"))),
    "ASCII signed": Case(Cause.ENCODING, signature=signed(BODY.decode().encode("ascii", "replace"))),
    "gzip": Case(Cause.COMPRESSED, gzip.compress(BODY)),
    "deflate": Case(Cause.COMPRESSED, zlib.compress(PRETTY)),
    "base64": Case(Cause.BODY_BASE64, base64.b64encode(BODY)),
    "base64 signed": Case(Cause.BODY_BASE64, signature=signed(base64.b64encode(BODY))),
    "form": Case(Cause.FORM_ENCODED, urllib.parse.urlencode({"payload": BODY}).encode()),
    "percent-encoded": Case(Cause.FORM_ENCODED, urllib.parse.quote_plus(BODY).encode()),
    "percent-encoded signed": Case(Cause.FORM_ENCODED, signature=signed(urllib.parse.quote(BODY.decode(), safe=""))),
    "fields signed": Case(Cause.FORM_ENCODED, b'{"b":1,"a":"x y"}', signed("a=x+y&b=1")),
    "spaces": Case(Cause.SPACES, BODY.replace(b":10,", b": 10.00,"), signed(BODY.replace(b"10,", b"10.00,"))),
    "spaces signed": Case(Cause.SPACES, signature=signed(json.dumps(EVENT, ensure_ascii=False))),
    "json.dumps signed": Case(Cause.SPACES, signature=signed(json.dumps(EVENT))),
    "indentation signed": Case(Cause.INDENTED, signature=signed(PRETTY)),
    "jq signed": Case(Cause.INDENTED, signature=signed(PRETTY + b"\n")),
    "tabs signed": Case(Cause.INDENTED, signature=signed(json.dumps(EVENT, indent="\t"))),
    "PHP's pretty print signed": Case(
        Cause.INDENTED, signature=signed(json.dumps(EVENT, indent=4).replace("/", "\\/"))
    ),
    "PHP's slashes in a pretty print signed": Case(
        Cause.INDENTED, signature=signed(json.dumps(EVENT, indent=4, ensure_ascii=False).replace("/", "\\/"))
    ),
    "escapes signed": Case(Cause.ESCAPES, signature=signed(json.dumps(EVENT, separators=(",", ":")))),
    "Go signed": Case(
        Cause.ESCAPES,
        signature=signed(BODY.replace(b"&", rb"\u0026").replace(b"<", rb"\u003c").replace(b">", rb"\u003e")),
    ),
    ".NET signed": Case(
        Cause.ESCAPES, '{"a":"ë+\'\\"<😀"}'.encode(), signed(r'{"a":"\u00EB\u002B\u0027\u0022\u003C\uD83D\uDE00"}')
    ),
    "PHP signed": Case(Cause.PHP_ESCAPES, signature=signed(PHP)),
    "PHP's slashes signed": Case(Cause.PHP_ESCAPES, signature=signed(BODY.replace(b"/", rb"\/"))),
    "PHP signed plain and sent escaped": Case(
        Cause.ESCAPES, PHP.replace(b"10,", b"10.0,"), signed(BODY.replace(b"10,", b"10.0,"))
    ),
    "two places": Case(Cause.NUMBERS, signature=signed(BODY.replace(b":10,", b":10.00,"))),
    "all with two places": Case(Cause.NUMBERS, b'{"n":1,"m":1.5}', signed(b'{"n":1.00,"m":1.50}')),
    "one place": Case(Cause.NUMBERS, signature=signed(BODY.replace(b":10,", b":10.0,"))),
    "one of several": Case(Cause.NUMBERS, b'{"x":10,"y":10,"z":10}', signed('{"x":10,"y":10.00,"z":10}')),
    "amounts of a long body": Case(
        Cause.NUMBERS,
        json.dumps([{"id": 7, "amount": 10}] * 999, separators=(",", ":")).encode(),
        signed(json.dumps([{"id": 7, "amount": 10}] * 999, separators=(",", ":")).replace("10", "10.00")),
    ),
    "Python's exponent": Case(Cause.NUMBERS, b'{"x":0.0000001,"y":2.50}', signed('{"x":1e-07,"y":2.50}')),
    "exponent": Case(Cause.NUMBERS, b'{"x":1E+3,"y":2.50,"z":3.50}', signed('{"x":1000,"y":2.50,"z":3.50}')),
    "number as text": Case(Cause.NUMBERS, signature=signed(BODY.replace(b":10,", b':"10",'))),
    "text as number": Case(Cause.NUMBERS, b'{"amount":"10.00"}', signed('{"amount":10.00}')),
    "sorted": Case(
        Cause.KEYS_SORTED,
        signature=signed(json.dumps(EVENT, sort_keys=True, separators=(",", ":"), ensure_ascii=False)),
    ),
    "sorted, json.dumps": Case(Cause.KEYS_SORTED, signature=signed(json.dumps(EVENT, sort_keys=True))),
    "spaces and escapes": Case(
        Cause.REPRINTED, json.dumps(EVENT).replace(" 10,", " 10.0,").encode(), signed(BODY.replace(b"10,", b"10.0,"))
    ),
    "data": Case(
        Cause.PART_SIGNED, signature=signed(json.dumps(EVENT["data"], separators=(",", ":"), ensure_ascii=False))
    ),
    "data in data": Case(Cause.PART_SIGNED, signature=signed('{"deep":true}')),
    "inside data": Case(Cause.PART_SIGNED, signature=signed(b'{"data":' + BODY + b"}")),
    "text in text": Case(Cause.TEXT_IN_TEXT, json.dumps(BODY.decode()).encode()),
    "text in text signed": Case(Cause.TEXT_IN_TEXT, signature=signed(json.dumps(BODY.decode(), ensure_ascii=False))),
    "str(dict)": Case(Cause.PYTHON_TEXT, signature=signed(str(EVENT))),
    "str(bytes)": Case(Cause.PYTHON_TEXT, signature=signed(str(BODY))),
    "empty signed": Case(Cause.NOTHING_SIGNED, signature=signed("")),
    "{} signed": Case(Cause.NOTHING_SIGNED, signature=signed("{}")),
    "[object Object]": Case(Cause.NOTHING_SIGNED, signature=signed("[object Object]")),
    "body used up": Case(Cause.BODY_EMPTY, b""),
    "replaced": Case(Cause.BODY_DAMAGED, BODY.decode("ascii", "replace").encode()),
    "cut off": Case(Cause.NOT_JSON, BODY[:-1]),
    "text": Case(Cause.NOT_BYTES, BODY.decode()),  # type: ignore[arg-type]  # what frameworks hand out
    "too long": Case(Cause.BODY_TOO_LONG, b" " * (256 * 1024 + 1)),
}
KEYS = {
    "none": Case(Cause.NO_KEY, keys=()),
    "empty": Case(Cause.NO_KEY, keys=("",)),
    "not a list": Case(Cause.NO_KEY, keys=KEY),  # type: ignore[arg-type]  # easily mistaken
    "too many": Case(Cause.TOO_MANY_KEYS, keys=(KEY,) * (MAX_KEYS + 1)),
    "new line here": Case(Cause.KEY_SPACE, keys=(f"{KEY}\n",)),
    "new line there": Case(Cause.KEY_SPACE, signature=sign(BODY, f"{KEY}\n")),
    "new line on both sides": Case(Cause.KEY_SPACE, signature=sign(BODY, f"{KEY}\n"), keys=(f"{KEY}\n",)),
    "BOM here": Case(Cause.KEY_SPACE, keys=(f"\ufeff{KEY}",)),
    "quotes here": Case(Cause.KEY_QUOTED, keys=(f'"{KEY}"',)),
    "quotes there": Case(Cause.KEY_QUOTED, signature=sign(BODY, f'"{KEY}"')),
    "no prefix there": Case(Cause.KEY_PREFIX, signature=sign(BODY, KEY.removeprefix("snd_"))),
    "no prefix here": Case(Cause.KEY_PREFIX, keys=(KEY.removeprefix("snd_"),)),
    "base64 decoded": Case(Cause.KEY_DECODED, signature=sign(BODY, b"secret-key-of-the-tests")),
    "hex decoded": Case(Cause.KEY_DECODED, signature=sign(BODY, bytes.fromhex(HEX_KEY)), keys=(HEX_KEY,)),
    "base64 encoded": Case(Cause.KEY_DECODED, signature=sign(BODY, base64.b64encode(KEY.encode()))),
    "empty there": Case(Cause.KEY_EMPTY, signature=sign(BODY, "")),
    "token": Case(Cause.KEY_IS_TOKEN, signature=sign(BODY, TOKEN)),
    "swapped": Case(Cause.KEY_SWAPPED, signature=sign(KEY.encode(), BODY)),
    "another": Case(Cause.ANOTHER_KEY, signature=sign(BODY, "another")),
    "another, pretty": Case(Cause.ANOTHER_KEY, PRETTY, sign(PRETTY, "another")),
}
CASES = {
    f"{kind}: {name}": case
    for kind, cases in {"form": FORMS, "body": BODIES, "key": KEYS}.items()
    for name, case in cases.items()
}
