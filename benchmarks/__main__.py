"""The command line: `python -m benchmarks call --json call.json`, `python -m benchmarks compare OLD.json NEW.json`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final

from benchmarks._compare import as_lines, compare, read
from benchmarks._harness import FULL, QUICK, Effort
from benchmarks._headlines import renew
from benchmarks._machine import machine
from benchmarks._peers import installed
from benchmarks._report import as_json, as_text, missed
from benchmarks._results import Table

TOPICS: Final = (
    "sign",
    "verify",
    "decode",
    "call",
    "sync",
    "batch",
    "webhook",
    "intents",
    "import",
    "memory",
    "profile",
    "instructions",
    "scale",
    "workers",
)
_COMPARE: Final = "compare"
_MILLION: Final = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for. Gives 1 if a goal is missed, unless the run was a quick one, or a figure got worse."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if len(options.files) != (2 if options.topic == _COMPARE else 0):
        parser.error(f"{_COMPARE} takes two files of figures, OLD.json and NEW.json; no topic takes any")
    if options.topic == _COMPARE:
        return _compared(parser, *options.files)
    if options.plot is not None and not installed("matplotlib"):
        parser.error("--plot needs matplotlib: pip install 'paycombat[bench]'")
    facts = machine()
    tables = [table for topic in _chosen(options.topic) for table in _measured(topic, _effort(options))]
    print(as_text(facts, tables))
    if options.json is not None:
        options.json.write_bytes(as_json(facts, tables))
    if options.plot is not None:
        from benchmarks._picture import draw  # noqa: PLC0415  # matplotlib comes with it

        draw(options.plot, facts, tables)
    if options.readme is not None:
        renew(options.readme, facts, tables)
    return 1 if missed(tables) and not options.quick else 0


def _compared(parser: argparse.ArgumentParser, old: Path, new: Path) -> int:
    """Prints two runs beside each other. Gives 1 if a figure of the new one is worse beyond the noise."""
    try:
        before, after = read(old), read(new)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    compared = compare(before, after)
    print("\n".join(as_lines(before, after, compared)))
    return int(any(one.verdict == "WORSE" for one in compared))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topic", nargs="?", choices=(*TOPICS, "all", _COMPARE), default="all", help="what to measure")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=f"of {_COMPARE}: OLD.json NEW.json")
    parser.add_argument("--quick", action="store_true", help="a few rounds: shows that it runs, proves nothing")
    parser.add_argument("--million", action="store_true", help="a batch of a million rows too: `all` does it anyway")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios there: .svg or .png")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="renew the table between this file's markers")
    return parser


def _effort(options: argparse.Namespace) -> Effort:
    if options.quick:
        return QUICK
    is_long = options.million or options.topic == "all"
    return replace(FULL, longest_batch=_MILLION) if is_long else FULL


def _chosen(topic: str) -> Sequence[str]:
    return TOPICS if topic == "all" else (topic,)


def _measured(topic: str, effort: Effort) -> list[Table]:
    print(f"measuring {topic} …", file=sys.stderr, flush=True)
    # Imported one by one: each topic needs other libraries, and `import` is measured in other processes anyway.
    run: Callable[[Effort], list[Table]] = import_module(f"benchmarks.bench_{topic}").run
    return run(effort)


if __name__ == "__main__":
    sys.exit(main())
