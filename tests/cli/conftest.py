"""The command line in the process of the tests, which is quicker than a process of its own."""

import os
from collections.abc import Callable
from typing import NamedTuple

import pytest

from paycombat_async.cli.app import run as run_here
from paycombat_async.sandbox import Sandbox

KEY = "snd_key-0123456789"


class Said(NamedTuple):
    """What a command has printed, and how it has ended."""

    code: int
    out: str
    err: str


Here = Callable[..., Said]


@pytest.fixture(name="here")
def _here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """Runs the command with these arguments, these variables and no others of ours, on a sandbox if one is given."""

    def here(*arguments: object, sandbox: Sandbox | None = None, **variables: str) -> Said:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("PAYCOMBAT_")]:
                patch.delenv(name)
            patch.setenv("PAYCOMBAT_TOKEN", "snd_token-0123456789")
            patch.setenv("PAYCOMBAT_SIGNATURE_KEY", KEY)
            if sandbox is not None:
                patch.setenv("PAYCOMBAT_BASE_URL", sandbox.base_url)
                patch.setenv("PAYCOMBAT_TOKEN", sandbox.token)
                patch.setenv("PAYCOMBAT_SIGNATURE_KEY", sandbox.signature_key)
            for name, value in variables.items():
                patch.setenv(name, value)
            capfd.readouterr()
            code = run_here([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Said(code, out, err)

    return here
