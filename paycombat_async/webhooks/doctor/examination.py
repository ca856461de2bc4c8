"""The steps of `diagnose`: checks its arguments, verifies the signature as usual, and then searches for a mistake."""

from collections.abc import Mapping, Sequence
from typing import Final

from paycombat_async._secrets import Secret
from paycombat_async._signing import Signer
from paycombat_async.errors import ConfigurationError
from paycombat_async.webhooks.doctor.body import Body, differences
from paycombat_async.webhooks.doctor.cause import Candidate, Cause, Diagnosis, Explanation
from paycombat_async.webhooks.doctor.hypotheses import SAME_BYTES
from paycombat_async.webhooks.doctor.keys import is_clean
from paycombat_async.webhooks.doctor.search import search
from paycombat_async.webhooks.doctor.signature import malformed, one_signature, readings, signature_in
from paycombat_async.webhooks.doctor.unexplained import unexplained
from paycombat_async.webhooks.verify import MAX_BODY, Headers

MAX_KEYS: Final = 8

_FITS: Final = Explanation(Cause.FITS, "The signature is that of the body as it is.", "There is nothing to do.")
_UPPER_CASE: Final = Explanation(
    Cause.UPPER_CASE,
    "The signature is that of the body as it is, written in upper-case hex, which is accepted here.",
    "Write it in lower case where it is made: the provider may not accept it.",
)
_NO_KEY: Final = Explanation(
    Cause.NO_KEY,
    "No key was given, or none that can be used: keys is a list of texts that are not empty.",
    "Set the signature key of the account that the message belongs to.",
)
_TOO_MANY_KEYS: Final = Explanation(
    Cause.TOO_MANY_KEYS,
    f"More than {MAX_KEYS} keys were given.",
    "Leave out those that were replaced long ago.",
)
_NOT_BYTES: Final = Explanation(
    Cause.NOT_BYTES,
    "The body is not bytes: it was decoded or parsed before, and the bytes that were signed are gone.",
    SAME_BYTES,
)
_TOO_LONG: Final = Explanation(
    Cause.BODY_TOO_LONG,
    f"The body is longer than {MAX_BODY // 1024} KiB, which no message of the provider is.",
    "Look whether this is the body that belongs to the signature.",
)


def examine(body: bytes, signature: str | Headers | None, keys: Sequence[str | Secret], token: str | None) -> Diagnosis:
    """Returns why a signature matches or does not match a body. The arguments are those of `diagnose`."""
    text, wrong_header = one_signature(signature) if isinstance(signature, str) else signature_in(signature)
    given = [] if isinstance(keys, str) else [key.reveal() if isinstance(key, Secret) else key for key in keys]
    usable = {number: key for number, key in enumerate(given) if _is_usable(key)}
    refused = _refused(body, text, usable, len(given))
    if refused is not None:
        return _diagnosis(refused)
    examined = Body(body)
    verdict = None if wrong_header else _verdict(examined, text, usable)
    if verdict is not None:
        return verdict
    found = readings(text, wrong_header)
    for reading in found:
        for explanation, number in search(examined, reading, usable, token):
            return _diagnosis(_both(explanation, reading.explanation), key_number=number)
    return _diagnosis(unexplained(examined, found, text, usable, token))


def _is_usable(key: str) -> bool:
    try:
        Signer(key)
    except ConfigurationError:
        return False
    return True


def _refused(body: object, signature: str, usable: Mapping[int, str], given: int) -> Explanation | None:
    """Returns why the arguments of `diagnose` cannot be examined, for example an empty signature.

    None means that they can be examined.
    """
    if not isinstance(body, bytes):  # some web frameworks pass a str
        return _NOT_BYTES
    if not usable:
        return _NO_KEY
    if not signature.strip():
        return malformed(signature)
    if given > MAX_KEYS:
        return _TOO_MANY_KEYS
    return _TOO_LONG if len(body) > MAX_BODY else None


def _verdict(body: Body, signature: str, keys: Mapping[int, str]) -> Diagnosis | None:
    """Returns the diagnosis if webhook verification accepts the signature, and None if it does not."""
    for candidate, raw in zip(Candidate, body.candidates, strict=False):
        for number, key in keys.items():
            if is_clean(key) and Signer(key).verify(raw, signature):
                explanation = _as_it_is(signature) if candidate is Candidate.RAW else _reprinted(body)
                return _diagnosis(explanation, key_number=number, candidate=candidate)
    return None


def _as_it_is(signature: str) -> Explanation:
    return _FITS if signature == signature.lower() else _UPPER_CASE


def _reprinted(body: Body) -> Explanation:
    found = differences(body)
    words = ", ".join(words for _, words in found)
    return Explanation(
        found[0][0] if len(found) == 1 else Cause.REPRINTED,
        f"The signature is that of the body as JavaScript prints it; the bytes given differ from that in {words}.",
        f"It is accepted here. {SAME_BYTES}",
    )


def _both(explanation: Explanation, wrong_form: Explanation | None) -> Explanation:
    """Returns `explanation` with the sentences of `wrong_form` appended. The cause is that of `explanation`.

    `explanation` is about the body, the key or the algorithm. `wrong_form` is about the way in which the signature is
    written. If `wrong_form` is None or is `explanation` itself, `explanation` is returned unchanged.
    """
    if wrong_form is None or wrong_form is explanation:
        return explanation
    happened, remedy = f"{explanation.happened} {wrong_form.happened}", f"{explanation.remedy} {wrong_form.remedy}"
    return Explanation(explanation.cause, happened, remedy)


def _diagnosis(
    explanation: Explanation, *, key_number: int | None = None, candidate: Candidate | None = None
) -> Diagnosis:
    return Diagnosis(
        verified=candidate is not None,
        cause=explanation.cause,
        explanation=explanation.happened,
        remedy=explanation.remedy,
        key_number=key_number,
        candidate=candidate,
    )
