"""The command line in the process of the tests, which is quicker than a process of its own."""

from collections.abc import Callable

import pytest

from paycombat_async.sandbox import Sandbox
from tests.cli.command import Terminal, run_here
from tests.processes import Ended

KEY = "snd_key-0123456789"


Here = Callable[..., Ended]


@pytest.fixture(name="here")
def _here() -> Here:
    """Runs the command with these arguments, these variables and no others of ours, on a sandbox if one is given."""

    def here(*arguments: object, sandbox: Sandbox | None = None, input: str | Terminal = "", **variables: str) -> Ended:
        given = (
            {} if sandbox is not None else {"PAYCOMBAT_TOKEN": "snd_token-0123456789", "PAYCOMBAT_SIGNATURE_KEY": KEY}
        )
        said = run_here(*arguments, sandbox=sandbox, input=input, **(given | variables))
        assert "Traceback" not in said.stderr
        return said

    return here
