"""A release in the changelog and in the package: writes its heading and version, or checks that both are there.

python -m tests.release.changelog write 0.2.0
python -m tests.release.changelog check v0.2.0
"""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CHANGELOG: Final = ROOT / "CHANGELOG.md"
VERSION_FILE: Final = ROOT / "paycombat_async" / "_version.py"
_UNRELEASED: Final = "## [Unreleased]\n"
_VERSION: Final = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}((a|b|rc)(0|[1-9]\d*))?")
_IN_FILE: Final = re.compile(r'^__version__ = "([^"]*)"$', re.MULTILINE)


class ReleaseError(Exception):
    """The release cannot be written, or is not as it should be; the message says why."""


def with_heading(changelog: str, version: str, day: date) -> str:
    """Returns the changelog with the changes so far under the heading of this version, and an empty [Unreleased].

    A changelog that has the heading already, with nothing new above it, is returned unchanged. Raises `ReleaseError`.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version} is no version: expected X.Y.Z, or X.Y.Zrc1")
    if changelog.count(_UNRELEASED) != 1:
        raise ReleaseError(f"the changelog must have one line {_UNRELEASED.strip()!r}")
    before, _, after = changelog.partition(_UNRELEASED)
    changes = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0].strip()
    if _heading(changelog, version) is not None:
        if changes:
            raise ReleaseError(f"the changelog has a heading of {version} already, and changes above it")
        return changelog
    if not changes:
        raise ReleaseError("there are no changes under [Unreleased]")
    return f"{before}{_UNRELEASED}\n## [{version}] - {day.isoformat()}\n{after}"


def with_version(source: str, version: str) -> str:
    """Returns the source of the module `_version` with this version."""
    changed, count = _IN_FILE.subn(f'__version__ = "{version}"', source)
    if count != 1:
        raise ReleaseError("the module _version must have one line __version__ = …")
    return changed


def check(tag: str, changelog: str, source: str) -> None:
    """Raises `ReleaseError` unless the tag is v and the package's version, and the changelog has its dated heading."""
    found = _IN_FILE.search(source)
    version = found[1] if found else ""
    if tag != f"v{version}":
        raise ReleaseError(f"the tag is {tag}, but the version of the package is {version}")
    if _heading(changelog, version) is None:
        raise ReleaseError(f"the changelog has no heading '## [{version}] - YYYY-MM-DD'")


def _heading(changelog: str, version: str) -> re.Match[str] | None:
    return re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Carries out one of the two commands, and returns the exit code."""
    changelog, source = CHANGELOG.read_text(encoding="utf-8"), VERSION_FILE.read_text(encoding="utf-8")
    try:
        match arguments:
            case ["write", version]:
                changed = with_heading(changelog, version, datetime.now(UTC).date())
                VERSION_FILE.write_text(with_version(source, version), encoding="utf-8", newline="\n")
                CHANGELOG.write_text(changed, encoding="utf-8", newline="\n")
            case ["check", tag]:
                check(tag, changelog, source)
            case _:
                raise ReleaseError("usage: write X.Y.Z, or check vX.Y.Z")
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
