"""Understanding an answer: `python -m benchmarks decode`."""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from benchmarks._data import TOKEN, clean_answer, drifting_answer
from benchmarks._harness import Effort, measure
from benchmarks._peers import installed, left_out, load, model_like
from benchmarks._results import Goal, Table, against, times_as_fast
from paycombat_async import Customer, RawReply
from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._protocol.interpret import interpret
from paycombat_async._secrets import Redactor, Secret
from paycombat_async.endpoints import UPDATE_CUSTOMER

_BASE: Final = "json.loads"
_PYDANTIC: Final = "pydantic"
_LEAST: Final = "least: msgspec"
_SDK: Final = "paycombat, interpret"
_GOALS: Final = {_SDK: Goal(">=", 2.5)}
_PYDANTIC_GOAL: Final = Goal(">=", 2.3)
_CLEAN_WORK: Final = (
    "json and orjson make dicts and check nothing; msgspec and pydantic check types into objects, without tolerance; "
    "the SDK also reads status and envelope and turns {} into None"
)
_DRIFTING_WORK: Final = "json and orjson make dicts; the SDK makes its Struct without the odd field and notes it"


class WholeAnswer(Struct, frozen=True, kw_only=True):
    """The envelope and its data, read in one go and without any tolerance: what msgspec can do at best."""

    data: Customer
    request_id: str
    request_time: str
    status_code: int
    status_text: str
    success: bool


def run(effort: Effort) -> list[Table]:
    """The page's answer as it stands, and with drift in it."""
    table = Table("decode", "Read the answer of Update Customer", "times as fast as the named peer")
    clean, drifting = f"clean, {len(clean_answer())} B", f"drifting, {len(drifting_answer())} B"
    readers = {**_parsers(clean_answer()), **_typed(clean_answer()), _SDK: _sdk(clean_answer())}
    read = measure(readers, effort)
    table.rows += times_as_fast(clean, read, base=_BASE, goals=_GOALS)
    table.rows += against(clean, read, ours=_SDK, peers={_PYDANTIC: _PYDANTIC_GOAL})
    table.rows += against(clean, read, ours=_LEAST, peers={_PYDANTIC: None})
    readers = {**_parsers(drifting_answer()), _SDK: _sdk(drifting_answer())}
    table.rows += times_as_fast(drifting, measure(readers, effort), base=_BASE)
    table.work |= {clean: _CLEAN_WORK, drifting: _DRIFTING_WORK}
    table.remarks += left_out("orjson", "pydantic")
    return [table]


def _parsers(body: bytes) -> dict[str, Callable[[], object]]:
    parsers: dict[str, Callable[[], object]] = {_BASE: lambda: json.loads(body)}
    if installed("orjson"):
        loads = load("orjson").loads
        parsers["orjson"] = lambda: loads(body)
    return parsers


def _typed(body: bytes) -> dict[str, Callable[[], object]]:
    decoder = msgspec.json.Decoder(WholeAnswer)
    typed: dict[str, Callable[[], object]] = {_LEAST: lambda: decoder.decode(body)}
    if installed("pydantic"):
        model: Any = model_like(WholeAnswer)
        typed[_PYDANTIC] = lambda: model.model_validate_json(body)
    return typed


def _sdk(body: bytes) -> Callable[[], object]:
    raw = RawReply(200, {"content-type": "application/json"}, body)
    redact = Redactor((Secret(TOKEN),))

    def understand() -> object:
        return interpret(UPDATE_CUSTOMER, raw, now=SYSTEM_CLOCK.now, redact=redact).data

    assert isinstance(understand(), Customer)
    return understand
