"""Judges reports of pip-audit, files in JSON: only packages that were really looked up count as safe.

pip-audit ends with 0 where the service knows nothing of a package, and with 1 where the service cannot be reached as
well as for a vulnerability. Neither may be taken for the other.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def judge(report: str) -> list[str]:
    """Returns what is wrong, a line each; nothing if every package was looked up and has no known vulnerability."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return ["the vulnerability service could not be reached: nothing was audited"]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    if not packages:
        return ["there are no packages in the report: nothing was audited"]
    lines = [_vulnerable(each) for each in packages if each.get("vulns")]
    if unknown:
        some = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        lines.append(
            f"the vulnerability service did not answer for {len(unknown)} of {len(packages)} packages ({some}):"
            " they were not audited"
        )
    return lines


def _vulnerable(package: dict[str, Any]) -> str:
    found = (f"{each['id']}, fixed in {' or '.join(each['fix_versions']) or 'no version'}" for each in package["vulns"])
    return f"{package['name']} {package['version']}: {'; '.join(found)}"


def main(paths: Sequence[str]) -> int:
    """Prints what is wrong in these reports, and returns the exit code. A file that is missing was never written."""
    problems = 0
    for path in map(Path, paths):
        lines = judge(path.read_text(encoding="utf-8") if path.exists() else "")
        problems += len(lines)
        for line in lines or ["every package was looked up, and none is vulnerable"]:
            sys.stdout.write(f"{path.stem}: {line}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
