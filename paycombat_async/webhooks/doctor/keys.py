"""The table of possible mistakes with the key, and the algorithms that may have been used in place of HMAC-SHA256."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from paycombat_async.webhooks.doctor.cause import Cause, Explanation

PREFIX = "snd_"  # all tokens and keys of the provider's test environment begin with this
_BASE64 = re.compile(r"[A-Za-z0-9+/]+")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_TAKE_IT_AS_TEXT = "Use the key as the text that it is, prefix included, in UTF-8; decode and change nothing."


class KeyHypothesis(NamedTuple):
    """A possible mistake with a key: its cause, a function that yields the keys to try, a description, a remedy."""

    cause: Cause
    keys: Callable[[str], Iterable[str | bytes]]
    happened: str
    remedy: str

    @property
    def explanation(self) -> Explanation:
        return Explanation(self.cause, self.happened, self.remedy)


def is_clean(key: str) -> bool:
    """Returns whether webhook verification accepts the key: no white space around it, and all of it printable."""
    return key == key.strip() and key.isprintable()


def _as_given(key: str) -> Iterator[str]:
    if not is_clean(key):
        yield key


def _stripped(key: str) -> Iterator[str]:
    yield key.strip().strip("\ufeff").strip()


def _with_new_line(key: str) -> Iterator[str]:
    yield from (f"{key}\n", f"{key}\r\n", f"{key} ")


def _unquoted(key: str) -> Iterator[str]:
    yield key.strip().strip("\"'`")


def _quoted(key: str) -> Iterator[str]:
    yield from (f'"{key}"', f"'{key}'")


def _without_prefix(key: str) -> Iterator[str]:
    yield key.strip().removeprefix(PREFIX)


def _with_prefix(key: str) -> Iterator[str]:
    yield PREFIX + key


def _decoded(key: str) -> Iterator[bytes]:
    for text in (key.strip(), key.strip().removeprefix(PREFIX)):
        bare = text.rstrip("=").replace("-", "+").replace("_", "/")
        if _HEX.fullmatch(text):
            yield bytes.fromhex(text)
        if _BASE64.fullmatch(bare):
            try:
                yield base64.b64decode(bare + "=" * (-len(bare) % 4))
            except binascii.Error:
                continue


def _encoded(key: str) -> Iterator[bytes]:
    raw = key.encode()
    yield from (base64.b64encode(raw), raw.hex().encode(), key.encode("utf-16-le"))


def _empty(_key: str) -> Iterator[bytes]:
    yield b""


KEY_HYPOTHESES: tuple[KeyHypothesis, ...] = (
    KeyHypothesis(
        Cause.KEY_SPACE,
        _as_given,
        "The key has white space or invisible characters in it, here and on the signing side; unwrap() refuses it.",
        "Take them away on both sides.",
    ),
    KeyHypothesis(
        Cause.KEY_SPACE,
        _stripped,
        "The key given has white space or a byte order mark around it that the signing side does not have.",
        "Take it away where the key is set, for instance the new line at the end of a secret's file.",
    ),
    KeyHypothesis(
        Cause.KEY_SPACE,
        _with_new_line,
        "The signing side has a new line or a space behind its key.",
        "Take it away there, for instance the new line at the end of a secret's file.",
    ),
    KeyHypothesis(
        Cause.KEY_QUOTED,
        _unquoted,
        "The key given has quotes around it that do not belong to it.",
        "Take the quotes away where the key is set; not every .env reader does.",
    ),
    KeyHypothesis(
        Cause.KEY_QUOTED,
        _quoted,
        "The signing side has quotes around its key.",
        "Take the quotes away there; not every .env reader does.",
    ),
    KeyHypothesis(
        Cause.KEY_PREFIX,
        _without_prefix,
        f"The key was used without its {PREFIX} in front.",
        _TAKE_IT_AS_TEXT,
    ),
    KeyHypothesis(
        Cause.KEY_PREFIX,
        _with_prefix,
        f"The key was used with {PREFIX} in front, which the key given does not have.",
        _TAKE_IT_AS_TEXT,
    ),
    KeyHypothesis(
        Cause.KEY_DECODED,
        _decoded,
        "The key was decoded from Base64 or hex before it was used.",
        _TAKE_IT_AS_TEXT,
    ),
    KeyHypothesis(
        Cause.KEY_DECODED,
        _encoded,
        "The key was encoded as Base64, hex or UTF-16 before it was used.",
        _TAKE_IT_AS_TEXT,
    ),
    KeyHypothesis(
        Cause.KEY_EMPTY,
        _empty,
        "It was signed with an empty key, as anybody can.",
        "Look where the signing side reads its key: the variable is not set there. Never accept such a signature.",
    ),
)

# For each length of a digest in bytes, the hash algorithms that give such digests. The most common one comes first.
ALGORITHMS: dict[int, tuple[str, ...]] = {
    16: ("md5",),
    20: ("sha1",),
    28: ("sha224",),
    32: ("sha256", "sha3_256"),
    48: ("sha384",),
    64: ("sha512", "sha3_512"),
}

SWAPPED = Explanation(
    Cause.KEY_SWAPPED,
    "Key and body were swapped: the key was signed with the body as the key.",
    "Look at the order of the arguments where it is signed; PHP's hash_hmac takes the body before the key.",
)
IS_TOKEN = Explanation(
    Cause.KEY_IS_TOKEN,
    "It was signed with the X-token instead of the signature key.",
    "Use the signature key; the token goes into the header X-token and nowhere else.",
)
NOT_KEYED = Explanation(
    Cause.NOT_KEYED,
    "It is a plain hash of the body, made without any key, as anybody can.",
    "Use HMAC-SHA256 with the signature key. Never accept such a signature.",
)
CONCATENATED = Explanation(
    Cause.NOT_KEYED,
    "It is a plain hash of body and key set side by side, no HMAC.",
    "Use HMAC-SHA256, with the key as its key (createHmac, hash_hmac, hmac.new).",
)


def other_algorithm(happened: str) -> Explanation:
    return Explanation(Cause.OTHER_ALGORITHM, happened, "Use HMAC-SHA256.")


def written(algorithm: str) -> str:
    """Returns the usual name of a hash algorithm, such as SHA-256 for sha256."""
    return algorithm.upper().replace("SHA", "SHA-").replace("-3_", "3-")


def unkeyed_messages(key: bytes, body: bytes) -> Iterator[bytes]:
    """Yields the texts that may have been hashed without HMAC.

    They are, in this order: the body alone; body and key joined in both orders, with nothing or a usual separator
    between them; the body between two copies of the key.
    """
    yield body
    for mark in (b"", b"|", b":", b".", b"&", b"\n"):
        yield from (body + mark + key, key + mark + body)
    yield key + body + key
