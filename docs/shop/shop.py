"""A small shop that pays its suppliers, on any number of machines that share one PostgreSQL database. Copy it.

    uvicorn shop:app

Every machine runs this program behind a load balancer, and may be killed at any moment. Each bill is paid once:
`PostgresIntents` allows one payout for each order id, whichever machine asks for it. Each webhook is processed once:
`PostgresInbox` keeps it before it is answered. Settings come from the environment: see README.md beside this file.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Final

from fastapi import FastAPI, HTTPException, Request
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from paycombat_async import (
    ApiError,
    AsyncPayCombat,
    BeneficiaryIndividual,
    CreatePayout,
    Outcome,
    PayCombatError,
    PayoutBeneficiary,
    WebhookError,
    webhooks,
)
from paycombat_async.intents import PostgresIntents

DATABASE: Final = os.environ["PAYCOMBAT_DATABASE_URL"]
KEYS: Final = os.environ["PAYCOMBAT_WEBHOOK_KEY"].split()
ROUND_S: Final = float(os.environ.get("SHOP_ROUND_S", "30"))  # seconds between two looks for what is not settled

SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS bill (
        order_id text PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, account_number text NOT NULL,
        bsb text NOT NULL, amount numeric NOT NULL,
        status text NOT NULL DEFAULT 'to pay', payout_id text, problem text
    )
"""

# With any other outcome, money may have moved: `settle_the_rest` looks the payout up.
NOTHING_PAID: Final = (Outcome.NOT_SENT, Outcome.REJECTED)

# A refused bill may be corrected; any other one must be the same as before.
NOTE: Final = """
    INSERT INTO bill AS noted (order_id, first_name, last_name, account_number, bsb, amount)
    VALUES (%(order_id)s, %(first_name)s, %(last_name)s, %(account_number)s, %(bsb)s, %(amount)s)
    ON CONFLICT (order_id) DO UPDATE SET
        first_name = excluded.first_name, last_name = excluded.last_name, account_number = excluded.account_number,
        bsb = excluded.bsb, amount = excluded.amount, problem = NULL,
        status = CASE noted.status WHEN 'refused' THEN 'to pay' ELSE noted.status END
    WHERE noted.status = 'refused'
        OR (noted.first_name, noted.last_name, noted.account_number, noted.bsb, noted.amount)
            = (excluded.first_name, excluded.last_name, excluded.account_number, excluded.bsb, excluded.amount)
    RETURNING order_id
"""

log = logging.getLogger("shop")
database: Final = AsyncConnectionPool(DATABASE, open=False, kwargs={"autocommit": True})
intents: Final = PostgresIntents(DATABASE)
inbox: Final = webhooks.PostgresInbox(DATABASE, intents=intents)
paycombat: Final = AsyncPayCombat(intents=intents)


class Bill(BaseModel):
    """What a supplier is owed, in Australian dollars."""

    first_name: str
    last_name: str
    account_number: str
    bsb: str
    amount: Decimal


@contextlib.asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    await database.open()
    await intents.migrate()
    await inbox.migrate()
    await create_table()
    tasks = [asyncio.create_task(process_webhooks()), asyncio.create_task(settle_the_rest())]
    yield
    await paycombat.aclose(grace=20)  # calls under way may finish; those that are cut are recorded as unknown
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await inbox.aclose()
    await intents.aclose()
    await database.close()


app = FastAPI(lifespan=lifespan)


@app.put("/bills/{order_id}")
async def put_bill(order_id: str, bill: Bill) -> dict[str, object]:
    """Notes the bill and pays it. Safe to repeat, as often as the caller likes and on any machine."""
    if not await execute(NOTE, order_id=order_id, **bill.model_dump()):
        raise HTTPException(409, "another bill has this order id")
    await pay(order_id)
    return await get_bill(order_id)


@app.get("/bills/{order_id}")
async def get_bill(order_id: str) -> dict[str, object]:
    found = await execute("SELECT order_id, status, payout_id, problem FROM bill WHERE order_id = %(id)s", id=order_id)
    if not found:
        raise HTTPException(404)
    return found[0]


@app.post("/webhooks/paycombat")
async def receive(request: Request) -> str:
    body = await request.body()  # the bytes as they came: the signature is over them
    try:
        event = webhooks.unwrap(body, request.headers, KEYS)
    except WebhookError:
        raise HTTPException(400) from None
    return await inbox.receive(event)  # an exception here becomes a 500, and the provider sends the webhook again


async def pay(order_id: str) -> None:
    """Pays one bill that is not settled yet. Whatever happens here, the intents store prevents a second payout."""
    found = await execute("SELECT * FROM bill WHERE order_id = %(id)s AND payout_id IS NULL", id=order_id)
    if not found:
        return
    try:
        payout = await paycombat.payouts.create(payout_request(found[0]))
    except PayCombatError as error:
        if error.may_pass_later:
            return  # nothing was paid: `settle_the_rest` tries again
        status = "refused" if error.outcome in NOTHING_PAID else "not certain"
        problem = error.provider_message if isinstance(error, ApiError) else None
        await move(order_id, "to pay", status, problem=problem or str(error))
        return
    await execute("UPDATE bill SET payout_id = %(payout)s WHERE order_id = %(id)s", payout=payout.id, id=order_id)
    for status in ("to pay", "not certain", "refused"):
        await move(order_id, status, "sent")


def payout_request(bill: dict[str, object]) -> CreatePayout:
    amount = Decimal(str(bill["amount"]))
    return CreatePayout(
        payout_beneficiary_param=PayoutBeneficiary(
            individual=BeneficiaryIndividual(first_name=str(bill["first_name"]), last_name=str(bill["last_name"])),
            account_number=str(bill["account_number"]),
            bsb=str(bill["bsb"]),
        ),
        sender_amount=amount,
        sender_currency="AUD",
        sender_country="AU",
        beneficiary_amount=amount,
        beneficiary_currency="AUD",
        payout_method_name="au_bank_acct",
        purpose_code="SELF",
        order_id=str(bill["order_id"]),
    )


async def process_webhooks() -> None:
    """Takes webhooks out of the inbox, for ever; each may be processed twice if a machine dies in the middle."""
    async for delivery in inbox.work():
        try:
            async with delivery as event:
                await process(event)
        except Exception:
            log.exception("a webhook was not processed; it is taken again later")


async def process(event: webhooks.WebhookEvent) -> None:
    match event:
        case webhooks.PayoutSucceeded(payout=payout):
            status = "paid"
        case webhooks.PayoutFailed(payout=payout):
            status = "failed"  # paying it again needs a new order id
        case webhooks.PayoutReturned(payout=payout):
            status = "returned"
        case _:
            return
    await execute(
        "UPDATE bill SET status = %(status)s, payout_id = %(payout)s, problem = NULL WHERE order_id = %(id)s",
        status=status,
        payout=payout.id,
        id=payout.order_id,
    )


async def settle_the_rest() -> None:
    """Pays the bills that a killed machine left behind, and looks up the payouts whose outcome is not certain."""
    while True:
        try:
            await paycombat.intents.reconcile(older_than=2 * ROUND_S)
            for bill in await execute("SELECT order_id FROM bill WHERE status IN ('to pay', 'not certain')"):
                await pay(str(bill["order_id"]))
        except Exception:
            log.exception("this round was cut short; the next one goes on")
        await asyncio.sleep(ROUND_S)


async def create_table() -> None:
    """Machines that start at the same moment take turns, as PostgreSQL refuses all but one `CREATE TABLE` at a time."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('shop.bill'))")
        await connection.execute(SCHEMA)


async def move(order_id: str, old: str, new: str, problem: str | None = None) -> None:
    """Changes the status, unless it was changed meanwhile: a webhook may overtake the answer to the call."""
    await execute(
        "UPDATE bill SET status = %(new)s, problem = %(problem)s WHERE order_id = %(id)s AND status = %(old)s",
        id=order_id,
        old=old,
        new=new,
        problem=problem,
    )


async def execute(statement: str, **values: object) -> list[dict[str, object]]:
    """Returns the rows of one statement, which is a transaction of its own."""
    async with database.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall() if cursor.description else []
