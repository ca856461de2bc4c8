"""The pytest plugin: fixtures that start a sandbox, and a fixture with the client options that connect to it.

pytest loads this file in every run if this distribution is installed. So that pytest starts fast, the file imports the
SDK only when a fixture is used. For the same reason, the file is a top-level module in the wheel, `pytest_paycombat`:
importing a module of the package would import the whole package.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import pytest

if TYPE_CHECKING:
    from paycombat_async.sandbox import Sandbox
    from paycombat_async.testing import SecretCanary

_MARKER = "paycombat_sandbox"


class ClientOptions(TypedDict):
    """Keyword arguments that connect the async or the blocking client to the sandbox of a test.

    Use: `PayCombat(**paycombat_client_options)`.
    """

    token: str
    signature_key: str
    base_url: str
    paths: Mapping[str, str]


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker `paycombat_sandbox`.

    Without the registration, pytest would refuse the marker under `--strict-markers`.
    """
    config.addinivalue_line(
        "markers", f"{_MARKER}(**options): options of the Sandbox that the fixture {_MARKER} starts, as customers=3"
    )


@pytest.fixture
def paycombat_sandbox_options() -> Mapping[str, object]:
    """Returns the options for the sandbox of the fixture `paycombat_sandbox`. Override it to set options.

    The options in a marker, as in `@pytest.mark.paycombat_sandbox(customers=3)`, take precedence.
    """
    return {}


@pytest.fixture
def paycombat_sandbox(
    request: pytest.FixtureRequest, paycombat_sandbox_options: Mapping[str, Any]
) -> Iterator["Sandbox"]:
    """A new PayCombat sandbox for this test. It runs in a thread of its own, for async and for blocking tests.

    Its options are those of `paycombat_sandbox_options` and of `@pytest.mark.paycombat_sandbox(customers=3, seed=7)`.
    """
    from paycombat_async.sandbox import Sandbox  # noqa: PLC0415  # not at the top: see the module's docstring

    options = dict(paycombat_sandbox_options)
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{_MARKER} takes the options by name, as customers=3")
        options |= marker.kwargs
    with Sandbox(**options) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def paycombat_session_sandbox_options() -> Mapping[str, object]:
    """Options of `paycombat_session_sandbox`. To set options, override this fixture with `scope="session"`."""
    return {}


@pytest.fixture(scope="session")
def paycombat_session_sandbox(paycombat_session_sandbox_options: Mapping[str, Any]) -> Iterator["Sandbox"]:
    """One PayCombat sandbox for all tests, for an application that is started only once and needs a fixed address.

    Call its method `reset()` before each test, in an autouse fixture. Each test then finds the sandbox as it was at
    first.
    """
    from paycombat_async.sandbox import Sandbox  # noqa: PLC0415  # not at the top: see the module's docstring

    with Sandbox(**paycombat_session_sandbox_options) as sandbox:
        yield sandbox


@pytest.fixture
def paycombat_client_options(paycombat_sandbox: "Sandbox") -> ClientOptions:
    """Token, signature key, base URL and paths of the sandbox, as keyword arguments of the async or blocking client."""
    return ClientOptions(
        token=paycombat_sandbox.token,
        signature_key=paycombat_sandbox.signature_key,
        base_url=paycombat_sandbox.base_url,
        paths=paycombat_sandbox.paths,
    )


@pytest.fixture
def paycombat_canary(caplog: pytest.LogCaptureFixture) -> Iterator["SecretCanary"]:
    """Credentials for this test. If one of them was logged at any level, the test fails at its end.

    To search other output for the credentials, pass it to `check`: `paycombat_canary.check(*capsys.readouterr(),
    error)`.
    """
    from paycombat_async.testing import SecretCanary  # noqa: PLC0415  # not at the top: see the module's docstring

    caplog.set_level(1)
    canary = SecretCanary()
    yield canary
    records = (*caplog.get_records("setup"), *caplog.get_records("call"))
    canary.check(*map(caplog.handler.format, records))
