"""Explains why the signature of a request is wrong, in the same way as the command `paycombat doctor`."""

from collections.abc import Sequence

from msgspec import Struct

from paycombat_async._secrets import Secret
from paycombat_async.sandbox.traffic import Exchange
from paycombat_async.webhooks.doctor import Cause, diagnose


class Verdict(Struct, frozen=True, kw_only=True):
    """Why a signature is wrong: the cause, an explanation, and a remedy. Contains no secret and no part of the body."""

    cause: Cause
    explanation: str
    remedy: str


def explain(exchange: Exchange, *, keys: Sequence[Secret], token: str) -> Verdict:
    """Returns why the sandbox has refused the signature of this request.

    The doctor (`paycombat doctor`) may find the signature right, because the sandbox is stricter. In the sandbox, a
    signature must match the received body and also `JSON.stringify(JSON.parse(body))`, because it is unknown which of
    them the provider verifies.
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
