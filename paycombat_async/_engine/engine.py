"""Carries out a call: builds its HTTP request, records it if it must happen once, has it sent, and reports its end."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from paycombat_async._engine.attempts import Attempts
from paycombat_async._engine.lifetime import CallUnderWay
from paycombat_async._engine.records import (
    LEASE_MARGIN_S,
    LOOKUPS,
    CallRecord,
    new_intent,
    object_id_of,
    open_record,
    reference_for,
)
from paycombat_async._engine.reports import call_report, describe, failed_attempt, fate_of_cut, not_kept
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.messages import Attempt, ClientConfig, RawReply
from paycombat_async._protocol.reply import Reply
from paycombat_async._protocol.url import is_loopback
from paycombat_async._settings import is_sandbox
from paycombat_async.endpoints import Endpoint, Evidence
from paycombat_async.errors import ConfigurationError, PayCombatError, UnverifiedEndpointWarning
from paycombat_async.intents.intent import Intent, Intents, IntentState

Q = TypeVar("Q")
R = TypeVar("R")

_INFERRED: Final = Evidence.INFERRED  # read only once, because it takes time to read a member of an enum
_warned: Final[set[str]] = set()


class Engine(Attempts, frozen=True):
    """Carries out calls: records them, sends them, and reports their end.

    The copies that `with_options` makes have other settings, but share three objects: the credentials, the budget of
    retries, and whether the client is open.
    """

    intents: Intents | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an async client, its resources and its pagers cannot be pickled or copied, because their connections"
            " belong to one process; make a client in each process"
        )

    @property
    def config(self) -> ClientConfig:
        """The settings for requests, with the current credentials."""
        return self.credentials.config

    @property
    def is_sandbox(self) -> bool:
        """Whether the credentials are those of the provider's sandbox."""
        return is_sandbox(self.config.token)

    def with_options(
        self,
        timeout: float | None,
        max_retries: int | None,
        on_attempt: Callable[[Attempt], None] | None,
    ) -> "Engine":
        """Returns a copy with these settings; None keeps the current value."""
        hooks = self.hooks if on_attempt is None else msgspec.structs.replace(self.hooks, on_attempt=on_attempt)
        return msgspec.structs.replace(self, limits=self.limits.with_options(timeout, max_retries), hooks=hooks)

    async def send(
        self,
        endpoint: Endpoint[Q, R],
        request: Q,
        path: Mapping[str, str],
        query: Mapping[str, str | int] | None = None,
        *,
        body: bytes | None = None,
        reference: str | None = None,
    ) -> Reply[R]:
        """Sends a call and returns the whole reply. Makes as many attempts as the endpoint and the deadline allow.

        `body` is the request as `encode_body` has encoded it. If it is None, the request is encoded here. Raises
        `PayCombatError` with the outcome, the number of attempts and, for calls that must happen once, the reference.
        """
        call = CallUnderWay(endpoint, request, self.clock.monotonic())
        self.lifetime.enter(call)
        try:
            config = self.credentials.config  # The property `self.config` would be slower.
            if self.hooks.telemetry is not None:
                template = config.paths.get(endpoint.name, endpoint.path)
                call.trace = self.hooks.telemetry.start_call(endpoint, template, config.base_url)
            if self.lifetime.is_closed or endpoint.evidence is _INFERRED:
                self._check_usable(endpoint)
            outgoing = draft(endpoint, request, path, query, config, body=body)
            call.body = outgoing.body
            # If the client has no store and the call no reference, `_open_record` would do nothing. Calling it would
            # still cost the time of a coroutine, so it is not called.
            has_record = self.intents is not None or reference is not None
            recorded = await self._open_record(call, reference) if has_record else None
            if recorded is None:
                reply = await self.carry_out(endpoint, request, outgoing, call)
                if call.record is not None:
                    await self._settle(call, call.record, reply)
            else:
                reply = await self._replay(endpoint, recorded, call)
        except PayCombatError as error:
            if call.record is not None:
                await self._settle_error(call, error)
            self._report_end(call, error, error)
            raise
        except BaseException as cut:
            raise cut from self._given_up(call, cut)
        finally:
            self.lifetime.leave(call)
        if call.trace is not None or self.hooks.on_call is not None:
            self._report_end(call, None, None, reply.request_id)
        return reply

    async def _open_record(self, call: CallUnderWay, reference: str | None) -> Intent | None:
        """Records a call that must happen once, if the client has an intents store (a store of such calls).

        Returns None if the call may be sent. Returns the record of an earlier call if that call had the same reference
        and was carried out. Raises an error if the call must not be sent: its reference is missing or was used for a
        different call, the store fails, or a reference was given but the client has no intents store.
        """
        if self.intents is None:
            if reference is not None:
                raise ConfigurationError("reference= needs an intents store: pass intents=… to the client")
            return None
        name = reference_for(call.endpoint, call.request, reference)
        if name is None:
            return None
        call.reference = name
        lease = self.limits.timeout + LEASE_MARGIN_S
        body = call.body or b""
        new = new_intent(call.endpoint, call.request, name, body, lease, is_sandbox=self.is_sandbox)
        try:
            opened = await open_record(self.intents, call.endpoint, new, self.clock.now(), self.limits.timeout)
        except PayCombatError as error:
            describe(error, call)
            raise
        if isinstance(opened, Intent):
            return opened
        call.record = opened
        return None

    async def _settle(self, call: CallUnderWay, record: CallRecord, reply: Reply[Any]) -> None:
        """Records in the intents store that the call was carried out."""
        object_id = object_id_of(reply.data)
        call.is_settling = True
        call.is_recorded = await record.settle(IntentState.APPLIED, object_id, reply.answer)

    async def _settle_error(self, call: CallUnderWay, error: PayCombatError) -> None:
        """Records the outcome of a failed call.

        If the task is cancelled meanwhile, logs and reports the call as cancelled, and raises the CancelledError.
        """
        assert call.record is not None  # noqa: S101  # the caller has made sure
        try:
            call.is_recorded = await call.record.settle_error(error)
        except BaseException as cut:
            self.hooks.call_given_up(call.endpoint, error, self.config.redact)
            self._report_end(call, cut, error)
            raise cut from error

    async def _replay(self, endpoint: Endpoint[Q, R], intent: Intent, call: CallUnderWay) -> Reply[R]:
        """Returns the recorded answer to an earlier call.

        If no answer is recorded, retrieves the object from the provider. Raises `AnswerNotKept` if this fails, too.
        """
        call.is_replayed = True
        elapsed = self.clock.monotonic() - call.begun
        if intent.answer is not None:
            raw = RawReply(200, {}, intent.answer)
            try:
                reading = interpret(endpoint, raw, now=self.clock.now, redact=self.config.redact)
            except PayCombatError:
                pass  # the recorded answer is damaged; the state of the record says that the call was carried out
            else:
                data = reading.data
                return Reply(data, reading.request_id, 0, elapsed, endpoint, raw, reading.echo, is_replayed=True)
        lookup, problem = LOOKUPS.get(endpoint.name), ""
        if lookup is not None and intent.object_id is not None:
            try:
                found = await self.send(lookup.endpoint, None, {lookup.parameter: intent.object_id})
                return msgspec.structs.replace(found, endpoint=endpoint, is_replayed=True)
            # The error of the look-up is not raised, because its outcome says nothing about the earlier call.
            except PayCombatError as failure:
                problem = f", and cannot be looked up: {failure}"
        raise not_kept(call, problem)

    def _given_up(self, call: CallUnderWay, cut: BaseException) -> PayCombatError:
        """Reports and records a call that was cancelled, interrupted or ended by another exception.

        Returns an error of the SDK that describes the call and its outcome.
        """
        fate = fate_of_cut(call, cut)
        self.hooks.call_given_up(call.endpoint, fate, self.config.redact)
        if call.record is not None and not call.is_settling:
            call.record.settle_cut(fate)
        try:
            if call.is_sending:
                attempt = failed_attempt(call, fate, self.clock.monotonic(), None, cut)
                self.hooks.attempt_ended(attempt, call.trace)
        finally:  # so that `on_call` is called even if `on_attempt` raises KeyboardInterrupt
            self._report_end(call, cut, fate)
        return fate

    def _report_end(
        self,
        call: CallUnderWay,
        raised: BaseException | None,
        fate: PayCombatError | None,
        request_id: str | None = None,
    ) -> None:
        """Reports the end of the call to the call's telemetry trace and to the hook `on_call`, if they exist.

        `raised` is the exception that the caller gets, and `fate` is the error that describes the call. Both are None
        after a success.
        """
        if call.trace is not None or self.hooks.on_call is not None:
            elapsed = self.clock.monotonic() - call.begun
            show_reference = self.hooks.show_references
            report = call_report(call, raised, fate, request_id, elapsed=elapsed, show_reference=show_reference)
            self.hooks.call_ended(report, call.trace)

    def _check_usable(self, endpoint: Endpoint[Any, Any]) -> None:
        if self.lifetime.is_closed:
            raise ConfigurationError("this client is closed; make a new one")
        if (
            endpoint.name in _warned
            or endpoint.path is None
            or endpoint.name in self.config.paths
            or is_loopback(self.config.base_url)
        ):
            return
        _warned.add(endpoint.name)
        warnings.warn(
            f"the path of {endpoint.name}, {endpoint.path}, is a guess; if the provider answers 404, "
            f"give the right one: paths={{{endpoint.name!r}: '/api/v1/…'}}",
            UnverifiedEndpointWarning,
            stacklevel=4,
        )
