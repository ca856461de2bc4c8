"""The set-up check of `paycombat doctor`: it prints one line for each item, and never a secret."""

import platform
import re
import ssl
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from paycombat_async._printable import printable
from paycombat_async._protocol.url import API_PREFIX, check_base_url, is_loopback
from paycombat_async._settings import DEFAULT_BASE_URL, SANDBOX_PREFIX, read_config, read_webhook_keys
from paycombat_async.errors import ConfigurationError

_OK, _NOTE, _WRONG = "ok", "note", "wrong"
_TOKEN, _KEY, _WEBHOOK_KEY = "PAYCOMBAT_TOKEN", "PAYCOMBAT_SIGNATURE_KEY", "PAYCOMBAT_WEBHOOK_KEY"
_BASE_URL = "PAYCOMBAT_BASE_URL"
_KNOWN = {_TOKEN, _KEY, _WEBHOOK_KEY, _BASE_URL, "PAYCOMBAT_DATABASE_URL"}
_QUOTES = "\"'`"
_NOT_CHECKED = (
    "Nothing is wrong with these variables, packages and certificates. No call was made, so whether the address is"
    " reached and takes the credentials was not checked: `paycombat probe` does that with a sandbox account."
)
# The same minimum versions as in pyproject.toml.
LEAST_VERSIONS = {"aiohttp": "3.14.5", "anyio": "4.12", "msgspec": "0.22"}


class Line(NamedTuple):
    """The result of checking one item. `subject` names the item, `mark` is "ok", "note" or "wrong", `words` say why."""

    mark: str
    subject: str
    words: str


def show_setup(environ: Mapping[str, str], least: Mapping[str, str] = LEAST_VERSIONS) -> int:
    """Prints one line for each item checked. Returns the exit code: 0 if nothing is wrong, else 2.

    `least` maps the names of packages to their minimum versions.
    """
    lines = [*_credentials(environ), *_address(environ), *_packages(least), *_tls(environ)]
    if all(line.mark != _WRONG for line in lines):
        lines.append(_client(environ))
    for line in lines:
        click.echo(f"{line.mark:<6}{printable(line.subject)}: {printable(line.words, limit=1000)}")
    wrong = sum(line.mark == _WRONG for line in lines)
    click.echo(f"{wrong} of these {'is' if wrong == 1 else 'are'} wrong." if wrong else _NOT_CHECKED)
    return 2 if wrong else 0


def _credentials(environ: Mapping[str, str]) -> Iterator[Line]:
    yield _credential(_TOKEN, environ)
    yield _credential(_KEY, environ)
    if environ.get(_WEBHOOK_KEY):
        yield _credential(_WEBHOOK_KEY, environ)
    else:
        yield Line(_NOTE, _WEBHOOK_KEY, f"not set; webhooks are checked with {_KEY}")
    of_sandbox = {name: _is_of_sandbox(environ[name]) for name in (_TOKEN, _KEY, _WEBHOOK_KEY) if environ.get(name)}
    if len(set(of_sandbox.values())) > 1:
        sandbox = ", ".join(name for name, is_so in of_sandbox.items() if is_so)
        live = ", ".join(name for name, is_so in of_sandbox.items() if not is_so)
        yield Line(_WRONG, "account", f"of the sandbox: {sandbox}; live: {live}; take all from one account")
    for name in sorted(environ):
        if name.startswith("PAYCOMBAT_") and name not in _KNOWN:
            yield Line(_NOTE, name, "not a variable that the SDK reads")


def _credential(name: str, environ: Mapping[str, str]) -> Line:
    value = environ.get(name, "")
    if not value:
        return Line(_WRONG, name, "not set")
    problems = (
        (value != value.strip(), "white space around it"),
        (value.strip()[0] in _QUOTES if value.strip() else False, "a quote at its beginning"),
        (not (value.isascii() and value.strip().isprintable()), "characters that a header cannot carry"),
    )
    found = ", ".join(words for is_so, words in problems if is_so)
    account = f"sandbox ({SANDBOX_PREFIX})" if _is_of_sandbox(value) else f"live (no {SANDBOX_PREFIX} in front)"
    seen = f"{len(value)} characters, {account}"
    return Line(_WRONG, name, f"{seen}; it has {found}") if found else Line(_OK, name, seen)


def _is_of_sandbox(value: str) -> bool:
    return value.strip().strip(_QUOTES).startswith(SANDBOX_PREFIX)


def _address(environ: Mapping[str, str]) -> Iterator[Line]:
    given = environ.get(_BASE_URL)
    if not given:
        yield Line(_OK, _BASE_URL, f"not set, so it is {DEFAULT_BASE_URL}")
        return
    if given != given.strip():
        yield Line(_WRONG, _BASE_URL, "it has white space around it")
        return
    try:
        url = check_base_url(given)
    except ConfigurationError as error:
        yield Line(_WRONG, _BASE_URL, str(error))
        return
    if url == DEFAULT_BASE_URL:
        yield Line(_OK, _BASE_URL, url)
        return
    whose = "this machine" if is_loopback(url) else "not the provider's own address"
    calls = f"; its path comes before that of each call, as in {url}{API_PREFIX}/…" if urlsplit(url).path else ""
    yield Line(_NOTE, _BASE_URL, f"{url}, {whose}{calls}")
    if is_loopback(url) and environ.get(_TOKEN) and not _is_of_sandbox(environ[_TOKEN]):
        yield Line(_NOTE, "account", f"{_TOKEN} is live, but the calls go to this machine; a sandbox has its own token")


def _packages(asked: Mapping[str, str]) -> Iterator[Line]:
    yield Line(_OK, "python", platform.python_version())
    for name, least in asked.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Line(_WRONG, name, "not installed")
            continue
        is_enough = _numbers(version) >= _numbers(least)
        yield Line(_OK, name, version) if is_enough else Line(_WRONG, name, f"{version}; it must be {least} or later")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _tls(environ: Mapping[str, str]) -> Iterator[Line]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(name) and not Path(environ[name]).exists():
            yield Line(_WRONG, name, "it names a file or directory that does not exist")
    try:
        roots = ssl.create_default_context().cert_store_stats()["x509_ca"]
        directory = ssl.get_default_verify_paths().capath
        has_roots = roots > 0 or (bool(directory) and any(Path(directory).iterdir()))
    except OSError:
        yield Line(_WRONG, "TLS", f"{ssl.OPENSSL_VERSION} cannot be set up with the certificates of this machine")
        return
    if has_roots:
        yield Line(_OK, "TLS", f"{ssl.OPENSSL_VERSION}, {roots or 'a directory of'} root certificates")
    else:
        yield Line(_WRONG, "TLS", f"{ssl.OPENSSL_VERSION}, but no root certificates; install ca-certificates")


def _client(environ: Mapping[str, str]) -> Line:
    """Returns a line that says whether a client can be made with these settings.

    Reads the settings with the client's own code, which finds everything that a client would refuse.
    """
    try:
        read_config(None, None, None, None, environ)
        read_webhook_keys(None, None, environ)
    except ConfigurationError as error:
        return Line(_WRONG, "client", str(error))
    return Line(_OK, "client", "can be created from these")
