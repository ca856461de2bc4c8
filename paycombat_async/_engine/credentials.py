"""A client's credentials, which can be replaced while calls are under way."""

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

WEBHOOK_OVERLAP_S: Final = 24 * 3600.0  # the upstream of the provider repeats a webhook for 24 hours


class Credentials:
    """The credentials of calls that start now, shared by a client and the clients made from it. Threads may share it.

    `config` is replaced as a whole, so that a call never mixes an old token with a new key.
    """

    __slots__ = ("_locks", "_webhooks", "config")

    def __init__(self, config: ClientConfig, webhooks: "ClientWebhooks | None") -> None:
        """`webhooks` are those that the signature key verifies; None if the client has other keys for them."""
        self.config = config
        self._webhooks = webhooks
        self._locks: dict[int, AbstractContextManager[object]] = {}

    def replace(self, token: Secret | None, signature_key: Secret | None) -> None:
        """Replaces the credentials that are not None. Raises `ConfigurationError`, and then changes nothing."""
        if token is None and signature_key is None:
            raise ConfigurationError("replace_credentials needs token=, signature_key= or both")
        with self._lock():
            config = with_credentials(self.config, token, signature_key)
            if signature_key is not None and self._webhooks is not None:
                self._webhooks.replace(signature_key)
            self.config = config

    def _lock(self) -> AbstractContextManager[object]:
        """Returns this process's lock: after a fork, a thread that does not exist may hold the parent's."""
        return self._locks.setdefault(os.getpid(), threading.RLock())


class ClientWebhooks(Webhooks):
    """Verifies webhooks with a client's signature key, which can be replaced; the old one is valid for 24 hours more.

    After several replacements within that time, the newest four keys are valid.
    """

    __slots__ = ("_clock", "_former", "_key", "_now")

    def __init__(self, keys: Sequence[Secret], clock: Clock) -> None:
        super().__init__(keys)
        self._clock = clock
        (self._key,) = keys
        self._former: tuple[tuple[float, Secret], ...] = ()  # (end in monotonic seconds, key), the newest first
        self._now = Webhooks(keys)

    def verify(self, body: bytes, headers: Headers) -> bytes:
        """Return the verified bytes; the same as the function `verify`, with the keys that are valid now."""
        if self._former and self._former[-1][0] <= self._clock.monotonic():
            self._accept(self._key, self._former)
        return self._now.verify(body, headers)

    def replace(self, key: Secret) -> None:
        """Makes this the key; the present one stays valid for `WEBHOOK_OVERLAP_S`. The same key changes nothing."""
        if key.reveal() != self._key.reveal():
            end = self._clock.monotonic() + WEBHOOK_OVERLAP_S
            self._accept(key, ((end, self._key), *self._former))

    def _accept(self, key: Secret, former: tuple[tuple[float, Secret], ...]) -> None:
        now = self._clock.monotonic()
        valid = [(end, old) for end, old in former if end > now and old.reveal() != key.reveal()]
        kept = tuple(valid[: MAX_KEYS - 1])
        self._now = Webhooks([key, *(old for _, old in kept)])
        self._key, self._former = key, kept
