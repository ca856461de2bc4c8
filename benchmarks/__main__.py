"""The command line: `python -m benchmarks call --json call.json`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from benchmarks._harness import FULL, QUICK, Effort
from benchmarks._machine import machine
from benchmarks._report import as_json, as_text, missed
from benchmarks._results import Table

_TOPICS: Final = ("sign", "decode", "call", "sync", "import", "batch")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for. Gives 1 if a goal is missed, unless the run was a quick one."""
    options = _parser().parse_args(arguments)
    effort = QUICK if options.quick else FULL
    facts = machine()
    tables = [table for topic in _chosen(options.topic) for table in _benchmark(topic)(effort)]
    print(as_text(facts, tables))
    if options.json is not None:
        options.json.write_bytes(as_json(facts, tables))
    return 1 if missed(tables) and not options.quick else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topic", nargs="?", choices=(*_TOPICS, "all"), default="all", help="what to measure")
    parser.add_argument("--quick", action="store_true", help="a few rounds: shows that it runs, proves nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    return parser


def _chosen(topic: str) -> Sequence[str]:
    return _TOPICS if topic == "all" else (topic,)


def _benchmark(topic: str) -> Callable[[Effort], list[Table]]:
    # Imported one by one: each topic needs other libraries, and `import` is measured in other processes anyway.
    run: Callable[[Effort], list[Table]] = import_module(f"benchmarks.bench_{topic}").run
    return run


if __name__ == "__main__":
    sys.exit(main())
