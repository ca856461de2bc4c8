"""`paycombat probe`: compares what the SDK expects with the answers of a real sandbox account."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping

import click

from paycombat_async._clock import SYSTEM_CLOCK
from paycombat_async._printable import printable
from paycombat_async._settings import DEFAULT_BASE_URL
from paycombat_async.cli.options import base_url_option, proxy_option
from paycombat_async.cli.probe_display import exit_code_of, show_finding, show_json, show_summary
from paycombat_async.cli.probe_run import Probe
from paycombat_async.cli.probe_steps import steps
from paycombat_async.cli.probe_trial import ProbeFinding, Verdict
from paycombat_async.cli.refusal import UsageRefused, refusals
from paycombat_async.client import AsyncPayCombat

_QUESTION = (
    "The harmless writes, too? They make a customer, a checkout and a payin of 1.50 in the sandbox account, "
    "and delete the customer again."
)
_HELP = """Compare the SDK with a sandbox account of the provider: every read and, if you agree, the harmless writes.

The provider's pages show only part of the paths and fields, so the SDK guesses the rest. This command says which
guesses are right, tries other paths where one is wrong, prints the `paths=` that corrects it, and names the fields in
which answers differ. Values are not shown, only the provider's message where it refuses a call. It needs sandbox
credentials (snd_…) and refuses live ones; money is not sent.

\b
Examples:
  paycombat probe
  paycombat probe --yes --json > probe.json
  paycombat probe --payin-id 7d0c… --currency NZD --country NZ

\b
Exit codes:
  0  every call that was made was answered as the SDK expects
  1  at least one call was not
  2  wrong usage, live credentials, or credentials that the provider refuses
"""


@click.command(help=_HELP)
@base_url_option
@proxy_option
@click.option("--yes", is_flag=True, help="Make the harmless writes without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; makes no writes unless --yes is given.")
@click.option("--currency", default="AUD", show_default=True, help="Currency of what is asked for and made.")
@click.option("--country", default="AU", show_default=True, help="Country that goes with it.")
@click.option("--customer-id", metavar="ID", help="A customer to look up, in place of the first one listed.")
@click.option("--payin-id", metavar="ID", help="A payin to look up: payins have no list.")
@click.option("--payout-id", metavar="ID", help="A payout to look up, in place of the first one listed.")
@click.option("--checkout-id", metavar="ID", help="A checkout to look up, in place of the first one listed.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.001), default=10.0, show_default=True, help="Seconds for each call."
)
def probe(
    base_url: str | None, proxy: str | None, timeout: float, *, yes: bool, as_json: bool, **names: str | None
) -> int:
    """Calls the endpoints, prints a finding about each, and returns the exit code."""
    with refusals():
        client = AsyncPayCombat(base_url=base_url, proxy=proxy, timeout=timeout, max_retries=1)
        if not client.is_sandbox:
            raise UsageRefused("these credentials are live: the probe calls a sandbox account only (snd_…)")
        address = base_url or os.environ.get("PAYCOMBAT_BASE_URL") or DEFAULT_BASE_URL
        with_writes = yes or (not as_json and sys.stdin.isatty() and click.confirm(_QUESTION, err=True))
        known = {name: value for name, value in names.items() if value is not None}
        show = _ignore if as_json else show_finding
        findings = asyncio.run(_run(client, known, show, with_writes=with_writes))
    left = _left_behind(known, findings)
    if as_json:
        show_json(address, findings, left)
    else:
        show_summary(findings)
        for name, value in left.items():
            click.echo(f"Left behind: {name.removesuffix('_id')} {printable(value)}")
    return exit_code_of(findings)


async def _run(
    client: AsyncPayCombat, known: dict[str, str], show: Callable[[ProbeFinding], None], *, with_writes: bool
) -> list[ProbeFinding]:
    run = known["run"] = f"probe-{SYSTEM_CLOCK.now():.3f}"
    findings: list[ProbeFinding] = []
    async with client:
        async for finding in Probe(client, known, with_writes).findings(steps(run)):
            findings.append(finding)
            if finding.is_unauthorized and not any(each.path for each in findings):
                raise UsageRefused("the provider refuses these credentials (HTTP 401); nothing else can be found out")
            show(finding)
    return findings


def _ignore(_finding: ProbeFinding) -> None:
    """Prints nothing about a single call.

    With `--json`, the findings about all calls are printed together at the end.
    """


def _left_behind(known: Mapping[str, str], findings: list[ProbeFinding]) -> dict[str, str]:
    """Returns the ids of the objects that the probe has made and not deleted, by name, such as `customer_id`."""
    is_deleted = any(
        finding.endpoint == "customers.delete" and finding.verdict in {Verdict.HOLDS, Verdict.DIFFERS}
        for finding in findings
    )
    made = {name: value for name, value in known.items() if name.startswith("own_") and name.endswith("_id")}
    return {
        name.removeprefix("own_"): value for name, value in made.items() if name != "own_customer_id" or not is_deleted
    }
