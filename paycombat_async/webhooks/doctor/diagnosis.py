"""The signature doctor: explains why a signature fails by trying the usual errors. Its result contains no secret."""

from collections.abc import Sequence

from paycombat_async._secrets import Secret
from paycombat_async.webhooks.doctor.cause import Diagnosis
from paycombat_async.webhooks.verify import Headers


def diagnose(
    body: bytes, signature: str | Headers | None, keys: Sequence[str | Secret], *, token: str | None = None
) -> Diagnosis:
    """Explain why `signature` matches, or does not match, `body` under one of `keys`.

    `signature` is the header's value (None if missing), or all headers. The function works for received
    webhooks and for requests that other code signed: both are signed the same way. With `token`, it also tries whether
    the X-token was used as the key. Never raises for any bytes and str; accepts bodies up to 256 KiB and up to 8 keys.
    It takes milliseconds for a webhook and seconds for the longest body, so do not call it in request handlers, and do
    not show its result to senders: they must only learn that the signature was refused.
    """
    from paycombat_async.webhooks.doctor.examination import examine  # noqa: PLC0415  # imported at first use: only needed when a signature fails

    return examine(body, signature, keys, token)
