"""Prints the findings of `paycombat probe`, as text or as JSON.

The text has a line for each call, the counts, and the URL paths that a client must be given because the SDK's own paths
are wrong or missing.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import click
import msgspec

from paycombat_async._printable import printable, printable_json
from paycombat_async.cli.probe_trial import ProbeFinding, Verdict

_BAD: Final = frozenset({Verdict.DIFFERS, Verdict.NOT_FOUND, Verdict.REFUSED, Verdict.UNREADABLE, Verdict.NO_ANSWER})
_LABELS: Final = {(Verdict.HOLDS, True, False): "moved", (Verdict.HOLDS, False, True): "found"}
_INDENT: Final = " " * 12


def show_finding(finding: ProbeFinding) -> None:
    """Prints the finding about one call: names of fields, never their values."""
    label = _LABELS.get((finding.verdict, finding.is_moved, finding.is_found), finding.verdict.value)
    click.echo(f"{label:<12}{finding.endpoint}: {printable(_where(finding), limit=500)}")
    for line in (*finding.differences, *finding.notes):
        click.echo(f"{_INDENT}{printable(line)}")


def _where(finding: ProbeFinding) -> str:
    tried = ", ".join(f"{path} ({status})" for path, status in finding.tried.items())
    if finding.path is not None:
        return f"{finding.method} {finding.path}" + (f"; not {tried}" if tried else "")
    return finding.reason + (f"; tried {tried}" if tried else "")


def show_summary(findings: Sequence[ProbeFinding]) -> None:
    """Prints how many of the SDK's guessed paths are right, and the argument `paths=` that corrects the wrong ones."""
    called = [finding for finding in findings if finding.verdict is not Verdict.SKIPPED]
    guessed = [finding for finding in called if finding.guess is not None and finding.evidence == "inferred"]
    holding = [finding for finding in guessed if finding.path == finding.guess]
    differing = [finding for finding in called if finding.differences]
    click.echo()
    click.echo(
        f"{len(called)} of {len(findings)} calls made. {len(holding)} of {len(guessed)} guessed paths hold; "
        f"{len(differing)} answers differ from what the SDK expects."
    )
    paths = paths_of(findings)
    if paths:
        click.echo("Give these to the client:\n\npaths={")
        for name, path in paths.items():
            click.echo(f'    "{name}": "{path}",')
        click.echo("}")


def paths_of(findings: Sequence[ProbeFinding]) -> dict[str, str]:
    """Returns the value that a client needs for its argument `paths=`, because the SDK's own path is wrong or missing.

    It maps the name of each such endpoint to the right path, and is empty if all paths of the SDK are right.
    """
    return {
        finding.endpoint: finding.path
        for finding in findings
        if finding.path is not None and (finding.is_moved or finding.is_found)
    }


def show_json(base_url: str, findings: Sequence[ProbeFinding], left: Mapping[str, str]) -> None:
    """Prints all findings, the argument `paths=`, and the ids of objects that the probe has made and not deleted."""
    content = {"base_url": base_url, "findings": findings, "paths": paths_of(findings), "left_behind": left}
    click.echo(printable_json(msgspec.json.format(msgspec.json.encode(content), indent=2).decode()))


def exit_code_of(findings: Sequence[ProbeFinding]) -> int:
    """Returns 0 if every call that was made was answered as the SDK expects, and at the SDK's path, else 1.

    If the SDK has no path for an endpoint, any path that answers counts as right.
    """
    return int(any(finding.is_moved or finding.verdict in _BAD for finding in findings))
