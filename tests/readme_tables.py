"""Renders the README's tables from the code: `python -m tests.readme_tables` writes them into README.md."""

import re
from pathlib import Path

from paycombat_async import ENDPOINTS, Repeat
from paycombat_async.endpoints._endpoint import DOCS

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(<!-- endpoints -->\n).*?(<!-- /endpoints -->)", re.DOTALL)


def endpoint_table() -> str:
    """One row for each operation, in the provider's order."""
    rows = ["| call | method | path | signed | evidence | safe to repeat |", "|---|---|---|---|---|---|"]
    for endpoint in ENDPOINTS:
        path = f"`{endpoint.path}`" if endpoint.path else "not on record: give `paths=`"
        signed = "yes" if endpoint.signed else "no"
        safe = "yes" if endpoint.repeat is Repeat.SAFE else "no"
        name = f"`{endpoint.name}`" if endpoint.doc == DOCS else f"[`{endpoint.name}`]({endpoint.doc})"
        rows.append(f"| {name} | {endpoint.method} | {path} | {signed} | {endpoint.evidence} | {safe} |")
    return "\n".join(rows) + "\n"


def with_tables(readme: str) -> str:
    """The README with its generated parts renewed."""
    return _BLOCK.sub(lambda found: found[1] + endpoint_table() + found[2], readme)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
