"""Odd heads over a body that is right."""

import pytest

from paycombat_async.sandbox import Fault, Sandbox
from tests.sandbox.faults.socket_caller import LAST, Heard, hear, update


@pytest.fixture(name="plain")
async def _plain(sandbox: Sandbox) -> Heard:
    """The answer without a fault."""
    return await hear(sandbox, update(sandbox), LAST)


async def meet(sandbox: Sandbox, fault: Fault, plain: Heard) -> Heard:
    """The answer with the fault; its status and its data are those without."""
    sandbox.faults.next(fault)
    heard = await hear(sandbox, update(sandbox), LAST)
    assert (200, "VIP") == (heard.status, heard.document["data"]["description"])
    assert heard.behind_the_body.startswith(b"HTTP/1.1 404")
    assert plain.headers.keys() <= heard.headers.keys()
    return heard


async def test_a_long_header(sandbox: Sandbox, plain: Heard) -> None:
    """More than the 8190 bytes that aiohttp accepts by default."""
    heard = await meet(sandbox, Fault.LONG_HEADER, plain)

    assert 9000 == len(heard.headers["content-security-policy"])


async def test_many_headers(sandbox: Sandbox, plain: Heard) -> None:
    """More than the 128 lines that aiohttp accepts by default."""
    heard = await meet(sandbox, Fault.MANY_HEADERS, plain)

    assert 200 == len(heard.headers) - len(plain.headers)


@pytest.mark.parametrize(
    ("fault", "name"), [(Fault.WRONG_CONTENT_ENCODING, "UTF-8"), (Fault.PLAIN_AS_GZIP, "gzip")], ids=str
)
async def test_a_wrong_content_encoding(fault: Fault, name: str, sandbox: Sandbox, plain: Heard) -> None:
    """A character set where a compression belongs, or a compression that has been undone."""
    heard = await meet(sandbox, fault, plain)

    assert name == heard.headers["content-encoding"]
