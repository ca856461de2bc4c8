"""Which fault comes when: seeds, rates, scripts, the record."""

import threading
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Fault, Faults, Sandbox
from paycombat_async.sandbox.arrivals import Arrival
from paycombat_async.sandbox.faults.schedule import KEPT
from tests.sandbox.caller import Caller

RATES = {"500_after_commit": 0.1, "latency=50ms": 0.2, "html_502": 0.05}


def arrival(operation: str = "customers.update") -> Arrival:
    return Arrival(operation=operation, method="PATCH", path="/", headers={})


def met(faults: Faults, count: int = 1, operation: str = "customers.update") -> list[Fault | None]:
    """What so many requests meet."""
    mishaps = (faults.decide(arrival(operation)) for _ in range(count))
    return [mishap and mishap.fault for mishap in mishaps]


@given(st.integers())
def test_the_same_seed_gives_the_same_faults(seed: int) -> None:
    """The order in which rates are given makes no difference."""
    one = Faults(seed=seed, rates=RATES)
    other = Faults(seed=seed, rates=dict(reversed(RATES.items())))

    assert met(one, 50) == met(other, 50)


def test_another_seed_gives_others() -> None:
    """Two seeds give different faults."""
    assert met(Faults(seed=1, rates=RATES), 100) != met(Faults(seed=2, rates=RATES), 100)


def test_what_a_seed_gives_stays() -> None:
    """These are the faults of seed 10: a run reported today can be repeated tomorrow."""
    rates = {"500_after_commit": 0.2, "html_502": 0.2}

    first = met(Faults(seed=10, rates=rates), 8)

    commit, html = Fault.STATUS_500_AFTER_COMMIT, Fault.HTML_502
    assert [None, None, commit, None, commit, None, html, html] == first


def test_rates_are_kept_in_the_long_run() -> None:
    """Within four standard deviations over 5000 requests."""
    seen = Counter(met(Faults(seed=3, rates=RATES), 5000))

    for name, rate in (("500_after_commit", 0.1), ("latency", 0.2), ("html_502", 0.05)):
        assert abs(seen[Fault(name)] - 5000 * rate) < 4 * (5000 * rate * (1 - rate)) ** 0.5


@pytest.mark.parametrize(("rate", "expected"), [(0, None), (1, Fault.HTML_502)])
def test_never_and_always(rate: float, expected: Fault | None) -> None:
    """Rate 0 applies a fault to no request, rate 1 to all."""
    assert [expected] * 200 == met(Faults(rates={Fault.HTML_502: rate}), 200)


def test_rates_of_one_in_all_leave_no_request_out() -> None:
    """Ten tenths are all, though not in binary."""
    names = [fault for fault in Fault if fault.startswith(("429", "redirect"))][:10]

    assert None not in met(Faults(rates=dict.fromkeys(names, 0.1)), 500)


def test_a_request_that_goes_well_counts() -> None:
    """Scripts take nothing away from the rates' order: request 30 meets what it always meets."""
    plain, scripted = Faults(seed=5, rates=RATES), Faults(seed=5, rates=RATES)
    scripted.next(*[None] * 10)

    assert met(plain, 30)[10:] == met(scripted, 30)[10:]


def test_a_script_is_followed_in_order() -> None:
    """The requests of the scripted operation get its steps in order; other operations get none."""
    faults = Faults()
    faults.script("customers.update", [Fault.DISCONNECT_AFTER_COMMIT, None, "latency=2s"])

    assert met(faults, operation="customers.retrieve") == [None]
    assert met(faults, 4) == [Fault.DISCONNECT_AFTER_COMMIT, None, Fault.LATENCY, None]
    assert faults.left == 0


def test_what_comes_next_is_for_any_operation() -> None:
    """`next` applies to any operation without a script of its own."""
    faults = Faults()
    faults.next(Fault.HTML_502, Fault.JSON_NAN)
    faults.script("customers.update", [Fault.TRICKLE])

    assert faults.left == 3
    assert met(faults, operation="unknown") == [Fault.HTML_502]
    assert met(faults, 2) == [Fault.TRICKLE, Fault.JSON_NAN]


def test_scripts_are_prolonged() -> None:
    """A second script comes behind the first."""
    faults = Faults()
    faults.script("customers.update", [Fault.HTML_502])
    faults.script("customers.update", [Fault.JSON_NAN])

    assert met(faults, 2) == [Fault.HTML_502, Fault.JSON_NAN]


def test_a_script_beats_the_rates() -> None:
    """A scripted step, also None, takes precedence over the rates."""
    faults = Faults(rates={"html_502": 1.0})
    faults.script("customers.update", [None, Fault.JSON_NAN])

    assert met(faults, 3) == [None, Fault.JSON_NAN, Fault.HTML_502]


def test_rates_can_be_changed_while_scripts_stay() -> None:
    """From the next request on; what was asked for by hand is not forgotten."""
    faults = Faults(rates={"html_502": 1.0})
    faults.script("customers.update", [Fault.JSON_NAN])
    faults.set_rates({})

    assert met(faults, 2) == [Fault.JSON_NAN, None]


def test_an_outage_can_end() -> None:
    """After `calm` nothing goes wrong, and faults can be set anew."""
    faults = Faults(rates={"503_before_commit": 1.0})
    faults.next(Fault.HTML_502, Fault.HTML_502)
    faults.script("customers.update", [Fault.JSON_NAN] * 4)
    during = met(faults, 3)

    faults.calm()
    left, after = faults.left, met(faults, 3)
    faults.next(Fault.JSON_NAN)

    assert during == [Fault.JSON_NAN] * 3
    assert (left, after) == (0, [None] * 3)
    assert met(faults) == [Fault.JSON_NAN]


@pytest.mark.parametrize("operation", ["payout.create", "", "PATCH"])
def test_a_script_for_nothing_is_refused(operation: str) -> None:
    """A mistyped name would be a test that cannot fail."""
    with pytest.raises(ConfigurationError, match=r"customers\.update.*unknown.*webhooks"):
        Faults().script(operation, [Fault.HTML_502])


@pytest.mark.parametrize("steps", [["nonsense"], [Fault.HTML_502, "html_503"], [Fault.DUPLICATE_WEBHOOK]])
def test_a_step_that_is_none_is_refused(steps: Iterable[str]) -> None:
    """Unknown names, and webhooks' faults for requests; nothing of the script is taken."""
    faults = Faults()

    with pytest.raises(ConfigurationError):
        faults.script("customers.update", steps)

    assert faults.left == 0


def test_webhooks_have_their_own_script_and_count() -> None:
    """Webhooks are counted and scripted independently of requests."""
    faults = Faults(rates={"html_502": 1.0})
    faults.script("webhooks", [Fault.DUPLICATE_WEBHOOK, None, Fault.OUT_OF_ORDER_WEBHOOK])
    met(faults, 3)

    assert [faults.for_webhook() for _ in range(4)] == [
        Fault.DUPLICATE_WEBHOOK,
        None,
        Fault.OUT_OF_ORDER_WEBHOOK,
        None,
    ]
    assert [(a.number, a.operation, a.arrival) for a in faults.applied[3:]] == [
        (1, "webhooks", None),
        (3, "webhooks", None),
    ]
    with pytest.raises(ConfigurationError, match="html_502 is for requests"):
        faults.script("webhooks", [Fault.HTML_502])
    with pytest.raises(ConfigurationError, match="duplicate_webhook is for webhooks"):
        faults.next(Fault.DUPLICATE_WEBHOOK)


def test_webhooks_are_drawn_by_seed() -> None:
    """The same ones for the same seed, at their rate."""
    rates = {"duplicate_webhook": 0.3, "out_of_order_webhook": 0.2}

    first, again, other = (
        [faults.for_webhook() for _ in range(1000)]
        for faults in (Faults(rates=rates), Faults(rates=rates), Faults(seed=1, rates=rates))
    )

    assert first == again != other
    assert 240 < first.count(Fault.DUPLICATE_WEBHOOK) < 360
    assert 140 < first.count(Fault.OUT_OF_ORDER_WEBHOOK) < 260


def test_the_record_is_bounded_but_counted_without_end() -> None:
    """The latest faults with their requests, all of them by name."""
    faults = Faults(rates={"latency=3s": 1.0})
    arrivals = [arrival() for _ in range(KEPT + 5)]
    for each in arrivals:
        faults.decide(each)

    applied = faults.applied
    assert (len(applied), applied[-1].number, applied[-1].seconds) == (KEPT, KEPT + 5, 3)
    assert applied[0].arrival is arrivals[5]
    assert faults.counts == {"latency": KEPT + 5}


def test_threads_can_share_it() -> None:
    """Each scripted step falls to exactly one request."""
    faults = Faults()
    seen: list[Fault | None] = []

    def work() -> None:
        for _ in range(200):
            faults.next(Fault.HTML_502)
            seen.extend(met(faults))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.extend(met(faults, faults.left))

    assert seen.count(Fault.HTML_502) == faults.counts["html_502"] == 1600
    assert faults.left == 0


async def test_a_sandbox_takes_a_text(caller: Caller) -> None:
    """The short form; a `Faults` is taken as it is; without either, a script can be given later."""
    async with Sandbox(faults="500_before_commit") as sandbox:
        answer = await Caller(sandbox, caller.session).send("GET", "/nowhere")
    faults = Faults()

    assert answer.status == 500
    assert Sandbox(faults=faults).faults is faults
    assert (await caller.send("GET", "/nowhere")).status == 404
    caller.sandbox.faults.next(Fault.STATUS_503_BEFORE_COMMIT)
    assert (await caller.send("GET", "/nowhere")).status == 503
    with pytest.raises(ConfigurationError, match="there is no fault 'nonsense'"):
        Sandbox(faults="nonsense:0.1")
