"""Payouts as jobs of a task queue: each bill is paid once, however often its job runs.

The queue carries order ids only. Amounts and names stay in the database, and a bill that
was corrected is paid as it is now. `PostgresIntents` allows one payout for each order id.
"""

import logging
import os
from decimal import Decimal
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from paycombat_async import (
    AsyncPayCombat,
    BeneficiaryIndividual,
    CreatePayout,
    Outcome,
    PayCombatError,
    PayoutBeneficiary,
)
from paycombat_async.intents import PostgresIntents

DATABASE: Final = os.environ["PAYCOMBAT_DATABASE_URL"]

# A bill is open until it has a payout, or a problem that a person has to look at.
SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS bill (
        order_id text PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL,
        account_number text NOT NULL, bsb text NOT NULL, amount numeric NOT NULL,
        payout_id text, problem text
    )
"""
UNPAID: Final = "SELECT * FROM bill WHERE order_id = %(id)s AND payout_id IS NULL"
OPEN: Final = "SELECT order_id FROM bill WHERE payout_id IS NULL AND problem IS NULL"
NOTE_PAYOUT: Final = """
    UPDATE bill SET payout_id = %(payout)s, problem = NULL WHERE order_id = %(id)s
"""
NOTE_PROBLEM: Final = """
    UPDATE bill SET problem = %(problem)s WHERE order_id = %(id)s AND payout_id IS NULL
"""

log = logging.getLogger("bills")


async def pay(order_id: str) -> None:
    """Pays a bill, unless it is paid, and notes the payout or the problem.

    The bill stays open after a failure that may pass, and while it is not certain whether
    the payout was made. Open bills are in the next result of `look_up`.
    """
    found = await execute(UNPAID, id=order_id)
    if not found:
        return
    intents = PostgresIntents(DATABASE)
    try:
        async with AsyncPayCombat(intents=intents) as paycombat:
            payout = await paycombat.payouts.create(payout_request(found[0]))
    except PayCombatError as error:
        log.warning("bill %s: %s", order_id, error)
        if not error.may_pass_later and error.outcome is not Outcome.UNKNOWN:
            await execute(NOTE_PROBLEM, id=order_id, problem=str(error))
        return
    finally:
        await intents.aclose()
    await execute(NOTE_PAYOUT, id=order_id, payout=payout.id)


async def look_up() -> list[str]:
    """Looks for uncertain payouts, and returns the order ids of the open bills.

    Pays nothing. After a payout was found, `pay` gets its recorded answer. If it was not,
    that proves nothing, and `pay` never sends it: `paycombat intents list` shows it.
    """
    intents = PostgresIntents(DATABASE)
    try:
        async with AsyncPayCombat(intents=intents) as paycombat:
            await paycombat.intents.reconcile()
    finally:
        await intents.aclose()
    return [str(bill["order_id"]) for bill in await execute(OPEN)]


def payout_request(bill: dict[str, object]) -> CreatePayout:
    amount = Decimal(str(bill["amount"]))
    return CreatePayout(
        payout_beneficiary_param=PayoutBeneficiary(
            individual=BeneficiaryIndividual(
                first_name=str(bill["first_name"]), last_name=str(bill["last_name"])
            ),
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


async def execute(statement: str, **values: object) -> list[dict[str, object]]:
    """Returns the rows of one statement, which is a transaction of its own."""
    async with await AsyncConnection.connect(
        DATABASE, autocommit=True, row_factory=dict_row
    ) as connection:
        cursor = await connection.execute(statement.encode(), values)
        return await cursor.fetchall() if cursor.description else []
