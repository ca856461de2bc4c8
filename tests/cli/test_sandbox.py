"""`paycombat sandbox ledger`: what was paid in a sandbox that runs elsewhere."""

import json

from paycombat_async.cli.sandbox import _MADE, _OPENING
from paycombat_async.sandbox import Movement, Sandbox
from tests.cli.command import run_here
from tests.sandbox.ledger.test_report import pay


def test_the_ledger_of_a_running_sandbox_is_shown() -> None:
    """Balances and counts; exit code 0 as long as nothing was paid twice."""
    with Sandbox() as sandbox:
        pay(sandbox, "order-1", "order-2")

        shown = run_here("sandbox", "ledger", sandbox=sandbox)

    assert (0, "") == (shown.returncode, shown.stderr)
    assert "AUD 999,900 (1,000,000 at the start)\n2 payouts; 0 made more than once\n" == shown.stdout


def test_each_kind_of_movement_is_counted() -> None:
    """Without the opening balance, which nobody has paid; none at all is said, too."""
    with Sandbox(balances={"AUD": 70}) as sandbox:
        before = run_here("sandbox", "ledger", sandbox=sandbox)
        pay(sandbox, "order-1")
        sandbox.settle(sandbox.ledger.entries()[-1].id, "FAILED")
        after = run_here("sandbox", "ledger", sandbox=sandbox)

    assert "nothing was paid; 0 made more than once\n" == before.stdout
    assert "AUD 70 (70 at the start)\n1 payout, 1 failed payout; 0 made more than once\n" == after.stdout


def test_every_movement_has_a_word() -> None:
    """A new one would not be shown."""
    assert {_OPENING, *_MADE} == {movement.value for movement in Movement}


def test_what_was_paid_twice_is_named() -> None:
    """With its reference and the ids of both, and exit code 1; as JSON, too."""
    with Sandbox() as sandbox:
        pay(sandbox, "order-1", "order-1", "order\x1b[2J")
        ids = [entry.id for entry in sandbox.ledger if entry.reference == "order-1"]

        shown = run_here("sandbox", "ledger", "--base-url", sandbox.base_url)
        as_json = run_here("sandbox", "ledger", "--json", sandbox=sandbox)

    assert 1 == shown.returncode
    assert f"1 made more than once\n  payouts.create, order-1: {ids[0]}, {ids[1]}\n" in shown.stdout
    assert 1 == as_json.returncode
    assert ["order-1"] == [double["reference"] for double in json.loads(as_json.stdout)["doubles"]]
    assert "\x1b" not in as_json.stdout


def test_without_a_sandbox_there_is_a_sentence() -> None:
    """And exit code 2; the same without an address."""
    with Sandbox() as sandbox:
        gone = sandbox.base_url

    nobody, nowhere = run_here("sandbox", "ledger", "--base-url", gone), run_here("sandbox", "ledger")

    assert (2, "Error: nobody answers at this address; is `paycombat sandbox` running?\n") == (
        nobody.returncode,
        nobody.stderr,
    )
    assert 2 == nowhere.returncode
    assert "PAYCOMBAT_BASE_URL" in nowhere.stderr


def test_its_help_has_examples_and_exit_codes() -> None:
    """Authors of scripts need both."""
    shown = run_here("sandbox", "ledger", "--help").stdout

    assert "\n    paycombat sandbox ledger" in shown
    assert "Exit codes:" in shown
