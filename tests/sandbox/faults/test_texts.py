"""Faults as users write them, and the words for what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import Fault, Faults, Mishap
from paycombat_async.sandbox.faults.names import SECONDS
from paycombat_async.sandbox.faults.texts import mishap_of, rates_of


@pytest.mark.parametrize("fault", Fault)
def test_a_name_is_a_fault_with_its_usual_time(fault: Fault) -> None:
    """Every name; those that take no time have none."""
    assert Mishap(fault, SECONDS.get(fault, 0.0)) == mishap_of(fault.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("latency=50ms", 0.05),
        ("latency=2s", 2),
        ("latency=0.25", 0.25),
        (" latency = 1.5s ", 1.5),
        ("latency=0", 0),
    ],
)
def test_a_time_stands_behind_the_name(text: str, seconds: float) -> None:
    """In milliseconds or seconds."""
    assert Fault.LATENCY.lasting(seconds) == mishap_of(text)


@pytest.mark.parametrize("time", ["", "soon", "-1s", "1m", "1e3", "inf", "nan", "٣s", "1 s", ".5s", "5.s"])
def test_what_is_no_time_is_refused(time: str) -> None:
    """With a sentence that shows how to write it."""
    with pytest.raises(ConfigurationError, match="like 50ms or 2s"):
        mishap_of(f"latency={time}")


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
def test_a_time_must_be_one(seconds: float) -> None:
    """`Fault.lasting` refuses negative and non-finite seconds."""
    with pytest.raises(ConfigurationError, match="0 seconds or more"):
        Fault.TRICKLE.lasting(seconds)


def test_not_every_fault_takes_a_time() -> None:
    """The sentence names those that do."""
    with pytest.raises(ConfigurationError, match=r"html_502 takes no time; those that do: latency, .*idle_reset"):
        mishap_of("html_502=1s")


@pytest.mark.parametrize("name", ["nonsense", "", "LATENCY", "500", "latency 1s"])
def test_an_unknown_name_is_refused_with_all_names(name: str) -> None:
    """Whoever mistyped finds the right one in the sentence."""
    with pytest.raises(ConfigurationError) as refused:
        mishap_of(name)

    assert repr(name) in str(refused.value)
    assert all(fault in str(refused.value) for fault in Fault)


@given(
    st.lists(
        st.tuples(st.sampled_from(Fault), st.integers(0, 10_000), st.integers(0, 1000)),
        max_size=6,
    )
)
def test_rates_are_read_as_they_are_written(faults: list[tuple[Fault, int, int]]) -> None:
    """Any names, with times where they take one, any rates, commas and white space between."""
    right = [
        (Mishap(fault, milliseconds * 0.001 if fault in SECONDS else 0.0), rate / 1000)
        for fault, milliseconds, rate in faults
    ]
    texts = [
        f"{fault}={milliseconds}ms:{rate / 1000}" if fault in SECONDS else f"{fault}:{rate / 1000}"
        for fault, milliseconds, rate in faults
    ]

    assert right == list(rates_of(" ,\n".join(texts)))


def test_a_rate_left_out_is_always() -> None:
    """`latency` alone delays every request; nothing at all is fair weather."""
    assert [(mishap_of("latency"), 1.0)] == list(rates_of("latency"))
    assert [] == list(rates_of(" , "))


@pytest.mark.parametrize("rate", ["", "often", "-0.1", "1.1", "nan", "inf", "0.5:0.5"])
def test_what_is_no_rate_is_refused(rate: str) -> None:
    """A rate must be a number from 0 to 1."""
    with pytest.raises(ConfigurationError, match="html_502: the rate must be a number from 0 to 1"):
        Faults.of(f"html_502:{rate}")


@pytest.mark.parametrize("text", ["latency:0.1,latency=100ms:0.2", "html_502:0.1,html_502:0.1"])
def test_a_fault_stands_there_once(text: str) -> None:
    """Two rates for the same one say nothing; latency's usual time is 100 ms."""
    with pytest.raises(ConfigurationError, match="twice"):
        Faults.of(text)


def test_the_same_fault_may_have_two_times() -> None:
    """Short waits often, long ones seldom."""
    assert Faults.of("latency=10ms:0.2,latency=2s:0.01").left == 0


@pytest.mark.parametrize("text", ["latency,html_502:0.1", "html_502:0.7,json_nan:0.7"])
def test_all_rates_together_are_one_at_most(text: str) -> None:
    """The rates must not exceed 1 in total, since a request gets at most one fault."""
    with pytest.raises(ConfigurationError, match="together must be 1 at most"):
        Faults.of(text)


def test_webhooks_have_rates_of_their_own() -> None:
    """They do not add up with those of requests."""
    faults = Faults.of("html_502,duplicate_webhook:0.5,out_of_order_webhook:0.5")

    assert faults.for_webhook() in {Fault.DUPLICATE_WEBHOOK, Fault.OUT_OF_ORDER_WEBHOOK}
