"""Catches the errors of OpenTelemetry's tracers, meters and exporters, so that they do not change a call."""

import functools
import logging
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from paycombat_async.telemetry.attributes import ERROR

P = ParamSpec("P")
T = TypeVar("T")

_log: Final = logging.getLogger("paycombat")
_reported: Final[set[str]] = set()


def harmless(function: Callable[P, T]) -> Callable[P, T | None]:
    """Returns a function that calls `function`. If that raises an `Exception`, logs the failure and returns None.

    So an error in OpenTelemetry does not change the result of a call to the provider.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # providers, processors and exporters may raise anything
            report_failure(type(error).__name__)
            return None

    return guarded


def report_failure(name: str) -> None:
    """Logs the first failure of each `name`, which is the name of an error's class.

    The text of the error is not logged, because it may contain secrets or personal data.
    """
    if name not in _reported:
        _reported.add(name)
        _log.warning("telemetry failed, which changes no call: %s", name, extra={ERROR: name})
