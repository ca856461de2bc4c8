"""What the distributions must contain, and what they must not: `python -m tests.release.contents dist TRACKED`.

TRACKED is a file with the names of all files under version control, one on each line, as `git ls-files` prints them.
"""

import sys
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

_OURS: Final = frozenset({"paycombat_async", "paycombat_sync", "pytest_paycombat.py"})
_IN_WHEEL: Final = (
    *("paycombat_async/py.typed", "paycombat_sync/py.typed", "paycombat_async/cli/sample.csv", "pytest_paycombat.py"),
)
_IN_DIST_INFO: Final = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
_IN_SDIST: Final = (
    *(
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "noxfile.py",
        "tests/conftest.py",
        "docs/architecture.md",
    ),
    *("benchmarks/__main__.py", "paycombat_async/py.typed", "paycombat_sync/py.typed"),
)
_PLUGIN: Final = "paycombat_async/sandbox/pytest_plugin.py"  # it is packed as pytest_paycombat.py
_MADE: Final = "PKG-INFO"  # made by the build, so it is not under version control


def wheel_problems(names: Collection[str], tracked: Collection[str]) -> Iterator[str]:
    """Yields what is wrong with a wheel that contains these files."""
    tops = {name.partition("/")[0] for name in names}
    [info] = [top for top in tops if top.endswith(".dist-info")] or [""]
    yield from (f"the wheel contains {top}" for top in sorted(tops - _OURS - {info}))
    needed = (*_IN_WHEEL, *(f"{info}/{name}" for name in _IN_DIST_INFO))
    yield from (f"the wheel lacks {name}" for name in needed if name not in names)
    modules = {name for name in tracked if name.startswith(("paycombat_async/", "paycombat_sync/"))} - {_PLUGIN}
    yield from (f"the wheel lacks {name}" for name in sorted(modules - set(names)))
    packed = {name for name in names if name.partition("/")[0] in _OURS and "/" in name}
    yield from (f"the wheel contains {name}, which is not under version control" for name in sorted(packed - modules))


def sdist_problems(names: Collection[str], tracked: Collection[str]) -> Iterator[str]:
    """Yields what is wrong with an sdist that contains these files, whose names are below its top directory."""
    yield from (f"the sdist lacks {name}" for name in _IN_SDIST if name not in names)
    tests = {name for name in tracked if name.startswith("tests/")}
    yield from (f"the sdist lacks {name}" for name in sorted(tests - set(names)))
    strays = set(names) - set(tracked) - {_MADE}
    yield from (f"the sdist contains {name}, which is not under version control" for name in sorted(strays))


def names_in(path: Path) -> list[str]:
    """Returns the names of the files in a wheel, or in an sdist below its top directory."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.namelist()
    with tarfile.open(path) as sdist:
        return [member.name.partition("/")[2] for member in sdist.getmembers() if member.isfile()]


def main(arguments: Sequence[str]) -> int:
    """Prints what is wrong with the distributions in a directory, and returns the exit code."""
    folder, listing = map(Path, arguments)
    tracked = listing.read_text(encoding="utf-8").splitlines()
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    problems = [*wheel_problems(names_in(wheel), tracked), *sdist_problems(names_in(sdist), tracked)]
    sys.stdout.write("".join(f"{problem}\n" for problem in problems) or f"{wheel.name} and {sdist.name} are complete\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
