"""Reads the values of the gauges: how many webhooks are not done, and how many calls have an unknown outcome."""

from collections.abc import Awaitable
from typing import Final, NamedTuple, Protocol

from paycombat_async.intents.intent import Intents

EVENTS: Final = "paycombat.inbox.events"
OLDEST_EVENT: Final = "paycombat.inbox.oldest"
UNRESOLVED: Final = "paycombat.intents.unresolved"
OLDEST_UNRESOLVED: Final = "paycombat.intents.oldest"
EVENT_STATE: Final = "paycombat.inbox.state"
BACKLOG: Final = "paycombat.backlog"


class AnyDepth(Protocol):
    """The attributes of `webhooks.Depth`. That class cannot be imported here, because inboxes import this package."""

    @property
    def waiting(self) -> int: ...
    @property
    def taken(self) -> int: ...
    @property
    def conflicts(self) -> int: ...
    @property
    def damaged(self) -> int: ...
    @property
    def oldest(self) -> float | None: ...


class HasDepth(Protocol):
    """The only method of an inbox that `watch_backlog` needs."""

    def depth(self) -> Awaitable[AnyDepth]:
        """Returns how many events are not done, and the age of the oldest of them."""
        ...


class Reading(NamedTuple):
    """One value of a gauge."""

    gauge: str
    value: float
    attributes: dict[str, str]


async def read_inbox(inbox: HasDepth, name: str) -> list[Reading]:
    """Returns the numbers of events by state, and the age of the oldest event in seconds.

    Raises `StoreFailed` if the inbox cannot be read.
    """
    depth = await inbox.depth()
    states = {"waiting": depth.waiting, "taken": depth.taken, "conflict": depth.conflicts, "damaged": depth.damaged}
    events = [Reading(EVENTS, number, {BACKLOG: name, EVENT_STATE: state}) for state, number in states.items()]
    return [*events, Reading(OLDEST_EVENT, depth.oldest or 0.0, {BACKLOG: name})]


async def read_intents(store: Intents, name: str, now: float) -> list[Reading]:
    """Returns the number of calls with an unknown outcome, and the age of the oldest of these calls in seconds.

    `now` is the current time in seconds since 1970. Raises `StoreFailed` if the store cannot be read.
    """
    unresolved = await store.unresolved()
    begun = min((intent.created_at.timestamp() for intent in unresolved), default=now)
    attributes = {BACKLOG: name}
    return [
        Reading(UNRESOLVED, len(unresolved), attributes),
        Reading(OLDEST_UNRESOLVED, max(0.0, now - begun), attributes),
    ]
