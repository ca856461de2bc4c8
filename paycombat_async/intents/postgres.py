"""A store of intents (records of calls) in PostgreSQL, shared by programs on many machines."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from paycombat_async._bounds import check_age, check_days, check_limit
from paycombat_async._postgres.tables import DEFAULT_SCHEMA, DURABLE, DURABLE_SETTINGS, Tables, delete_repeatedly
from paycombat_async._process_bound import ProcessBound
from paycombat_async._secrets import Secret
from paycombat_async.intents.intent import (
    DEFAULT_ACCOUNT,
    FREE,
    UNRESOLVED,
    Begun,
    Intent,
    IntentState,
    NewIntent,
    Settlement,
    check_account,
    check_move,
    check_reference,
    is_storable,
)
from paycombat_async.intents.postgres_tables import INTENT_STEPS
from paycombat_async.intents.transitions import DamagedRecord, Move, record_of

if TYPE_CHECKING:
    from paycombat_async._postgres.pool import Pool

# `begin` has two statements. If a different process changes the record between the two, `begin` starts again. After
# this number of attempts, it gives up.
_TRIES: Final = 50

_FORGOTTEN_AT_ONCE: Final = 1000  # A DELETE deletes at most this many records, so that it does not take long.

# SQL that is true if the lease (the time for sending) is over. The condition after OR is for a clock that was set back,
# for example by a failover: a record that seems to be created far in the future counts as one whose lease is over.
_IS_OVER: Final = "(leased_until <= clock_timestamp() OR created_at - (leased_until - created_at) > clock_timestamp())"
_COLUMNS: Final = (
    f"account, endpoint, reference, CASE WHEN state = 'sending' AND {_IS_OVER} THEN 'unknown' ELSE state END,"
    " attempt, body_digest, created_at, settled_at, object_id, evidence, expected::text, answer, leased_until"
)
# The key of an account's lock. While a call is being recorded, no record may be moved from or to its account. Without
# the lock, a move could miss the call, or move its record while the call is being sent. Each account has a separate
# lock, so that calls of other accounts do not wait. The end of the transaction releases the lock.
_LOCK_OF: Final = "hashtextextended('{{schema}}.intent/' || {account}, 0)"
_NO_MOVE: Final = f"pg_advisory_xact_lock_shared({_LOCK_OF.format(account='%(account)s::text')})"
_LOCK_BOTH: Final = f"""
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT {_LOCK_OF.format(account="account")} AS key
        FROM unnest(ARRAY[%(source)s, %(target)s]::text[]) AS account ORDER BY key
    ) AS keys
"""  # noqa: S608  # only constants are inserted, here and below
_BEGIN: Final = f"""
    INSERT INTO {{schema}}.intent AS standing
        (account, endpoint, reference, state, attempt, body_digest, owner, created_at, leased_until, expected)
    SELECT %(account)s, %(endpoint)s, %(reference)s, 'sending', 1, %(body_digest)s, %(owner)s, clock_timestamp(),
        clock_timestamp() + make_interval(secs => %(lease)s), %(expected)s::json
    FROM (SELECT {DURABLE_SETTINGS}, {_NO_MOVE}) AS durable
    ON CONFLICT (account, reference, endpoint) DO UPDATE SET
        state = 'sending', attempt = standing.attempt + 1, body_digest = excluded.body_digest, owner = excluded.owner,
        created_at = clock_timestamp(), leased_until = clock_timestamp() + make_interval(secs => %(lease)s),
        settled_at = NULL, object_id = NULL, evidence = NULL, expected = excluded.expected, answer = NULL
    WHERE standing.state IN ('rejected', 'not_sent')
    RETURNING {_COLUMNS}
"""  # noqa: S608
# If the record is already APPLIED, only a missing answer and the object id are written.
_SETTLE: Final = f"""
    UPDATE {{schema}}.intent SET
        state = %(state)s, object_id = coalesce(%(object_id)s, object_id), answer = %(answer)s,
        settled_at = CASE WHEN state = 'applied' THEN settled_at WHEN %(is_final)s THEN clock_timestamp() END,
        evidence = CASE WHEN state = 'applied' THEN evidence ELSE %(evidence)s END
    FROM {DURABLE}
    WHERE account = %(account)s AND endpoint = %(endpoint)s AND reference = %(reference)s
        AND attempt = %(attempt)s
        AND (state IN ('sending', 'unknown') OR %(state)s = 'applied' AND (
            state IN ('rejected', 'not_sent') OR answer IS NULL AND %(has_answer)s
            AND coalesce(object_id = %(object_id)s, true)
        ))
    RETURNING true
"""  # noqa: S608
_FORGET: Final = """
    DELETE FROM {schema}.intent WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {schema}.intent
        WHERE account = %(account)s AND settled_at < statement_timestamp() - make_interval(secs => %(seconds)s)
        ORDER BY settled_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ))
    RETURNING true
"""
_MOVE: Final = f"""
    WITH given AS (
        SELECT count(*) FILTER (WHERE state = 'sending' AND NOT {_IS_OVER}) AS under_way,
            count(*) FILTER (WHERE EXISTS (
                SELECT true FROM {{schema}}.intent AS other
                WHERE other.account = %(target)s AND other.reference = one.reference AND other.endpoint = one.endpoint
            )) AS shared
        FROM {{schema}}.intent AS one WHERE account = %(source)s
    ), moved AS (
        UPDATE {{schema}}.intent SET account = %(target)s FROM given, {DURABLE}
        WHERE account = %(source)s AND given.under_way = 0 AND given.shared = 0
        RETURNING true
    )
    SELECT under_way, shared, (SELECT count(*) FROM moved) FROM given
"""  # noqa: S608
_SELECT: Final = f"SELECT {_COLUMNS} FROM {{schema}}.intent WHERE account = %(account)s AND "  # noqa: S608  # only constants are inserted
_ONE: Final = f"{_SELECT} endpoint = %(endpoint)s AND reference = %(reference)s"
_BY_REFERENCE: Final = f"{_SELECT} reference = %(reference)s ORDER BY endpoint"
_NEWEST: Final = f"{_SELECT} true ORDER BY created_at DESC LIMIT %(limit)s"
_OPEN: Final = f"""
    {_SELECT} state IN ('sending', 'unknown') AND (state = 'sending' AND NOT {_IS_OVER}) = %(is_sending)s
        AND (created_at <= clock_timestamp() - make_interval(secs => %(older_than)s) OR created_at > clock_timestamp())
    ORDER BY created_at
"""


class PostgresIntents(ProcessBound):
    """A store of `Intents` in a PostgreSQL database, for many programs. The database's clock decides when leases end.

    Run `await store.migrate()` once before the first call, and after an upgrade. Each record is durable when `begin`
    returns. With asynchronous replication, a failover may nevertheless lose records that the standby has not received.
    Recorded answers contain personal data. With `keep_answers=False`, answers are not stored.
    """

    def __init__(
        self,
        dsn_or_pool: "str | Pool",
        account: str = DEFAULT_ACCOUNT,
        schema: str = DEFAULT_SCHEMA,
        *,
        keep_answers: bool = True,
    ) -> None:
        """Takes a connection string or your own `AsyncConnectionPool`. Connects at the first use.

        Your pool can only be used in the event loop in which you open it. The store never closes your pool. Raises
        `ConfigurationError` if psycopg is missing, or if the account, the schema or the connection string is invalid.
        """
        source = Secret(dsn_or_pool) if isinstance(dsn_or_pool, str) else dsn_or_pool
        del dsn_or_pool  # Tracebacks that show local variables would show the password in it.
        self.account, self.schema = account, schema
        check_account(account)
        self._keep_answers = keep_answers
        self._tables = Tables(
            source,
            schema,
            owner="PostgresIntents",
            kind="intents store",
            component="intents",
            steps=INTENT_STEPS,
        )

    async def begin(self, new: NewIntent) -> Begun:
        values = {
            "endpoint": new.endpoint,
            "reference": check_reference(new.reference),
            "body_digest": new.body_digest,
            "owner": new.owner,
            "lease": new.lease,
            "expected": msgspec.json.encode(new.expected).decode(),
        }
        for _ in range(_TRIES):
            if written := await self._select(_BEGIN, values):
                return Begun(written[0], may_send=True)
            # The record is read in a second statement, because the first one sees only records committed before it
            # began.
            standing = await self._select(_ONE, values)
            if standing and standing[0].state not in FREE:
                return Begun(standing[0], may_send=False)
        raise self._tables.database.failure("is being changed by too many others at once")

    async def settle(self, settlement: Settlement) -> bool:
        values = {
            "endpoint": settlement.endpoint,
            "reference": settlement.reference,
            "attempt": settlement.attempt,
            "state": settlement.state.value,
            "is_final": settlement.state not in UNRESOLVED,
            "object_id": settlement.object_id or None,
            "evidence": settlement.evidence,
            "has_answer": settlement.answer is not None,
            "answer": settlement.answer if self._keep_answers else None,
        }
        return is_storable(settlement.reference) and bool(await self._execute(_SETTLE, values))

    async def find(self, reference: str) -> list[Intent]:
        return await self._select(_BY_REFERENCE, {"reference": reference}) if is_storable(reference) else []

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        return await self._select(_OPEN, {"is_sending": False, "older_than": check_age(older_than)})

    async def sending(self, *, older_than: float = 0) -> list[Intent]:
        found = await self._select(_OPEN, {"is_sending": True, "older_than": check_age(older_than)})
        # The server evaluates the condition of the query first and the columns later. If a lease (the time for sending)
        # ends between these two steps, the server returns the row as UNKNOWN. Such a row is left out.
        return [intent for intent in found if intent.state is IntentState.SENDING]

    async def recent(self, *, limit: int) -> list[Intent]:
        return await self._select(_NEWEST, {"limit": check_limit(limit)})

    async def move(self, source: str, target: str) -> int:
        check_move(source, target)
        values = {"source": source, "target": target}
        ((under_way, shared, moved),) = await self._tables.execute_locked(_LOCK_BOTH, _MOVE, values)
        return Move(under_way, shared, moved).total(source, target)

    async def forget(self, *, days: float) -> int:
        values = {"seconds": check_days(days) * 86_400.0, "limit": _FORGOTTEN_AT_ONCE}

        async def delete() -> int:
            return len(await self._execute(_FORGET, values))

        return await delete_repeatedly(delete, _FORGOTTEN_AT_ONCE)

    async def migrate(self) -> None:
        """Creates the schema and its tables, or updates them.

        Safe to repeat, and to run in many processes at the same time. Raises `StoreFailed` if the database fails, or if
        the tables are from a later release of paycombat.
        """
        await self._tables.migrate()

    async def version(self) -> int:
        """Returns the version of the tables, or 0 if they do not exist.

        This release needs the version `len(postgres_tables.INTENT_STEPS)`. Raises `StoreFailed` if the database fails.
        """
        return await self._tables.version()

    async def aclose(self) -> None:
        """Closes the connections that the store itself has opened. The next use of the store opens new ones."""
        await self._tables.aclose()

    def __repr__(self) -> str:
        return f"PostgresIntents(account={self.account!r}, schema={self.schema!r})"

    async def _select(self, text: str, values: Mapping[str, object]) -> list[Intent]:
        rows = await self._execute(text, values)
        try:
            return [record_of(row, _in_utc).as_stored() for row in rows]
        except DamagedRecord as damaged:
            problem = str(damaged)
        raise self._tables.database.failure(problem)

    # The rows are tuples of Any because PostgreSQL's values have no static types.
    async def _execute(self, text: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return await self._tables.execute(text, {**values, "account": self.account})


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
