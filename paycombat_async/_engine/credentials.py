"""A client's credentials, which can be replaced while calls are under way."""

import math
import os
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from paycombat_async._clock import Clock
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._secrets import Secret
from paycombat_async._settings import with_credentials
from paycombat_async.errors import ConfigurationError
from paycombat_async.webhooks.verify import MAX_KEYS, Headers, Webhooks

# A replaced key stays valid for webhooks for 24 hours, because Finmo, the provider's upstream, repeats a webhook for 24
# hours.
WEBHOOK_OVERLAP_S: Final = 24 * 3600.0


class Credentials:
    """The credentials for new calls, shared by a client and the clients made from it by `with_options`. Thread-safe.

    `config` is replaced as a whole, so that no call uses an old token together with a new key.
    """

    __slots__ = ("_locks", "_webhooks", "config")

    def __init__(self, config: ClientConfig, webhooks: "ClientWebhooks | None") -> None:
        """Takes the settings and `webhooks`, the verifier that uses the signature key.

        `webhooks` is None if the client has separate webhook keys.
        """
        self.config = config
        self._webhooks = webhooks
        self._locks: dict[int, AbstractContextManager[object]] = {}

    def replace(self, token: Secret | None, signature_key: Secret | None) -> None:
        """Replaces each credential that is not None.

        Raises `ConfigurationError`, and replaces no credential, if a credential is invalid or both are None.
        """
        if token is None and signature_key is None:
            raise ConfigurationError("replace_credentials needs token=, signature_key= or both")
        with self._lock():
            config = with_credentials(self.config, token, signature_key)
            if signature_key is not None and self._webhooks is not None:
                self._webhooks.replace(signature_key)
            self.config = config

    def _lock(self) -> AbstractContextManager[object]:
        """Returns the lock of this process.

        A forked child gets a new lock. A lock that a thread of the parent held at the fork would never be released in
        the child.
        """
        return self._locks.setdefault(os.getpid(), threading.RLock())


class ClientWebhooks(Webhooks):
    """Verifies webhooks with a client's signature key. A replaced key stays valid for 24 hours.

    If the key is replaced several times within 24 hours, only the newest four keys are valid.
    """

    __slots__ = ("_clock", "_former", "_key", "_stages")

    def __init__(self, keys: Sequence[Secret], clock: Clock) -> None:
        super().__init__(keys)
        self._clock = clock
        (self._key,) = keys
        # Replaced keys, the newest first. The number is the time, in monotonic seconds, when the key becomes invalid.
        self._former: list[tuple[float, Secret]] = []
        # This tuple is replaced and never changed, because other threads may be reading it.
        self._stages = _stages(self._key, [])

    def verify(self, body: bytes, headers: Headers) -> bytes:
        """Returns `body` if its signature is valid for the current key or a replaced key that has not yet expired.

        Raises `SignatureMismatch` if the signature is not valid. Raises `ConfigurationError` if `body` is not bytes, or
        if the signature in `headers` is not a str.
        """
        stages = self._stages
        if len(stages) == 1:  # only the current key is valid
            return stages[0][1].verify(body, headers)
        now = self._clock.monotonic()
        return next(valid for end, valid in stages if now < end).verify(body, headers)

    def replace(self, key: Secret) -> None:
        """Makes `key` the signature key. The former key stays valid for `WEBHOOK_OVERLAP_S` seconds.

        Changes nothing if `key` is the current key. Only one thread at a time may call this method.
        """
        if key.reveal() == self._key.reveal():
            return
        now = self._clock.monotonic()
        former = [(now + WEBHOOK_OVERLAP_S, self._key), *self._former]
        valid = [(end, old) for end, old in former if end > now and old.reveal() != key.reveal()][: MAX_KEYS - 1]
        self._stages = _stages(key, valid)
        self._key, self._former = key, valid


def _stages(key: Secret, former: Sequence[tuple[float, Secret]]) -> tuple[tuple[float, Webhooks], ...]:
    """Returns pairs `(end, verifier)` in the order of their use. From `end` on, the next verifier is used.

    `former` has pairs `(end, key)` of replaced keys, the newest first. The first verifier accepts all keys. Each
    further verifier accepts all keys of the verifier before it except the oldest. The last verifier accepts only `key`,
    and its end is infinite. All times are in monotonic seconds.
    """
    ends = [*(end for end, _ in reversed(former)), math.inf]
    old = [each for _, each in former]
    return tuple((end, Webhooks([key, *old[: len(old) - number]])) for number, end in enumerate(ends))
