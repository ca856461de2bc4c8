"""What a client holds, and what thousands of them leave behind: `python -m benchmarks memory`."""

from typing import Final

from benchmarks._data import KEY, TOKEN
from benchmarks._harness import Effort
from benchmarks._peers import installed, left_out
from benchmarks._processes import MEMORY_IS_KNOWN, in_fresh_process
from benchmarks._results import Goal, Row, Table
from benchmarks._server import running_server

_GROWTH: Final = Goal("<=", 1.0)
_CONTEXTS: Final = Goal("<=", 1)
_OF_PEERS: Final = 100  # clients of the SDK for each one of a peer: some of them take 50 ms each
_USED: Final = 10  # clients made for each one that also makes a call

_SDK: Final = "paycombat_async"
_CREDENTIALS: Final = f"token={TOKEN!r}, signature_key={KEY!r}"

# How a client is made, so that it could make calls over TLS; nobody connects.
_MAKERS: Final = {
    _SDK: ("import paycombat_async", f"paycombat_async.AsyncPayCombat({_CREDENTIALS})"),
    "paycombat_sync": ("import paycombat_sync", f"paycombat_sync.PayCombat({_CREDENTIALS})"),
    "requests": ("import requests", "requests.Session()"),
    "httpx2": ("import httpx2", "httpx2.AsyncClient()"),
    "httpx": ("import httpx", "httpx.AsyncClient()"),
    "stripe": ("import stripe", "stripe.StripeClient('sk_test_benchmark')"),
    "openai": ("import openai", "openai.AsyncOpenAI(api_key='sk-benchmark')"),
}
_PEERS: Final = ("requests", "httpx2", "httpx", "stripe", "openai")

_ONE: Final = """
from benchmarks._processes import resident_mb
bare = resident_mb()
{load}
client = {make}
print(resident_mb() - bare)
"""

_MANY: Final = """
import gc, json, ssl, sys, time
from benchmarks._processes import resident_mb
made = 0
new = ssl.SSLContext.__new__
def counted(kind, *arguments, **options):
    global made
    made += 1
    return new(kind, *arguments, **options)
import aiohttp
ssl.SSLContext.__new__ = staticmethod(counted)
{load}
def make(number):
    for _ in range(number):
        {make}
number = int(sys.argv[1])
make(max(1, number // 10))
gc.collect()
before, begun = resident_mb(), time.process_time()
make(number)
spent = time.process_time() - begun
gc.collect()
print(json.dumps([resident_mb() - before, made, spent / number]))
"""

_USED_ONCE: Final = """
import asyncio, gc, json, sys
from benchmarks._processes import resident_mb
from paycombat_async import AsyncPayCombat, UpdateCustomer
request = UpdateCustomer(customer_id="customer_1", description="VIP")
async def use(number):
    for _ in range(number):
        async with AsyncPayCombat(token=sys.argv[1], signature_key=sys.argv[2], base_url=sys.argv[3]) as paycombat:
            await paycombat.customers.update(request)
async def measure(number):
    await use(max(1, number // 10))
    gc.collect()
    before = resident_mb()
    await use(number)
    gc.collect()
    return resident_mb() - before
print(json.dumps(asyncio.run(measure(int(sys.argv[4])))))
"""


def run(effort: Effort) -> list[Table]:
    """One client in a fresh process, and many made and dropped, beside other SDKs."""
    table = Table("memory", "What clients hold", "none")
    table.remarks += left_out(*_PEERS)
    if not MEMORY_IS_KNOWN:
        table.remarks.append("this system does not say how much memory a process holds: nothing was measured")
        return [table]
    one, many = "a fresh process with one client", f"{effort.clients:,} clients made and dropped"
    for name in (_SDK, "paycombat_sync", *installed(*_PEERS)):
        table.rows.append(Row(one, name, in_fresh_process(_formed(_ONE, name)), "MB"))
    table.rows += _many(many, _SDK, effort.clients, _GROWTH, _CONTEXTS)
    used = max(1, effort.clients // _USED)
    table.rows.append(_used(f"{used:,} clients made, used for one call and closed", used))
    for name in installed("stripe", "openai"):
        number = max(1, effort.clients // _OF_PEERS)
        table.rows += _many(f"{number:,} clients of {name} made and dropped", name, number)
    table.work[one] = "over bare Python: import, and one client that could make calls over TLS; nobody connects"
    table.work[many] = "after a tenth as many for warming up; contexts are all those made after aiohttp was imported"
    return [table]


def _formed(program: str, name: str) -> str:
    load, make = _MAKERS[name]
    return program.replace("{load}", load).replace("{make}", make)


def _many(case: str, name: str, number: int, growth: Goal | None = None, contexts: Goal | None = None) -> list[Row]:
    grown, made, seconds = in_fresh_process(_formed(_MANY, name), number)
    return [
        Row(case, f"{name}: growth of memory", grown, "MB", goal=growth),
        Row(case, f"{name}: TLS contexts made", made, "contexts", goal=contexts),
        Row(case, f"{name}: processor time per client", seconds * 1e6, "µs"),
    ]


def _used(case: str, number: int) -> Row:
    with running_server() as server:
        grown = in_fresh_process(_USED_ONCE, TOKEN, KEY, f"{server.address}/clean", number)
    return Row(case, f"{_SDK}: growth of memory", grown, "MB", goal=_GROWTH)
