"""Making the bytes of a request and signing them: `python -m benchmarks sign`."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from benchmarks._data import KEY, REQUESTS, USUAL, account
from benchmarks._harness import Effort, measure
from benchmarks._peers import installed, left_out, load, model_like
from benchmarks._results import Goal, Table, times_as_fast
from paycombat_async import Signer, UpdateCustomer, canonical_json
from paycombat_async._protocol import draft
from paycombat_async.endpoints import UPDATE_CUSTOMER

_KEY: Final = KEY.encode()
_BASE: Final = "json.dumps + hmac.new"
_SDK: Final = "paycombat"
_DRAFT: Final = "paycombat, validated draft"
_GOALS: Final = {_SDK: Goal(">=", 4.5), _DRAFT: Goal(">=", 2.3)}

Action = Callable[[], object]


def run(effort: Effort) -> list[Table]:
    """Encoding, signing, and both, for three sizes of body."""
    table = Table("sign", "Encode and sign a request", "times as fast as the first row of its group")
    for size, request in REQUESTS.items():
        encoders = _encoders(request)
        body = _same_bytes(encoders)
        goals = _GOALS if size.startswith(USUAL) else {}
        encoded = measure(encoders, effort)
        table.rows += times_as_fast(f"{size}: encode", encoded, base="json.dumps")
        table.rows += times_as_fast(f"{size}: sign", measure(_signers(body), effort), base="hmac.new")
        both = measure(_both(request, encoders), effort)
        table.rows += times_as_fast(f"{size}: encode + sign", both, base=_BASE, goals=goals)
    table.remarks += left_out("orjson", "pydantic")
    return [table]


def _encoders(request: UpdateCustomer) -> dict[str, Action]:
    data: dict[str, Any] = json.loads(canonical_json(request))
    encoders: dict[str, Action] = {
        "json.dumps": lambda: json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    }
    if installed("orjson"):
        dumps = load("orjson").dumps
        encoders["orjson"] = lambda: dumps(data)
    if installed("pydantic"):
        model = model_like(UpdateCustomer).model_validate(data)
        encoders["pydantic"] = lambda: model.model_dump_json(exclude_unset=True).encode()
    encoders[_SDK] = lambda: canonical_json(request)
    return encoders


def _same_bytes(encoders: Mapping[str, Action]) -> bytes:
    """The bytes, which all encoders must agree on: else the comparison would be of unlike work."""
    bodies = {name: encode() for name, encode in encoders.items()}
    body = bodies[_SDK]
    assert isinstance(body, bytes)
    assert all(other == body for other in bodies.values()), "the encoders disagree"
    return body


def _signers(body: bytes) -> dict[str, Action]:
    signer = Signer(KEY)
    inner, outer = _pads()

    def bare() -> str:
        first = inner.copy()
        first.update(body)
        second = outer.copy()
        second.update(first.digest())
        signature: str = second.hexdigest()
        return signature

    signers: dict[str, Action] = {
        "hmac.new": lambda: hmac.new(_KEY, body, hashlib.sha256).hexdigest(),
        "bare HMAC, two hash copies": bare,
        _SDK: lambda: signer.sign(body),
    }
    assert len({sign() for sign in signers.values()}) == 1, "the signers disagree"
    return signers


def _pads() -> tuple[Any, Any]:
    block = hashlib.sha256(_KEY).digest() if len(_KEY) > 64 else _KEY
    padded = block.ljust(64, b"\0")
    return hashlib.sha256(bytes(b ^ 0x36 for b in padded)), hashlib.sha256(bytes(b ^ 0x5C for b in padded))


def _both(request: UpdateCustomer, encoders: Mapping[str, Action]) -> dict[str, Action]:
    both = {f"{name} + hmac.new": _with_hmac(encode) for name, encode in encoders.items() if name != _SDK}
    if installed("pydantic"):
        both["pydantic validate + dump + hmac.new"] = _validated_by_pydantic(request)
    signer = Signer(KEY)
    ours = account("http://127.0.0.1")

    def signed() -> tuple[bytes, str]:
        body = canonical_json(request)
        return body, signer.sign(body)

    def drafted() -> tuple[bytes | None, str]:
        made = draft(UPDATE_CUSTOMER, request, {}, None, ours)
        return made.body, made.headers["signature"]

    both |= {_SDK: signed, _DRAFT: drafted}
    assert len({act() for act in both.values()}) == 1, "the contenders disagree"
    return both


def _with_hmac(encode: Action) -> Action:
    def act() -> object:
        body: Any = encode()
        return body, hmac.new(_KEY, body, hashlib.sha256).hexdigest()

    return act


def _validated_by_pydantic(request: UpdateCustomer) -> Action:
    model = model_like(UpdateCustomer)
    data = json.loads(canonical_json(request))
    return _with_hmac(lambda: model.model_validate(data).model_dump_json(exclude_unset=True).encode())
