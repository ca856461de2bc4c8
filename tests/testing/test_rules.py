"""The public conformance suites: whoever writes a store or an inbox is told which rule is broken, and by what."""

import ast
import inspect
from types import ModuleType

import msgspec
import pytest

from paycombat_async.errors import StoreFailed
from paycombat_async.intents import Begun, MemoryIntents, NewIntent, Settlement
from paycombat_async.testing import inbox_conformance, intents_conformance
from paycombat_async.testing.rules import expect, expect_error, rule
from paycombat_async.webhooks import MemoryInbox, Receipt, WebhookEvent

each_suite = pytest.mark.parametrize(
    "suite", [intents_conformance, inbox_conformance], ids=lambda suite: suite.__name__.rpartition(".")[2]
)


@each_suite
def test_every_check_of_a_suite_is_run(suite: ModuleType) -> None:
    """In the order in which they are written, and each has a rule to quote."""
    checks = [name for name, value in vars(suite).items() if inspect.iscoroutinefunction(value) and name[0] != "_"]

    assert [check.__name__ for check in suite.CHECKS] == [name for name in checks if name != "expect_error"]
    assert all(check.__doc__ for check in suite.CHECKS)


@each_suite
def test_no_suite_has_an_assertion_without_words(suite: ModuleType) -> None:
    """pytest explains the assertions of test modules only, and `python -O` removes all of them."""
    tree = ast.parse(inspect.getsource(suite))

    assert [] == [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]


class Forgetful(MemoryIntents):
    """Loses a part of what it is given."""

    async def begin(self, new: NewIntent) -> Begun:
        begun = await super().begin(new)
        return begun if not begun.may_send else Begun(msgspec.structs.replace(begun.intent, attempt=7), may_send=True)

    async def settle(self, settlement: Settlement) -> bool:
        raise StoreFailed("the disk is full")


class Doubled(MemoryInbox):
    """Takes every event for a new one."""

    async def receive(self, event: WebhookEvent, connection: None = None) -> Receipt:
        await super().receive(event)
        return Receipt.NEW


async def test_a_broken_rule_of_a_store_is_named() -> None:
    """With its text, and with the fields that differ."""
    with pytest.raises(AssertionError) as caught:
        await intents_conformance.a_new_reference_may_be_sent(Forgetful())

    first, second = str(caught.value).splitlines()
    assert first == "the stored record: its attempt is 1 instead of 7"
    assert second.startswith("rule a_new_reference_may_be_sent: `begin` of a new reference stores a SENDING record")


async def test_a_broken_rule_of_an_inbox_is_named() -> None:
    """With what was found."""
    with pytest.raises(AssertionError) as caught:
        await inbox_conformance.an_event_is_new_once(Doubled())

    first, second = str(caught.value).splitlines()
    assert first == "receive() of PAYIN SUCCESS: <Receipt.NEW: 'new'> instead of <Receipt.DUPLICATE: 'duplicate'>"
    assert second.startswith("rule an_event_is_new_once: The first `receive` of an event returns NEW")


async def test_an_error_of_the_store_itself_comes_out_with_the_rule() -> None:
    """It is what has to be mended, so it is not replaced."""
    with pytest.raises(StoreFailed, match="the disk is full") as caught:
        await intents_conformance.a_final_state_stays(Forgetful())

    assert caught.value.__notes__[0].startswith("rule a_final_state_stays: After APPLIED, `settle` without an answer")


async def test_an_error_that_is_not_raised_is_missed() -> None:
    """Another error than the expected one is not hidden."""

    async def nothing() -> int:
        return 5

    async def failing() -> None:
        raise KeyError("x")

    with pytest.raises(AssertionError, match=r"^call\(\): returned 5 instead of raising ValueError$"):
        await expect_error("call()", nothing(), ValueError)
    with pytest.raises(KeyError):
        await expect_error("call()", failing(), ValueError)
    await expect_error("call()", failing(), KeyError)


async def test_a_rule_that_holds_says_nothing() -> None:
    """And hands its subject on."""
    seen: list[int] = []

    @rule
    async def holds(subject: int) -> None:
        """It is five."""
        seen.append(subject)
        expect("the subject", subject, 5)

    await holds(5)
    assert [5] == seen
    with pytest.raises(AssertionError, match=r"^the subject: 6 instead of 5\nrule holds: It is five\.$"):
        await holds(6)
