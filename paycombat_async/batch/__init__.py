"""Batch updates of customers from a file or an iterable, with a journal that survives a crash."""

from paycombat_async.batch.api import sync_customers, sync_customers_on
from paycombat_async.batch.postgres.journal import PostgresJournal
from paycombat_async.batch.postgres.status import RunStatus
from paycombat_async.batch.report import BatchReport, Failure, Progress
from paycombat_async.batch.rows.file import RowFile, open_rows
from paycombat_async.batch.rows.row import BadRow, Row

__all__ = [
    "BadRow",
    "BatchReport",
    "Failure",
    "PostgresJournal",
    "Progress",
    "Row",
    "RowFile",
    "RunStatus",
    "open_rows",
    "sync_customers",
    "sync_customers_on",
]
