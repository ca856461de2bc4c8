"""The signature doctor: says why a signature fails, by trying what usually goes wrong. It shows no secret."""

from collections.abc import Mapping, Sequence

from paycombat_async._secrets import Secret
from paycombat_async.webhooks.doctor.cause import Diagnosis


def diagnose(
    body: bytes, signature: str | Mapping[str, str] | None, keys: Sequence[str | Secret], *, token: str | None = None
) -> Diagnosis:
    """Say why `signature` is, or is not, that of `body` under one of `keys`.

    `signature` is the header's value (None where there is none), or a mapping of all headers. It works for webhooks
    received and for requests that other code signed: both are signed alike. With `token`, it is tried whether the
    X-token was used as the key. Never raises for any bytes and texts; takes bodies up to 256 KiB and up to 8 keys. It
    works for milliseconds on a webhook and for seconds on the longest body, so keep it out of request handlers, and
    what it says from senders: they must not learn more than that a signature was refused.
    """
    from paycombat_async.webhooks.doctor.examination import examine  # noqa: PLC0415  # for those in trouble only

    return examine(body, signature, keys, token)
