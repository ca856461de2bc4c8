"""Making the bytes of a request and signing them: `python -m benchmarks sign`."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from benchmarks._data import KEY, PAYOUTS, REQUESTS, USUAL, account
from benchmarks._harness import Effort, Samples, measure
from benchmarks._peers import bare_signer, installed, left_out, load, model_like
from benchmarks._results import Goal, Row, Table, against, times_as_fast, times_the_cost
from paycombat_async import CreatePayout, Signer, UpdateCustomer, canonical_json
from paycombat_async._protocol.draft import draft
from paycombat_async.endpoints import CREATE_PAYOUT, UPDATE_CUSTOMER, Endpoint

Q = TypeVar("Q")
R = TypeVar("R")

_KEY: Final = KEY.encode()
_BASE: Final = "json.dumps + hmac.new"
_ORJSON: Final = "orjson + hmac.new"
_PYDANTIC: Final = "pydantic + hmac.new"
_VALIDATED: Final = "pydantic validate + dump + hmac.new"
_TWO_COPIES: Final = "bare HMAC, two hash copies"
_LEAST: Final = "least: msgspec + two hash copies"
_SDK: Final = "paycombat"
_DRAFT: Final = "paycombat, validated draft"
_GOALS: Final = {_SDK: Goal(">=", 4.8), _DRAFT: Goal(">=", 2.5)}
_HMAC_GOAL: Final = Goal("<=", 1.1)
_PAYOUT: Final = "a payout's draft"
_UPDATE: Final = "an update's draft"
_PAYOUT_GOAL: Final = Goal("<=", 1.5)

_ENCODE_WORK: Final = "the same bytes by all, asserted; the SDK also rules out what JavaScript would write otherwise"
_SIGN_WORK: Final = "hex HMAC-SHA256 of the same bytes by all; the two hash copies are written out in the benchmark"
_BOTH_WORK: Final = (
    "bytes and signature by all; the validated draft also checks every field, makes URL and headers; "
    "json, orjson, pydantic's dump and the least check nothing"
)
_PAYOUT_WORK: Final = (
    "both check every field, make URL, headers, body and signature; a payout has two amounts, the longer one also 22 "
    "fields in extra"
)

Action = Callable[[], object]


def run(effort: Effort) -> list[Table]:
    """Encoding, signing, and both, for bodies of several sizes."""
    table = Table("sign", "Encode and sign a request", "times as fast as the named peer (cost rows: times its time)")
    for size, request in REQUESTS.items():
        encoders = _encoders(request)
        body = _same_bytes(encoders)
        encode, sign, both = (f"{size}: {step}" for step in ("encode", "sign", "encode + sign"))
        table.rows += times_as_fast(encode, measure(encoders, effort), base="json.dumps")
        signed = measure(_signers(body), effort)
        table.rows += times_as_fast(sign, signed, base="hmac.new")
        goal = _HMAC_GOAL if size.startswith(USUAL) else None
        table.rows.append(times_the_cost(f"{sign}: cost", signed, of=_SDK, base=_TWO_COPIES, goal=goal))
        goals = _GOALS if size.startswith(USUAL) else {}
        done = measure(_both(request, encoders), effort)
        table.rows += times_as_fast(both, done, base=_BASE, goals=goals)
        table.rows += against(both, done, ours=_SDK, peers=dict.fromkeys((_ORJSON, _PYDANTIC)))
        table.rows += against(both, done, ours=_LEAST, peers=dict.fromkeys((_ORJSON, _PYDANTIC)))
        table.rows += against(both, done, ours=_DRAFT, peers={_VALIDATED: None})
        table.work |= {encode: _ENCODE_WORK, sign: _SIGN_WORK, both: _BOTH_WORK}
    table.rows += [_payout_row(size, payout, effort) for size, payout in PAYOUTS.items()]
    table.work[table.rows[-len(PAYOUTS)].case] = _PAYOUT_WORK
    table.remarks += left_out("orjson", "pydantic")
    return [table]


def _payout_row(size: str, payout: CreatePayout, effort: Effort) -> Row:
    update = REQUESTS[size]
    drafts = {_PAYOUT: _drafting(CREATE_PAYOUT, payout), _UPDATE: _drafting(UPDATE_CUSTOMER, update)}
    lengths = {_PAYOUT: len(canonical_json(payout)), _UPDATE: len(canonical_json(update))}
    taken = {name: _per_kilobyte(samples, lengths[name]) for name, samples in measure(drafts, effort).items()}
    goal = None if size == USUAL else _PAYOUT_GOAL
    case = f"a payout of {lengths[_PAYOUT]:,} B beside an update of {lengths[_UPDATE]:,} B: cost of a kilobyte"
    return times_the_cost(case, taken, of=_PAYOUT, base=_UPDATE, goal=goal)


def _drafting(endpoint: Endpoint[Q, R], request: Q) -> Action:
    ours = account("http://127.0.0.1")
    return lambda: draft(endpoint, request, {}, None, ours)


def _per_kilobyte(samples: Samples, length: int) -> Samples:
    return Samples([each / length * 1000 for each in samples.cpu], [each / length * 1000 for each in samples.wall])


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
    signer, bare = Signer(KEY), bare_signer(_KEY)
    signers: dict[str, Action] = {
        "hmac.new": lambda: hmac.new(_KEY, body, hashlib.sha256).hexdigest(),
        _TWO_COPIES: lambda: bare(body),
        _SDK: lambda: signer.sign(body),
    }
    assert len({sign() for sign in signers.values()}) == 1, "the signers disagree"
    return signers


def _both(request: UpdateCustomer, encoders: Mapping[str, Action]) -> dict[str, Action]:
    both = {f"{name} + hmac.new": _with_hmac(encode) for name, encode in encoders.items() if name != _SDK}
    if installed("pydantic"):
        both[_VALIDATED] = _validated_by_pydantic(request)
    signer = Signer(KEY)
    ours = account("http://127.0.0.1")

    def signed() -> tuple[bytes, str]:
        body = canonical_json(request)
        return body, signer.sign(body)

    def drafted() -> tuple[bytes | None, str]:
        made = draft(UPDATE_CUSTOMER, request, {}, None, ours)
        return made.body, made.headers["signature"]

    both |= {_LEAST: _least(request), _SDK: signed, _DRAFT: drafted}
    assert len({act() for act in both.values()}) == 1, "the contenders disagree"
    return both


def _least(request: UpdateCustomer) -> Action:
    encode, sign = msgspec.json.Encoder().encode, bare_signer(_KEY)

    def act() -> object:
        body = encode(request)
        return body, sign(body)

    return act


def _with_hmac(encode: Action) -> Action:
    def act() -> object:
        body: Any = encode()
        return body, hmac.new(_KEY, body, hashlib.sha256).hexdigest()

    return act


def _validated_by_pydantic(request: UpdateCustomer) -> Action:
    model = model_like(UpdateCustomer)
    data = json.loads(canonical_json(request))
    return _with_hmac(lambda: model.model_validate(data).model_dump_json(exclude_unset=True).encode())
