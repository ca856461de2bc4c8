"""Retry-After in every form that servers send, and the machine's clock behind the protocol."""

import asyncio
import math
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paycombat_async._clock import SYSTEM_CLOCK, Clock, SystemClock, retry_after_seconds

NOW = 1445412380.0  # 100 seconds before Wed, 21 Oct 2015 07:28:00 GMT

HEADERS: dict[str, tuple[str | None, float | None]] = {
    "no header": (None, None),
    "integer": ("5", 5.0),
    "zero": ("0", 0.0),
    "padded": (" 5 \t", 5.0),
    "float": ("1.5", 1.5),
    "float without a leading digit": (".5", 0.5),
    "exponent": ("1e3", 1000.0),
    "negative": ("-5", 0.0),
    "negative zero": ("-0", 0.0),
    "huge": ("9" * 300, 1e300),
    "nan": ("nan", None),
    "infinity": ("inf", None),
    "infinity in full": ("-Infinity", None),
    "beyond doubles": ("1e400", None),
    "five thousand digits": ("9" * 5000, None),
    "date ahead": ("Wed, 21 Oct 2015 07:28:00 GMT", 100.0),
    "date behind": ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
    "date now": ("Wed, 21 Oct 2015 07:26:20 GMT", 0.0),
    "date without a zone known": ("Wed, 21 Oct 2015 07:28:00 -0000", 100.0),
    "date without a zone": ("Wed, 21 Oct 2015 07:28:00", 100.0),
    "date of another zone": ("Wed, 21 Oct 2015 09:28:00 +0200", 100.0),
    "date with a two-digit year": ("Wednesday, 21-Oct-15 07:28:00 GMT", 100.0),
    "date by asctime": ("Wed Oct 21 07:28:00 2015", 100.0),
    "date by asctime, one-digit day": ("Sun Nov  1 00:00:00 2015", 923_620.0),
    "date far ahead": ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0 - NOW),
    "date in the first year": ("Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
    "date beyond the calendar": ("Fri, 31 Dec 10000 23:59:59 GMT", None),
    "date with an absurd zone": ("Wed, 21 Oct 2015 07:28:00 +99999999999999", None),
    "date at the end, zone behind": ("Fri, 31 Dec 9999 23:59:59 -2359", 253402300799.0 + 86340 - NOW),
    "day 32": ("Wed, 32 Oct 2015 07:28:00 GMT", None),
    "hour 25": ("Wed, 21 Oct 2015 25:28:00 GMT", None),
    "year of five thousand digits": ("Wed, 21 Oct " + "9" * 5000 + " 07:28:00 GMT", None),
    "ISO date": ("2015-10-21T07:28:00Z", None),
    "empty": ("", None),
    "blank": ("  ", None),
    "word": ("soon", None),
    "unit": ("5s", None),
    "list": ("5, 6", None),
    "hexadecimal": ("0x10", None),
    "NUL": ("\0", None),
    "half a surrogate pair": ("\ud800", None),
}


@pytest.mark.parametrize(("header", "expected"), HEADERS.values(), ids=HEADERS)
def test_retry_after_is_read_or_counts_as_nothing_said(header: str | None, expected: float | None) -> None:
    """Numbers and HTTP dates become seconds from now, never below zero; the rest becomes None."""
    seconds = retry_after_seconds(header, NOW)

    assert seconds == (expected if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the machine's zone cannot be changed here")
@pytest.mark.parametrize("header", ["Wed, 21 Oct 2015 07:28:00 -0000", "Wed Oct 21 07:28:00 2015"])
def test_the_machines_zone_does_not_matter(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A date that names no zone is GMT, also in Seoul."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "KST-9")
        time.tzset()
        seconds = retry_after_seconds(header, NOW)
    time.tzset()

    assert seconds == 100.0


def is_none_or_a_wait(seconds: float | None) -> bool:
    return seconds is None or (isinstance(seconds, float) and math.isfinite(seconds) and seconds >= 0)


pieces = st.sampled_from(
    (
        *("0", "1", "5", "15", "21", "31", "99", "2015", "9999", "99999", "-1", "9" * 20, "9" * 4301),
        *(".", ",", ":", "-", "+", "e", "E", "_", "/", " ", "\t", "\n", "(", ")", '"', "é", "\u0663", "nan", "inf"),
        *("Wed", "Wed,", "Wednesday,", "Oct", "October", "Jan", "07:28", "07:28:00", "7.28", "25:61:99", "07:28:00.5"),
        *("GMT", "UTC", "PST", "Z", "+0000", "-0000", "+9999", "-2359", "+24:00"),
    )
)
near_dates = st.lists(pieces, max_size=9).map("".join) | st.lists(pieces, max_size=9).map(" ".join)


@given(header=st.text() | near_dates, now=st.floats(0, 1e11))
@example(header="Fri, 31 Dec 9999 23:59:59 -2359", now=0.0)
@example(header="Mon, 01 Jan 0001 00:00:00 +2359", now=1e11)
def test_any_header_gives_none_or_a_finite_wait(header: str, now: float) -> None:
    """Whatever a server or a proxy writes there, nothing is raised."""
    assert is_none_or_a_wait(retry_after_seconds(header, now))


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers())
def test_any_number_gives_none_or_a_finite_wait(number: float) -> None:
    """Numbers of every size and sign, as Python writes them."""
    assert is_none_or_a_wait(retry_after_seconds(str(number), NOW))


def test_the_system_clock_tells_the_machines_time() -> None:
    """Calendar time and monotonic time are those of the standard library."""
    clock: Clock = SYSTEM_CLOCK

    before, now, after = time.time(), clock.now(), time.time()
    started, monotonic, ended = time.monotonic(), clock.monotonic(), time.monotonic()

    assert before <= now <= after
    assert started <= monotonic <= ended


def test_the_system_clock_gives_chance_between_zero_and_one() -> None:
    """A thousand draws stay within [0, 1) and are not all the same."""
    draws = {SystemClock().random() for _ in range(1000)}

    assert all(0 <= draw < 1 for draw in draws)
    assert len(draws) > 900


async def test_the_system_clock_lets_others_run_while_it_sleeps() -> None:
    """Sleeping gives the loop to other tasks."""
    seen: list[str] = []

    async def other() -> None:
        seen.append("other")

    task = asyncio.create_task(other())
    await SYSTEM_CLOCK.sleep(0)
    await task

    assert seen == ["other"]
