"""Parses faults as users write them: `500_after_commit`, `latency=50ms`, or with a rate, `latency=50ms:0.1`."""

import math
import re
from collections.abc import Iterator
from typing import Final

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.faults.names import SECONDS, Mishap, fault_named

_TIME: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|)", re.ASCII)
_IN_SECONDS: Final = {"ms": 0.001, "s": 1.0, "": 1.0}


def mishap_of(text: str) -> Mishap:
    """Returns the fault that a str like `NAME` or `NAME=TIME` describes.

    Without `TIME`, the fault has its default time. Raises `ConfigurationError` if the name or the time is invalid, or
    if a time is given for a fault that takes no time.
    """
    name, has_time, time = text.partition("=")
    fault = fault_named(name.strip())
    if not has_time:
        return Mishap(fault, SECONDS.get(fault, 0.0))
    found = _TIME.fullmatch(time.strip())
    if found is None:
        raise ConfigurationError(f"{fault}: the time must be like 50ms or 2s")
    return fault.lasting(float(found[1]) * _IN_SECONDS[found[2]])


def rates_of(text: str) -> Iterator[tuple[Mishap, float]]:
    """Yields the faults and their rates in a str of items like `NAME[=TIME][:RATE]`, separated by commas.

    An item without a rate gets the rate 1 (every request). A rate that is not a number becomes NaN, which `Faults`
    refuses. Raises `ConfigurationError` if a name or time is invalid.
    """
    for item in filter(None, map(str.strip, text.split(","))):
        name, has_rate, rate = item.partition(":")
        yield mishap_of(name), _number(rate) if has_rate else 1.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
