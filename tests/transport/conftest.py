"""Fixtures of the tests of the transport: a certificate authority, and the resolver of names."""

import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from tests.transport.connecting import Look


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="client_tls")
def _client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(name="resolve_with")
def _resolve_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Look], None]:
    """Sets what resolves all names of this process."""
    return lambda look_up: monkeypatch.setattr(socket, "getaddrinfo", look_up)
