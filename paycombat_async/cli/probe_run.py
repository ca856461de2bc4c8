"""Makes the calls of `paycombat probe` one after the other, and checks the answers."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import msgspec
from msgspec import Struct

from paycombat_async._protocol.decode import identity_fields
from paycombat_async._protocol.reply import Reply
from paycombat_async.cli.probe_steps import Step
from paycombat_async.cli.probe_trial import ProbeFinding, Trial, Verdict, skipped, try_out
from paycombat_async.client import AsyncPayCombat
from paycombat_async.endpoints import Endpoint, Evidence
from paycombat_async.errors import PayCombatError
from paycombat_async.schemas import Page


@dataclass(frozen=True, slots=True)
class Probe:
    """Runs the steps (calls) of the probe.

    `known` has the values for the calls, such as ids and the currency, by name. Ids in the answers are added to it.
    With `with_writes`, also makes the calls that create harmless objects, such as a customer.
    """

    client: AsyncPayCombat
    known: dict[str, str]
    with_writes: bool

    async def findings(self, steps: Iterable[Step]) -> AsyncIterator[ProbeFinding]:
        """Yields one finding for each step, in the order of the steps. A step that is not made is SKIPPED."""
        for step in steps:
            reason = self._reason_to_skip(step)
            yield skipped(step.endpoint, reason) if reason else await self._finding(step)

    def _reason_to_skip(self, step: Step) -> str:
        if step.never:
            return step.never
        if step.is_write and not self.with_writes:
            return "it writes; --yes makes it, too"
        missing = [name for name in (*step.needs, *step.parameters.values()) if name not in self.known]
        return f"no {missing[0].removeprefix('own_')} is known to call it with" if missing else ""

    async def _finding(self, step: Step) -> ProbeFinding:
        upstream = {name: self.known[known] for name, known in step.query.items()}
        result = await try_out(
            self.client,
            Trial(
                endpoint=step.endpoint,
                request=None if step.body is None else step.body(self.known),
                parameters={name: self.known[known] for name, known in step.parameters.items()},
                queries=({}, upstream) if upstream else ({},),
            ),
        )
        finding, reply = result.finding, result.reply
        if reply is None:
            return finding
        self._keep(step, reply.data)
        differences = [*finding.differences, *_unexpected(step, reply.data)]
        if step.endpoint.page_parameter is not None:
            differences += await self._paging(step.endpoint, finding)
        if step.clearing is not None:
            differences += await self._clearing(step, step.clearing(self.known), finding)
        verdict = Verdict.DIFFERS if differences else finding.verdict
        return msgspec.structs.replace(finding, differences=tuple(differences), verdict=verdict)

    def _keep(self, step: Step, data: Any) -> None:
        """Adds the ids in an answer to `known`, unless `known` has them already.

        If the answer is a list, one item is used: the first item in the probed currency, or the first item of all if no
        item is in that currency.
        """
        items: list[Any] = data.items if _is_page(data) else [data]
        wanted = [item for item in items if getattr(item, "currency", None) == self.known["currency"]] or items
        for name, field in step.keeps.items():
            value = getattr(wanted[0], field) if wanted else None
            if isinstance(value, str) and value:
                self.known.setdefault(name, value)

    async def _clearing(self, step: Step, body: object, finding: ProbeFinding) -> list[str]:
        """Checks whether the provider clears a field if "" is sent: `body` has "" in the field named by `step.clears`.

        Returns a list with a text about the problem, or an empty list if the field is cleared.
        """
        found = replace(step.endpoint, path=finding.path, evidence=Evidence.DOCUMENTED)
        try:
            data = (await self.client.send(found, body)).data
        except PayCombatError as error:
            return [f'$.{step.clears} = "": {type(error).__name__}']
        return [f'$.data.{step.clears}: not cleared by ""'] if getattr(data, step.clears) else []

    async def _paging(self, endpoint: Endpoint[Any, Any], finding: ProbeFinding) -> list[str]:
        """Requests two pages with one item each. Returns the paging parameters that do not work, as texts."""
        found = replace(endpoint, path=finding.path, evidence=Evidence.DOCUMENTED)
        pages: list[Page[Any]] = []
        for number in (1, 2):
            query = {str(endpoint.page_parameter): number, str(endpoint.size_parameter): 1}
            try:
                reply: Reply[Any] = await self.client.send(found, None, query=query)
            except PayCombatError as error:
                return [f"?{endpoint.page_parameter}={number}&{endpoint.size_parameter}=1: {type(error).__name__}"]
            pages.append(reply.data)
        first, second = ([_identity(item) for item in page.items] for page in pages)
        wrong = [f"?{endpoint.size_parameter}=1: ignored"] if len(first) > 1 else []
        return wrong + (
            [f"?{endpoint.page_parameter}=2: the same items as on page 1"] if first and first == second else []
        )


def _is_page(data: object) -> TypeGuard[Page[Any]]:
    return isinstance(data, Page)


def _unexpected(step: Step, data: Any) -> list[str]:
    """Returns a text for each field that the answer lacks, or has with a value that differs from the sent one."""
    missing = [f"$.data.{name}: missing" for name in step.present if getattr(data, name) is None]
    other = [
        f"$.data.{name}: not what was sent" for name, value in step.expects.items() if getattr(data, name) != value
    ]
    return missing + other


def _identity(item: Struct) -> tuple[object, ...]:
    return tuple(getattr(item, name) for name in identity_fields(type(item)))
