"""The explanation of a signature that matches under none of the known mistakes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from paycombat_async.webhooks.doctor.body import Body
from paycombat_async.webhooks.doctor.cause import Cause, Explanation
from paycombat_async.webhooks.doctor.keys import ALGORITHMS, PREFIX, other_algorithm, written
from paycombat_async.webhooks.doctor.signature import SignatureReading, malformed

# That the keys are sorted is mentioned only if there are at least this number of keys. Fewer keys are often sorted by
# chance.
_NO_ACCIDENT: Final = 5
_REPLACEMENT: Final = "\ufffd".encode()
_SAFE_DIGITS: Final = 15  # JavaScript can hold every integer of up to 15 digits exactly

_EMPTY: Final = Explanation(
    Cause.BODY_EMPTY,
    "The body is empty, and the signature is not that of an empty one.",
    "Read the body before a framework, a middleware or a logger has used it up, and keep the bytes.",
)
_DAMAGED: Final = Explanation(
    Cause.BODY_DAMAGED,
    "No key fits, and the body holds U+FFFD: it was read in a wrong encoding, and what stood there is lost.",
    "Hand over the bytes as they came, not a text made of them with errors='replace'.",
)
_NOT_JSON: Final = Explanation(
    Cause.NOT_JSON,
    "No key fits, and the body is no JSON: it was cut off, masked or read by something before.",
    "Hand over the bytes as they came, before any framework has read them.",
)
_ANOTHER_KEY: Final = Explanation(
    Cause.ANOTHER_KEY,
    "No key fits, in no form of the body: another key signed it, or the body was changed.",
    "Compare the key with the one in the account that the message belongs to (sandbox or live, the latest one), and "
    "the body with what was sent; if neither is wrong, somebody else has made the message: do not trust it.",
)

_STRANGE_BODIES: Final[tuple[tuple[Explanation, Callable[[Body], bool]], ...]] = (
    (_EMPTY, lambda body: not body.raw),
    (_DAMAGED, lambda body: _REPLACEMENT in body.raw),
    (_NOT_JSON, lambda body: body.reprinted is None),
)


def unexplained(
    body: Body, found: Sequence[SignatureReading], signature: str, keys: Mapping[int, str], token: str | None
) -> Explanation:
    """Returns the best explanation of a signature that matches under none of the known mistakes.

    The explanation is the first of these that is true:

    - The signature contains no digest.
    - The signature is written in a wrong form.
    - The digest in the signature does not have the length of a SHA-256 digest.
    - The body is empty, damaged or not JSON.
    - An unknown key was used, or the body was changed.
    """
    if not found:
        return malformed(signature)
    wrong_form, digest = found[0].explanation, found[0].digest
    if wrong_form is not None:
        return _and(wrong_form, "Read as it is meant, it fits none of the keys either.")
    if "sha256" not in ALGORITHMS[len(digest)]:
        name = written(ALGORITHMS[len(digest)][0])
        return other_algorithm(f"The signature has {2 * len(digest)} hex digits, as {name} gives; SHA-256 gives 64.")
    strange = next((explanation for explanation, is_so in _STRANGE_BODIES if is_so(body)), None)
    return strange or _and(_ANOTHER_KEY, *_remarks(body, keys, token))


def _and(explanation: Explanation, *more: str) -> Explanation:
    return explanation._replace(happened=" ".join([explanation.happened, *more]))


def _remarks(body: Body, keys: Mapping[int, str], token: str | None) -> Iterator[str]:
    """Yields sentences about unusual things in the keys, the token and the body: hints, which prove nothing."""
    of_sandbox = {key.strip().startswith(PREFIX) for key in keys.values()}
    if token and {token.strip().startswith(PREFIX)} != of_sandbox:
        yield f"Token and keys are not of one account: {PREFIX} stands in front of some of them only."
    elif of_sandbox == {True}:
        yield f"All keys given are of the sandbox ({PREFIX}); a message of the live account has another key."
    elif of_sandbox == {False}:
        yield f"No key given is of the sandbox ({PREFIX}); a message of the sandbox has another key."
    names = list(body.members)
    if len(names) >= _NO_ACCIDENT and names == sorted(names):
        yield "The body's keys stand in alphabetical order: if something sorted them, the order signed is lost."
    if any(len(token) > _SAFE_DIGITS and token.lstrip("-").isdecimal() for token in body.tokens):
        yield "The body holds integers longer than JavaScript keeps: their last digits may have been changed."
