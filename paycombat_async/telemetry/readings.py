"""What an inbox and an intents store hold that is not done, as values of gauges."""

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
    """What `webhooks.Depth` has. That class is not imported, because inboxes import this package."""

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
    """The part of an inbox that is watched."""

    def depth(self) -> Awaitable[AnyDepth]:
        """Returns how many events are not done, and how old the oldest is."""
        ...


class Reading(NamedTuple):
    """One value of a gauge."""

    gauge: str
    value: float
    attributes: dict[str, str]


async def read_inbox(inbox: HasDepth, name: str) -> list[Reading]:
    """Returns the numbers of events by state, and the age of the oldest in seconds. Raises `StoreFailed`."""
    depth = await inbox.depth()
    states = {"waiting": depth.waiting, "taken": depth.taken, "conflict": depth.conflicts, "damaged": depth.damaged}
    events = [Reading(EVENTS, number, {BACKLOG: name, EVENT_STATE: state}) for state, number in states.items()]
    return [*events, Reading(OLDEST_EVENT, depth.oldest or 0.0, {BACKLOG: name})]


async def read_intents(store: Intents, name: str, now: float) -> list[Reading]:
    """Returns the number of calls with an unknown outcome, and the age of the oldest at `now`. Raises `StoreFailed`.

    Ages and `now` are in seconds, `now` since 1970.
    """
    unresolved = await store.unresolved()
    begun = min((intent.created_at.timestamp() for intent in unresolved), default=now)
    attributes = {BACKLOG: name}
    return [
        Reading(UNRESOLVED, len(unresolved), attributes),
        Reading(OLDEST_UNRESOLVED, max(0.0, now - begun), attributes),
    ]
