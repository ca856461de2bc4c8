"""The sandbox's default credentials: public constants, because a local server needs no real credentials."""

from paycombat_async.errors import ConfigurationError

SANDBOX_PREFIX = "snd_"
SANDBOX_TOKEN = "snd_token_of_the_local_sandbox"  # noqa: S105  # a public constant, useless elsewhere
SANDBOX_SIGNATURE_KEY = "snd_signature_key_of_the_local_sandbox"


def check_sandbox_credential(name: str, value: str) -> None:
    """Raises `ConfigurationError` unless `value` begins with "snd_" and has only printable ASCII without spaces."""
    if not value.startswith(SANDBOX_PREFIX):
        raise ConfigurationError(
            f"{name} does not start with {SANDBOX_PREFIX!r}; the local sandbox takes sandbox credentials only, "
            f"leave {name} out to use its own"
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(f"{name} holds white space, control or non-ASCII characters; take it as it was issued")
