"""The installed package at work, without the tests' own tools: a sandbox, both clients, the command and a webhook.

It runs on every system, Windows among them, and outside the checkout: `python -I smoke.py`.
"""

import asyncio
import json
import os
import subprocess
import sys

import paycombat_sync
from paycombat_async import AsyncPayCombat, Signer, UpdateCustomer, webhooks
from paycombat_async.sandbox import Sandbox
from paycombat_sync import PayCombat

_LIMIT_S = 60


async def _async_name(sandbox: Sandbox) -> str | None:
    async with AsyncPayCombat(
        token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url
    ) as client:
        return (await client.customers.update(UpdateCustomer(customer_id="customer_1", description="VIP"))).description


def _blocking_name(sandbox: Sandbox) -> str | None:
    with PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client:
        return client.customers.retrieve("customer_1").description


def _commands_name(sandbox: Sandbox) -> str | None:
    variables = {
        "PAYCOMBAT_BASE_URL": sandbox.base_url,
        "PAYCOMBAT_TOKEN": sandbox.token,
        "PAYCOMBAT_SIGNATURE_KEY": sandbox.signature_key,
    }
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "paycombat_async.cli", "call", "customers.retrieve", "customer_id=customer_1"],
        env=os.environ | variables,
        capture_output=True,
        check=True,
        timeout=_LIMIT_S,
    )
    description: str | None = json.loads(ended.stdout)["description"]
    return description


def main() -> None:
    """Raises an error if anything does not work."""
    with Sandbox() as sandbox:
        sandbox.add_customers(["customer_1"])
        found = asyncio.run(_async_name(sandbox)), _blocking_name(sandbox), _commands_name(sandbox)
    if found != ("VIP", "VIP", "VIP"):
        raise SystemExit(f"expected the description VIP three times, got {found}")
    body = b'{"id":"payin-1","status":"SUCCESS","type":"PAYIN"}'
    event = webhooks.unwrap(body, {"X-Signature": Signer("key").sign(body)}, ["key"])
    sys.stdout.write(f"paycombat {paycombat_sync.__version__}: {type(event).__name__}, {found[0]}\n")


if __name__ == "__main__":
    main()
