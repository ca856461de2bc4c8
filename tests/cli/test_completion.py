"""The completion of words in bash, zsh and fish: the script, and what it offers."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from paycombat_async.cli.call.specs import call_specs
from paycombat_async.cli.webhooks import EVENTS
from tests import processes
from tests.cli.command import environment, run

MAIN = "import sys; from paycombat_async.cli.launch import main; sys.exit(main())"


def offered(shell: str, *words: str) -> list[str]:
    """What the command offers for the last word, in the words of the shell's protocol."""
    asked = {"COMP_WORDS": " ".join(["paycombat", *words]), "COMP_CWORD": str(len(words))}
    if shell == "fish":
        asked = {"COMP_WORDS": " ".join(["paycombat", *words[:-1]]), "COMP_CWORD": words[-1]}
    ended = processes.run(sys.executable, "-c", MAIN, env=environment(_PAYCOMBAT_COMPLETE=f"{shell}_complete", **asked))
    assert (0, "") == (ended.returncode, ended.stderr)
    return ended.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(shell: str) -> None:
    """It calls the command with the variable that asks for completion."""
    ended = run("completion", shell)

    assert (0, "") == (ended.returncode, ended.stderr)
    assert f"_PAYCOMBAT_COMPLETE={shell}_complete" in ended.stdout


def test_calls_events_and_commands_are_completed() -> None:
    """By their first letters."""
    assert [f"plain,{name}" for name in call_specs() if name.startswith("payouts.")] == offered(
        "bash", "call", "payouts."
    )
    assert [f"plain,{name}" for name in EVENTS if name.startswith("payin_")] == offered(
        "bash", "webhooks", "send", "payin_"
    )
    assert ["plain,completion"] == offered("bash", "comp")
    assert "plain,--intents" in offered("bash", "call", "payouts.create", "--in")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_the_same(shell: str) -> None:
    """In their own protocols."""
    assert any("payouts.simulate" in line for line in offered(shell, "call", "payouts.s"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_takes_the_script(tmp_path: Path) -> None:
    """A real shell evaluates it, and fills its list of offers."""
    program = tmp_path / "paycombat"
    program.write_text(f"#!{sys.executable}\n{MAIN}\n", encoding="utf-8")
    program.chmod(0o755)
    asked = 'COMP_WORDS=(paycombat call customers.en); COMP_CWORD=2; _paycombat_completion paycombat; echo "$COMPREPLY"'

    ended = processes.run(
        *("bash", "-c", f'eval "$(paycombat completion bash)"\n{asked}'),
        env=environment(PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}"),
    )

    assert (0, "customers.enable\n", "") == ended
