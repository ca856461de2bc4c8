"""Searches for the mistake with body, key or algorithm that explains the digest in a wrong signature."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from paycombat_async._signing import fits
from paycombat_async.webhooks.doctor.body import Body
from paycombat_async.webhooks.doctor.byte_forms import Tried
from paycombat_async.webhooks.doctor.cause import Explanation
from paycombat_async.webhooks.doctor.hypotheses import BODY_HYPOTHESES
from paycombat_async.webhooks.doctor.keys import (
    ALGORITHMS,
    CONCATENATED,
    IS_TOKEN,
    KEY_HYPOTHESES,
    NOT_KEYED,
    SWAPPED,
    other_algorithm,
    unkeyed_messages,
    written,
)
from paycombat_async.webhooks.doctor.signature import SignatureReading

_USUAL: Final = "sha256"

Keys = Mapping[int, str]  # the keys that can be used, by their index in the caller's list


class Finding(NamedTuple):
    """An explanation of a signature, and the index of the key with which it was made.

    The index is None if no key in the caller's list was used.
    """

    explanation: Explanation
    key_number: int | None = None


def search(body: Body, reading: SignatureReading, keys: Keys, token: str | None) -> Iterator[Finding]:
    """Yields the explanations of a digest, the most likely one first. Yields nothing if no known mistake explains it.

    `reading` holds the digest that was decoded from the signature.
    """
    if reading.explanation is not None:
        for number, key in keys.items():
            if _fits_any(reading.digest, _USUAL, key.encode(), body.candidates):
                yield Finding(reading.explanation, number)
    if _USUAL in ALGORITHMS[len(reading.digest)]:
        yield from _other_bodies(body, reading.digest, keys)
        yield from _other_keys(body, reading.digest, keys, token)
    yield from _other_algorithms(body, reading.digest, keys)
    yield from _no_hmac(body, reading.digest, keys)


def _fits_any(digest: bytes, algorithm: str, key: bytes | None, messages: Sequence[bytes]) -> bool:
    return any(fits(digest, algorithm, key, message) for message in messages)


def _other_bodies(body: Body, digest: bytes, keys: Keys) -> Iterator[Finding]:
    seen = set(body.candidates)
    for hypothesis in BODY_HYPOTHESES:
        for raw in map(_as_bytes, hypothesis.bodies(body)):
            if raw is None or raw in seen:
                continue
            seen.add(raw)
            for number, key in keys.items():
                if fits(digest, _USUAL, key.encode(), raw):
                    yield Finding(hypothesis.explanation, number)


def _as_bytes(tried: Tried) -> bytes | None:
    try:
        return tried.encode() if isinstance(tried, str) else tried
    except UnicodeEncodeError:
        return None  # the str has half of a surrogate pair, which UTF-8 cannot encode


def _other_keys(body: Body, digest: bytes, keys: Keys, token: str | None) -> Iterator[Finding]:
    messages = [*body.candidates, *(raw + b"\n" for raw in body.candidates)]
    for hypothesis, (number, key) in product(KEY_HYPOTHESES, keys.items()):
        for other in hypothesis.keys(key):
            if _fits_any(digest, _USUAL, other.encode() if isinstance(other, str) else other, messages):
                yield Finding(hypothesis.explanation, number)
    for number, key in keys.items():
        if any(fits(digest, _USUAL, raw, key.encode()) for raw in body.candidates):
            yield Finding(SWAPPED, number)
    if token and _fits_any(digest, _USUAL, token.encode("utf-8", "replace"), messages):
        yield Finding(IS_TOKEN)


def _other_algorithms(body: Body, digest: bytes, keys: Keys) -> Iterator[Finding]:
    for algorithm, (number, key) in product(ALGORITHMS[len(digest)], keys.items()):
        if _fits_any(digest, algorithm, key.encode(), body.candidates):
            yield Finding(other_algorithm(f"It is an HMAC with {written(algorithm)} instead of SHA-256."), number)


def _no_hmac(body: Body, digest: bytes, keys: Keys) -> Iterator[Finding]:
    for algorithm, raw, (number, key) in product(ALGORITHMS[len(digest)], body.candidates, keys.items()):
        if _fits_any(digest, algorithm, None, [raw]):
            yield Finding(NOT_KEYED)
        if _fits_any(digest, algorithm, None, list(unkeyed_messages(key.encode(), raw))):
            yield Finding(CONCATENATED, number)
