"""`paycombat sandbox ctl`: a sandbox in another process, steered from a shell."""

import json

import pytest
from click.testing import CliRunner

from paycombat_async.cli.app import paycombat
from paycombat_async.sandbox import Sandbox
from tests.cli.command import run_here
from tests.processes import Ended
from tests.sandbox.ledger.test_report import pay


def ctl(sandbox: Sandbox, *words: str) -> Ended:
    return run_here("sandbox", "ctl", *words, sandbox=sandbox, PAYCOMBAT_SANDBOX_CONTROL=sandbox.control_token)


def printed(sandbox: Sandbox, *words: str) -> dict[str, object]:
    """What it prints, in this process; fails with its complaint if it has one."""
    more = {"PAYCOMBAT_BASE_URL": sandbox.base_url, "PAYCOMBAT_SANDBOX_CONTROL": sandbox.control_token}
    ended = CliRunner().invoke(paycombat, ["sandbox", "ctl", *words], env=more)
    assert (0, "") == (ended.exit_code, ended.stderr), ended.stderr
    answer = json.loads(ended.stdout)
    assert isinstance(answer, dict)
    return answer


def test_a_script_can_do_everything() -> None:
    """Each command, with its options, and the effect in the sandbox."""
    with Sandbox() as sandbox:
        pay(sandbox, "order-1", "order-2")
        first, second = [entry.id for entry in sandbox.ledger if entry.reference is not None]

        requests = printed(sandbox, "requests", "--operation", "payouts.create", "--limit", "1")
        one = printed(sandbox, "settle", first, "FAILED")
        rest = printed(sandbox, "settle", "--all")
        url = printed(sandbox, "deliveries", "--webhook-url", "http://127.0.0.1:9/hook")
        faults = printed(
            sandbox, "faults", "--calm", "--operation", "payouts.create", "--next", "none", "--next=html_502"
        )
        rates = printed(sandbox, "faults", "--rate", "latency=50ms:0.5")
        clock = printed(sandbox, "clock", "--advance", "3600")
        shown = [printed(sandbox, name) for name in ("deliveries", "faults", "clock", "ledger")]
        request = printed(sandbox, "request", "1")
        brief = printed(sandbox, "requests", "--brief", "--search", "ORDER-2")
        moved = printed(sandbox, "move", second, "return")
        objects = printed(sandbox, "objects", "payouts", "--search", "order-2")
        where = sandbox.webhook_url
        reset = printed(sandbox, "reset")
        left = len(sandbox.ledger)

    assert [1, "payouts.create"] == [len(requests["requests"]), requests["requests"][0]["operation"]]  # type: ignore[index, arg-type]  # JSON
    assert ({"settled": [first]}, {"settled": [second]}) == (one, rest)
    assert ({"deliveries": []}, "http://127.0.0.1:9/hook") == (url, where)
    assert (None, [2]) == (request["verdict"], [each["number"] for each in brief["requests"]])  # type: ignore[attr-defined]  # JSON
    assert ({"moved": second}, ["RETURNED"]) == (moved, [each["status"] for each in objects["objects"]])  # type: ignore[attr-defined]  # JSON
    assert (2, {"latency=0.05s": 0.5}) == (faults["left"], rates["rates"])
    assert 3600 == clock["advanced"] == shown[2]["advanced"]
    assert {"AUD": "999950"} == shown[3]["balances"]
    assert ({}, 0) == (reset, left)


def test_what_was_paid_twice_shows_in_the_exit_code() -> None:
    """As `paycombat sandbox ledger` does."""
    with Sandbox() as sandbox:
        pay(sandbox, "order-1", "order-1")

        ended = ctl(sandbox, "ledger")

    assert 1 == ended.returncode
    assert ["order-1"] == [double["reference"] for double in json.loads(ended.stdout)["doubles"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["settle", "x", "SUCCESS"], "there is no payin"),
        (["settle", "x"], "expected ID and STATUS"),
        (["faults", "--rate", "html_502"], "--rate must look like"),
        (["faults", "--next", "nonsense"], "there is no fault 'nonsense'"),
        (["clock", "--advance", "-1"], "from 0 to 100 years"),
        (["move", "x", "settle"], "there is no payin"),
        (["move", "x", "pay_part", "--amount", "y"], "Invalid decimal string"),
        (["deliveries", "--duplicate", "7"], "no delivery with this number"),
        (["request", "7"], "no request with this number"),
    ],
)
def test_what_is_refused_is_one_sentence(words: list[str], message: str) -> None:
    """On the error stream, with exit code 2."""
    with Sandbox() as sandbox:
        ended = ctl(sandbox, *words)

    assert (2, "") == (ended.returncode, ended.stdout)
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_token_stays_secret() -> None:
    """It comes from the environment only, goes to this machine only, and no message repeats it."""
    with Sandbox() as sandbox:
        missing = run_here("sandbox", "ctl", "reset", sandbox=sandbox)
        token = "wrong-wrong-wrong-wrong"
        wrong = run_here("sandbox", "ctl", "reset", sandbox=sandbox, PAYCOMBAT_SANDBOX_CONTROL=token)
        there = run_here("sandbox", "ctl", "--base-url", "http://192.0.2.1", "reset", PAYCOMBAT_SANDBOX_CONTROL=token)
        broken = run_here("sandbox", "ctl", "reset", sandbox=sandbox, PAYCOMBAT_SANDBOX_CONTROL="a\nb")
        nowhere = run_here("sandbox", "ctl", "reset", PAYCOMBAT_SANDBOX_CONTROL=token)

    assert [2] * 5 == [each.returncode for each in (missing, wrong, there, broken, nowhere)]
    assert "set PAYCOMBAT_SANDBOX_CONTROL" in missing.stderr
    assert "X-Sandbox-Control is missing, repeated or wrong" in wrong.stderr
    assert "a sandbox is on this machine" in there.stderr
    assert "PAYCOMBAT_BASE_URL" in nowhere.stderr
    assert not any(token in each.stdout + each.stderr for each in (missing, wrong, there, nowhere))
