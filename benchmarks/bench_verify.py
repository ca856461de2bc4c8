"""Checking the signature of bytes that came in, without reading them: `python -m benchmarks verify`."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from benchmarks._data import KEY, REQUESTS
from benchmarks._harness import Effort, measure
from benchmarks._peers import bare_signer
from benchmarks._results import Table, times_as_fast
from paycombat_async import Signer, canonical_json

_KEY: Final = KEY.encode()
_BASE: Final = "hmac.new + compare_digest"
_WORK: Final = "HMAC-SHA256 of the same bytes and a comparison in constant time by all; nobody parses"


def run(effort: Effort) -> list[Table]:
    """A right signature over bodies of several sizes."""
    table = Table("verify", "Verify a signature", f"times as fast as {_BASE}")
    for size, request in REQUESTS.items():
        checks = _checks(canonical_json(request))
        table.rows += times_as_fast(f"{size}: verify", measure(checks, effort), base=_BASE)
        table.work[f"{size}: verify"] = _WORK
    return [table]


def _checks(body: bytes) -> dict[str, Callable[[], bool]]:
    signer, bare = Signer(KEY), bare_signer(_KEY)
    signature = signer.sign(body)
    checks: dict[str, Callable[[], bool]] = {
        _BASE: lambda: hmac.compare_digest(hmac.new(_KEY, body, hashlib.sha256).hexdigest(), signature),
        "two hash copies + compare_digest": lambda: hmac.compare_digest(bare(body), signature),
        "paycombat, Signer.verify": lambda: signer.verify(body, signature),
    }
    assert all(check() for check in checks.values()), "a right signature was refused"
    return checks
