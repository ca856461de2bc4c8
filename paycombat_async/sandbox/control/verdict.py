"""Why the signature of a request is wrong, as `paycombat doctor` explains it."""

from collections.abc import Sequence

from msgspec import Struct

from paycombat_async._secrets import Secret
from paycombat_async.sandbox.traffic import Exchange
from paycombat_async.webhooks.doctor import Cause, diagnose


class Verdict(Struct, frozen=True, kw_only=True):
    """The cause, what happened and what to do. None of them contains a secret or a part of the body."""

    cause: Cause
    explanation: str
    remedy: str


def explain(exchange: Exchange, *, keys: Sequence[Secret], token: str) -> Verdict:
    """Returns the doctor's verdict on a signature that the sandbox has refused.

    The sandbox is stricter than the doctor: a signature must fit the body as received and also
    `JSON.stringify(JSON.parse(body))`, because it is unknown which of them the provider checks.
    """
    found = diagnose(exchange.arrival.body, exchange.arrival.headers, keys, token=token)
    if not found.verified:
        return Verdict(cause=found.cause, explanation=found.explanation, remedy=found.remedy)
    return Verdict(
        cause=Cause.REPRINTED if found.cause is Cause.FITS else found.cause,
        explanation=f"The key is right, but the sandbox refused it: {exchange.message}.",
        remedy="Print the JSON once, as JSON.stringify does (canonical_json() does it), and sign and send these very "
        "bytes; write the signature in lower-case hex.",
    )
