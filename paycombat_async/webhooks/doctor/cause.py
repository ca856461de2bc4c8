"""The types of the result of the signature doctor: `Diagnosis`, `Cause` and `Candidate`."""

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Cause(StrEnum):
    """The reason why a signature matches the HTTP body, matches only the body's reprint, or matches neither of them.

    The reprint is the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`.
    """

    FITS = "fits"

    NO_SIGNATURE = "no_signature"
    UPPER_CASE = "upper_case"  # the signature is in upper-case hex, which webhook verification accepts
    HEADER_NAME = "header_name"
    HEADER_VALUE = "header_value"  # the value of the header with the signature is not a str
    SIGNATURE_WRAPPED = "signature_wrapped"  # characters such as quotes are around the signature or in it
    SEVERAL_SIGNATURES = "several_signatures"
    SIGNATURE_BASE64 = "signature_base64"
    SIGNATURE_MALFORMED = "signature_malformed"
    OTHER_ALGORITHM = "other_algorithm"
    NOT_KEYED = "not_keyed"

    NEW_LINE = "new_line"
    OUTER_SPACE = "outer_space"
    LINE_ENDS = "line_ends"
    BYTE_ORDER_MARK = "byte_order_mark"
    ENCODING = "encoding"
    COMPRESSED = "compressed"
    BODY_BASE64 = "body_base64"
    FORM_ENCODED = "form_encoded"
    SPACES = "spaces"
    INDENTED = "indented"
    ESCAPES = "escapes"
    PHP_ESCAPES = "php_escapes"
    NUMBERS = "numbers"
    KEYS_SORTED = "keys_sorted"
    KEYS_MOVED = "keys_moved"
    REPRINTED = "reprinted"  # parsing and printing the body again has changed its JSON in more than one way
    PART_SIGNED = "part_signed"
    TEXT_IN_TEXT = "text_in_text"
    PYTHON_TEXT = "python_text"
    NOTHING_SIGNED = "nothing_signed"
    NOT_BYTES = "not_bytes"
    BODY_EMPTY = "body_empty"
    BODY_TOO_LONG = "body_too_long"
    BODY_DAMAGED = "body_damaged"
    NOT_JSON = "not_json"

    NO_KEY = "no_key"
    TOO_MANY_KEYS = "too_many_keys"
    KEY_SPACE = "key_space"
    KEY_QUOTED = "key_quoted"
    KEY_PREFIX = "key_prefix"
    KEY_DECODED = "key_decoded"
    KEY_EMPTY = "key_empty"
    KEY_IS_TOKEN = "key_is_token"  # noqa: S105  # the name of a cause, not a password
    KEY_SWAPPED = "key_swapped"
    ANOTHER_KEY = "another_key"


class Explanation(NamedTuple):
    """A cause, what happened, and what to do. The sentences contain no part of a key, the body or the signature."""

    cause: Cause
    happened: str
    remedy: str


class Candidate(StrEnum):
    """The bytes that a signature matches: those of the body, or those of its reprint."""

    RAW = "raw"  # the body as received
    REPRINTED = "reprinted"  # the body as JavaScript prints it, JSON.stringify(JSON.parse(body))


class Diagnosis(Struct, frozen=True, kw_only=True):
    """The result of `diagnose`: why a signature matches or does not match.

    `verified` says whether webhook verification accepts the signature. `candidate` says which bytes an accepted
    signature matches; it is None for any other signature. `cause` is what is wrong with the body, the key or the
    signature, or `Cause.FITS` if nothing is wrong. An accepted signature, too, may have something wrong, such as
    upper-case hex. `explanation` says what happened, and `remedy` says what to do. `key_number` is the index in `keys`
    of the key with which the signature was made, or None if none of these keys was used.
    """

    verified: bool
    cause: Cause
    explanation: str
    remedy: str
    key_number: int | None = None
    candidate: Candidate | None = None
