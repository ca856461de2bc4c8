"""All that comes out of a program about an error or an answer: what people print, log, pickle and report."""

import copy
import io
import logging
import pickle
import pprint
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.traceback import Traceback

from paycombat_async import PayCombatError


@dataclass
class Heard:
    """What was logged, at any level by any logger, and warned of."""

    texts: list[str] = field(default_factory=list)

    @property
    def whole(self) -> str:
        return "\n".join(self.texts)


class _Ear(logging.Handler):
    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.DEBUG)
        self._heard = heard
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(exc_text)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.texts += [self.format(record), repr(record.args), repr(vars(record))]


@contextmanager
def listening() -> Iterator[Heard]:
    """Hears everything, as a program with all logging turned on."""
    heard = Heard()
    ear, root = _Ear(heard), logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield heard
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
    heard.texts += [str(one.message) for one in warned]


def trimmed(error: BaseException) -> BaseException:
    """Its traceback from the SDK's first frame on: those above are the test's, which hold the marks themselves."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = _from_the_sdk_on(link.__traceback__)
        link = link.__cause__ or link.__context__
    return error


def _from_the_sdk_on(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and not trace.tb_frame.f_globals["__name__"].startswith(
        ("paycombat_async", "paycombat_sync")
    ):
        trace = trace.tb_next
    return trace


def told_of(error: BaseException) -> list[str]:
    """What is for everybody's eyes: neither secrets nor personal data may stand in it."""
    return [str(error), repr(error), f"{error}", ascii(error), repr(error.args), *traceback.format_exception(error)]


def reported_of(value: object) -> list[object]:
    """What error reporters make of it: no secrets may stand in it. The value itself is there to be walked."""
    outputs: list[object] = [value, pprint.pformat(value)]
    if isinstance(value, BaseException):
        outputs.append(pprint.pformat(vars(value)))
    if isinstance(value, PayCombatError):
        outputs += [pickle.dumps(value, protocol) for protocol in (0, 2, 5)]
        outputs.append(copy.deepcopy(value))
    return outputs


def shown_of(value: object, *, rich: bool) -> list[str]:
    """What a log and a traceback with local variables show: neither secrets nor personal data may stand in it."""
    if not isinstance(value, BaseException):
        return [repr(value), *([_in_rich(value)] if rich else [])]
    told = traceback.TracebackException.from_exception(value, capture_locals=True)
    shown = ["".join(told.format())]
    if rich:
        shown.append(_in_rich(Traceback.from_exception(type(value), value, value.__traceback__, show_locals=True)))
    return shown


def carried_away(value: object) -> list[bytes]:
    """Its pickle, if it lets itself be pickled at all."""
    with suppress(Exception):
        return [pickle.dumps(value)]
    return []


def _in_rich(what: object) -> str:
    console = Console(file=io.StringIO(), width=4_000, color_system=None)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
