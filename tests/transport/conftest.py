"""Fixtures of the tests of the transport: its ways, a certificate authority, and the resolver of names."""

import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from tests.transport.connecting import Look
from tests.transport.ways import OWN, WAYS, Way


@pytest.fixture(name="make", params=WAYS)
def _make(request: pytest.FixtureRequest) -> Way:
    """Makes a transport; the test runs once for each way."""
    return WAYS[request.param]


@pytest.fixture(name="make_own", params=OWN)
def _make_own(request: pytest.FixtureRequest) -> Way:
    """Makes a transport with the SDK's own connections."""
    return OWN[request.param]


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
