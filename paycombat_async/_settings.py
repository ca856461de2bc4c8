"""Reads and checks the settings of a client. Arguments take precedence over environment variables."""

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import SplitResult, unquote

import msgspec
from msgspec import Struct

from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._protocol.url import check_base_url, check_template, is_host, safe_urlsplit
from paycombat_async._secrets import Redactor, Secret
from paycombat_async._signing import Signer
from paycombat_async.endpoints import ENDPOINTS
from paycombat_async.errors import ConfigurationError
from paycombat_async.retry import RetryPolicy

T = TypeVar("T")
DEFAULT_BASE_URL = "https://api.paycombat.com"
# Only the credentials of the provider's sandbox begin with this text. Sandbox and live have the same address.
SANDBOX_PREFIX = "snd_"
_TOKEN, _KEY = "PAYCOMBAT_TOKEN", "PAYCOMBAT_SIGNATURE_KEY"
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,4096}\Z")
_LEAST = {"timeout": 0.001, "connect_timeout": 0.001, "max_connections": 1, "max_response_bytes": 1}


class Limits(Struct, frozen=True):
    """The numeric settings of a client, with times in seconds. Raises `ConfigurationError` for an invalid value."""

    timeout: float
    connect_timeout: float
    max_retries: int
    max_connections: int
    max_response_bytes: int

    def __post_init__(self) -> None:
        for field in _LIMITS:
            value: object = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ConfigurationError(f"{field.name} must be a finite number")
            if field.type is int and not isinstance(value, int):
                raise ConfigurationError(f"{field.name} must be a whole number")
            if value < _LEAST.get(field.name, 0):
                raise ConfigurationError(f"{field.name} must be {_LEAST.get(field.name, 0)} or more")

    def with_options(self, timeout: float | None, max_retries: int | None) -> "Limits":
        """Returns a copy with these values; None keeps the current value."""
        return msgspec.structs.replace(
            self,
            timeout=self.timeout if timeout is None else timeout,
            max_retries=self.max_retries if max_retries is None else max_retries,
        )


# Read only once, because it takes 20 µs, and a program may use `with_options` for each call.
_LIMITS = msgspec.structs.fields(Limits)


def read_config(
    token: Secret | None,
    signature_key: Secret | None,
    base_url: str | None,
    paths: Mapping[str, str] | None,
    environ: Mapping[str, str],
    *,
    webhook_keys: Sequence[Secret] = (),
) -> ClientConfig:
    """Returns the checked base URL, credentials and paths. Raises `ConfigurationError`, which never quotes a value."""
    if not _is_given(token, _TOKEN, environ) and not _is_given(signature_key, _KEY, environ):
        raise ConfigurationError(
            f"token and signature_key are missing: set {_TOKEN} and {_KEY}, or pass token=… and signature_key=…"
        )
    token = _credential("token", token, _TOKEN, environ)
    signature_key = _credential("signature_key", signature_key, _KEY, environ)
    if is_sandbox(token) != is_sandbox(signature_key):
        raise ConfigurationError(
            f"only one of token and signature_key starts with {SANDBOX_PREFIX!r}: "
            "one is for the sandbox and the other is live; take both from the same account"
        )
    url = base_url or environ.get("PAYCOMBAT_BASE_URL") or DEFAULT_BASE_URL
    signer = Signer(signature_key.reveal())
    redact = Redactor((token, signature_key, *webhook_keys))
    return ClientConfig(check_base_url(url), token, signer, _checked_paths(paths or {}), redact)


def with_credentials(config: ClientConfig, token: Secret | None, signature_key: Secret | None) -> ClientConfig:
    """Returns the settings with new credentials; None keeps the current credential.

    The redactor of the returned settings also removes the former credentials from texts. Raises `ConfigurationError` if
    a credential is malformed or belongs to the other mode (sandbox or live). The error never quotes a value.
    """
    new = {"token": token, "signature_key": signature_key}
    given = {name: _usable(name, secret, f"{name}=") for name, secret in new.items() if secret is not None}
    if any(is_sandbox(secret) != is_sandbox(config.token) for secret in given.values()):
        raise ConfigurationError(
            f"this client is for {'the sandbox' if is_sandbox(config.token) else 'the live account'}, and a new"
            " credential is not: make a new client for it"
        )
    signer = config.signer if signature_key is None else Signer(signature_key.reveal())
    redact = config.redact.with_more(given.values())
    return msgspec.structs.replace(config, token=token or config.token, signer=signer, redact=redact)


def read_webhook_keys(
    webhook_keys: Sequence[Secret] | None, signature_key: Secret | None, environ: Mapping[str, str]
) -> Sequence[Secret]:
    """Returns the keys that a webhook may be signed with.

    They are `webhook_keys` if given, otherwise the key in `PAYCOMBAT_WEBHOOK_KEY`, otherwise the signature key, because
    the provider signs webhooks with it. Returns no keys if the signature key is needed and missing, because
    `read_config` then raises an error that names all missing settings.
    """
    if webhook_keys is not None:
        return webhook_keys
    if environ.get("PAYCOMBAT_WEBHOOK_KEY"):
        return (_credential("webhook_keys", None, "PAYCOMBAT_WEBHOOK_KEY", environ),)
    if not _is_given(signature_key, _KEY, environ):
        return ()
    return (_credential("signature_key", signature_key, _KEY, environ),)


def is_sandbox(secret: Secret) -> bool:
    """Whether a credential belongs to the provider's sandbox."""
    return secret.reveal().startswith(SANDBOX_PREFIX)


def check_proxy(proxy: Secret | None) -> Secret | None:
    """Returns the proxy unchanged. Raises `ConfigurationError` unless it is http://host or https://host.

    The error does not contain the proxy, because its URL may contain a password.
    """
    if proxy is not None and not _is_proxy(proxy.reveal()):
        raise ConfigurationError("proxy must look like http://host:port, or http://user:password@host:port")
    return proxy


def check_part(name: str, part: T, methods: Sequence[str]) -> T:
    """Returns a user's transport or clock. Raises `ConfigurationError` if it is a class or lacks one of the methods.

    Without this check, a call would fail with an AttributeError after it has begun.
    """
    if isinstance(part, type) or not all(callable(getattr(part, method, None)) for method in methods):
        what = f"the class {part.__name__}" if isinstance(part, type) else type(part).__name__
        raise ConfigurationError(f"{name}= takes an object with {', '.join(methods)}, and not {what}")
    return part


def check_policy(policy: object) -> RetryPolicy:
    """Returns the policy, or the default policy for None. Raises `ConfigurationError` if it is something else."""
    if policy is None:
        return RetryPolicy()
    if not isinstance(policy, RetryPolicy):
        raise ConfigurationError(f"retry= takes a RetryPolicy, and not {type(policy).__name__}")
    return policy


def check_hooks(**hooks: object) -> None:
    """Raises `ConfigurationError` if a hook is neither None nor a function, or if it is async: nobody awaits it."""
    for name, hook in hooks.items():
        if inspect.iscoroutinefunction(hook):
            raise ConfigurationError(f"{name}= takes a plain function, because it is called and not awaited")
        if hook is not None and not callable(hook):
            raise ConfigurationError(f"{name}= takes a function, and not {type(hook).__name__}")


def _is_proxy(address: str) -> bool:
    parts = safe_urlsplit(address)
    # `urlsplit` silently drops line breaks and tabs, so the address itself is searched for them. A user name with a
    # colon is refused, because in HTTP the password begins after the first colon (RFC 7617).
    is_text = address.isprintable() and " " not in address
    return is_text and parts.scheme in {"http", "https"} and is_host(parts.hostname or "") and not _has_colon(parts)


def _has_colon(parts: SplitResult) -> bool:
    return ":" in unquote(parts.username or "")


def _is_given(secret: Secret | None, variable: str, environ: Mapping[str, str]) -> bool:
    return bool(environ.get(variable) if secret is None else secret.reveal())


def _credential(name: str, given: Secret | None, variable: str, environ: Mapping[str, str]) -> Secret:
    secret = Secret(environ.get(variable, "")) if given is None else given
    if not secret.reveal():
        raise ConfigurationError(f"{name} is missing: set {variable}, or pass {name}=…")
    return _usable(name, secret, f"{name}= or {variable}")


def _usable(name: str, secret: Secret, origin: str) -> Secret:
    if not secret.reveal():
        raise ConfigurationError(f"{name} is empty or no text: check {origin}")
    if secret.reveal() != secret.reveal().strip():
        raise ConfigurationError(f"{name} has white space at its beginning or end: check {origin}")
    if not _PRINTABLE.match(secret.reveal()):
        raise ConfigurationError(f"{name} contains characters that no header may have: check {origin}")
    return secret


def _checked_paths(paths: Mapping[str, str]) -> Mapping[str, str]:
    known = {endpoint.name: endpoint.path for endpoint in ENDPOINTS}
    for name in paths:
        if name not in known:
            raise ConfigurationError(f"paths: there is no endpoint {name!r}; there are {', '.join(known)}")
    return {name: check_template(name, template, known[name]) for name, template in paths.items()}
