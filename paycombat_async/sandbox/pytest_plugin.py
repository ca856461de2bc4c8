"""The pytest plugin: a running sandbox as a fixture, and what a client needs to talk to it.

pytest loads this file in every run of everybody who has this distribution, so it imports nothing of the SDK until a
fixture is used. In the wheel it stands as the module `pytest_paycombat`, since importing it as part of the package
would import the package.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import pytest

if TYPE_CHECKING:
    from paycombat_async.sandbox import Sandbox
    from paycombat_async.testing import SecretCanary

_MARKER = "paycombat_sandbox"


class ClientOptions(TypedDict):
    """What either client takes to talk to a sandbox: `PayCombat(**paycombat_client_options)`."""

    token: str
    signature_key: str
    base_url: str
    paths: Mapping[str, str]


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known, so that `--strict-markers` lets it pass."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(**options): options of the Sandbox that the fixture {_MARKER} starts, as customers=3"
    )


@pytest.fixture
def paycombat_sandbox_options() -> Mapping[str, object]:
    """The options of every sandbox: none. Override it to give your own; a marker beats it, option by option."""
    return {}


@pytest.fixture
def paycombat_sandbox(
    request: pytest.FixtureRequest, paycombat_sandbox_options: Mapping[str, Any]
) -> Iterator["Sandbox"]:
    """A PayCombat sandbox, fresh for this test, in a thread of its own: it serves async and blocking tests alike.

    Options come from `paycombat_sandbox_options` and from `@pytest.mark.paycombat_sandbox(customers=3, seed=7)`.
    """
    from paycombat_async.sandbox import Sandbox  # noqa: PLC0415  # only now: see above

    options = dict(paycombat_sandbox_options)
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{_MARKER} takes the options by name, as customers=3")
        options |= marker.kwargs
    with Sandbox(**options) as sandbox:
        yield sandbox


@pytest.fixture
def paycombat_client_options(paycombat_sandbox: "Sandbox") -> ClientOptions:
    """Token, signature key, base URL and paths of the sandbox, for either client: `PayCombat(**…)`."""
    return ClientOptions(
        token=paycombat_sandbox.token,
        signature_key=paycombat_sandbox.signature_key,
        base_url=paycombat_sandbox.base_url,
        paths=paycombat_sandbox.paths,
    )


@pytest.fixture
def paycombat_canary(caplog: pytest.LogCaptureFixture) -> Iterator["SecretCanary"]:
    """Marked credentials: at the end of the test none of them may stand in the logs, of any level.

    Hand its `check` whatever else came out, as in `paycombat_canary.check(*capsys.readouterr(), error)`.
    """
    from paycombat_async.testing import SecretCanary  # noqa: PLC0415  # only now: see above

    caplog.set_level(1)
    canary = SecretCanary()
    yield canary
    records = (*caplog.get_records("setup"), *caplog.get_records("call"))
    canary.check(*map(caplog.handler.format, records))
