"""A store of intents (records of calls) in memory: for tests, and for programs that need no record after they end."""

import threading
from datetime import UTC, datetime, timedelta

import msgspec

from paycombat_async._bounds import check_age, check_days, check_limit
from paycombat_async._clock import SYSTEM_CLOCK, Clock
from paycombat_async._process_bound import ProcessBound
from paycombat_async.intents import transitions
from paycombat_async.intents.intent import (
    DEFAULT_ACCOUNT,
    Begun,
    Intent,
    IntentState,
    NewIntent,
    Settlement,
    check_account,
    check_move,
    check_reference,
)


class MemoryIntents(ProcessBound):
    """A store of `Intents` that is lost when the process ends. Threads and event loops may share the store."""

    def __init__(self, account: str = DEFAULT_ACCOUNT, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Raises `ConfigurationError` if no store could keep the name of the account, such as an empty name."""
        self.account = account
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str, str], transitions.Record] = {}
        check_account(account)

    async def begin(self, new: NewIntent) -> Begun:
        key = (self.account, new.endpoint, check_reference(new.reference))
        with self._lock:
            standing, now = self._records.get(key), self._now()
            written = transitions.begin(standing, new, self.account, now)
            record = self._records[key] = written or standing or self._records[key]
        return Begun(record.at(now), may_send=written is not None)

    async def settle(self, settlement: Settlement) -> bool:
        key = (self.account, settlement.endpoint, settlement.reference)
        with self._lock:
            written = transitions.settle(self._records.get(key), settlement, self._now())
            if written is not None:
                self._records[key] = written
        return written is not None

    async def find(self, reference: str) -> list[Intent]:
        now = self._now()
        found = [record.at(now) for record in self._own() if record.intent.reference == reference]
        return sorted(found, key=lambda intent: intent.endpoint)

    async def unresolved(self, *, older_than: float = 0) -> list[Intent]:
        return self._in(IntentState.UNKNOWN, older_than)

    async def sending(self, *, older_than: float = 0) -> list[Intent]:
        return self._in(IntentState.SENDING, older_than)

    async def recent(self, *, limit: int) -> list[Intent]:
        now = self._now()
        found = [record.at(now) for record in self._own()]
        return sorted(found, key=lambda intent: intent.created_at, reverse=True)[: check_limit(limit)]

    async def move(self, source: str, target: str) -> int:
        check_move(source, target)
        now = self._now()
        with self._lock:
            given = {key: record for key, record in self._records.items() if key[0] == source}
            under_way = sum(record.at(now).state is IntentState.SENDING for record in given.values())
            shared = sum((target, *key[1:]) in self._records for key in given)
            if not under_way and not shared:
                for key, record in given.items():
                    del self._records[key]
                    intent = msgspec.structs.replace(record.intent, account=target)
                    self._records[target, intent.endpoint, intent.reference] = transitions.Record(
                        intent, record.leased_until
                    )
        return transitions.Move(under_way, shared, len(given)).total(source, target)

    async def forget(self, *, days: float) -> int:
        before = self._now() - timedelta(days=check_days(days))
        with self._lock:
            settled = ((key, record.intent.settled_at) for key, record in self._records.items())
            old = [key for key, at in settled if key[0] == self.account and at is not None and at < before]
            for key in old:
                del self._records[key]
        return len(old)

    async def aclose(self) -> None:
        """Does nothing, because this store opens nothing."""

    def __repr__(self) -> str:
        return f"MemoryIntents(account={self.account!r}, {len(self._records)} intents)"

    def _in(self, state: IntentState, older_than: float) -> list[Intent]:
        check_age(older_than)
        now = self._now()
        found = [record.at(now) for record in self._own() if transitions.is_in(state, record, older_than, now)]
        return sorted(found, key=lambda intent: intent.created_at)

    def _own(self) -> list[transitions.Record]:
        with self._lock:
            return [record for key, record in self._records.items() if key[0] == self.account]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)
