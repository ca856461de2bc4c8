"""The signature doctor: finds out which common mistake explains why a signature does not match.

The result contains no secret.
"""

from collections.abc import Sequence

from paycombat_async._secrets import Secret
from paycombat_async.webhooks.doctor.cause import Diagnosis
from paycombat_async.webhooks.verify import Headers


def diagnose(
    body: bytes, signature: str | Headers | None, keys: Sequence[str | Secret], *, token: str | None = None
) -> Diagnosis:
    """Explains why `signature` matches, or does not match, `body` under one of `keys`.

    `signature` is the value of the header (None if there is none), or all headers. The function can examine received
    webhooks, and requests that other code has signed: both are signed in the same way. With `token`, it also tries
    whether the X-token was used as the key by mistake. It raises nothing if the arguments have the declared types. If
    the body has more than 256 KiB, or if there are no keys or more than 8, nothing is tried, and the result names this
    as the cause.

    The function takes milliseconds for a webhook, and seconds for the longest body. Therefore do not call it in request
    handlers. Do not show the result to the sender, who must only learn that the signature was refused.
    """
    from paycombat_async.webhooks.doctor.examination import examine  # noqa: PLC0415  # imported at first use: only needed when a signature fails

    return examine(body, signature, keys, token)
