"""Taking a webhook: is it the provider's, and what does it say: `python -m benchmarks webhook`."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from benchmarks._data import KEY
from benchmarks._harness import Effort, measure
from benchmarks._peers import bare_signer, installed, left_out, load, model_like
from benchmarks._results import Goal, Table, against, times_as_fast
from benchmarks._webhook_data import WEBHOOK, headers
from paycombat_async import Signer, webhooks
from paycombat_async.schemas.payins import Payin
from paycombat_async.webhooks import PayinSucceeded

_KEY: Final = KEY.encode()
_BASE: Final = "hmac.new + compare_digest + json.loads"
_UNREAD: Final = "hmac.new + compare_digest"
_ORJSON: Final = "hmac.new + compare_digest + orjson"
_PYDANTIC: Final = "pydantic + hmac.new + compare_digest"
_LEAST: Final = "least: two hash copies + msgspec"
_SDK: Final = "paycombat, Webhooks.unwrap"
_FUNCTION: Final = "paycombat, webhooks.unwrap"
_VERIFY: Final = "paycombat, Webhooks.verify"
_GOALS: Final = {_SDK: Goal(">=", 1.8)}
_WORK: Final = (
    "all find the header, check HMAC-SHA256 of the raw body in constant time, and read it: json and orjson into an "
    "unchecked dict, pydantic and the SDK into a typed object; the SDK also takes either header and any case"
)
_UNREAD_WORK: Final = "the same without reading the body"

Take = Callable[[], object]


def run(effort: Effort) -> list[Table]:
    """A true webhook, signed over its raw body."""
    table = Table("webhook", "Take a webhook", "times as fast as the named peer")
    read, unread = f"{len(WEBHOOK)} B, raw candidate: verify and read", f"{len(WEBHOOK)} B, raw candidate: verify only"
    taken = measure(_readers(), effort)
    table.rows += times_as_fast(read, taken, base=_BASE, goals=_GOALS)
    for ours in (_SDK, _LEAST):
        table.rows += against(read, taken, ours=ours, peers=dict.fromkeys((_ORJSON, _PYDANTIC)))
    table.rows += times_as_fast(unread, measure(_verifiers(), effort), base=_UNREAD)
    table.work |= {read: _WORK, unread: _UNREAD_WORK}
    table.remarks += left_out("orjson", "pydantic")
    return [table]


def _readers() -> dict[str, Take]:
    taken, came, signed = webhooks.Webhooks([KEY]), headers(Signer(KEY).sign(WEBHOOK)), [KEY]
    readers: dict[str, Take] = {_BASE: _checked(came, json.loads)}
    if installed("orjson"):
        readers[_ORJSON] = _checked(came, load("orjson").loads)
    if installed("pydantic"):
        model: Any = model_like(Payin)
        readers[_PYDANTIC] = _checked(came, model.model_validate_json)
    event = taken.unwrap(WEBHOOK, came)
    assert isinstance(event, PayinSucceeded)
    assert event.payin.order_reference == "order-2026-0048213"
    sign, decode = bare_signer(_KEY), msgspec.json.Decoder(Payin).decode
    readers[_LEAST] = lambda: hmac.compare_digest(sign(WEBHOOK), came["X-Signature"]) and decode(WEBHOOK)
    readers[_FUNCTION] = lambda: webhooks.unwrap(WEBHOOK, came, signed)
    readers[_SDK] = lambda: taken.unwrap(WEBHOOK, came)
    return readers


def _verifiers() -> dict[str, Take]:
    taken, came = webhooks.Webhooks([KEY]), headers(Signer(KEY).sign(WEBHOOK))
    assert taken.verify(WEBHOOK, came) == WEBHOOK
    return {_UNREAD: _checked(came, bytes), _VERIFY: lambda: taken.verify(WEBHOOK, came)}


def _checked(came: dict[str, str], read: Callable[[bytes], object]) -> Take:
    def take() -> object:
        wanted = hmac.new(_KEY, WEBHOOK, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, came["X-Signature"]):
            raise ValueError("forged")
        return read(WEBHOOK)

    return take
