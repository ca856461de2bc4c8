"""The steps of a release that are functions: the changelog's heading, the contents, the smoke test, the audit."""

import json
import shutil
import sys
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from tests import processes
from tests.release.audit_report import judge
from tests.release.audit_report import main as judge_files
from tests.release.changelog import CHANGELOG, VERSION_FILE, ReleaseError, check, with_heading, with_version
from tests.release.contents import main as check_contents
from tests.release.contents import sdist_problems, wheel_problems

DAY = date(2026, 11, 29)
BEFORE = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- News.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n"
AFTER = (
    "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-29\n\n### Added\n\n- News.\n\n"
    "## [0.1.0] - 2026-01-01\n\n- First.\n"
)
TRACKED = [
    *("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "noxfile.py", "tests/conftest.py", "tests/test_it.py"),
    *("docs/architecture.md", "benchmarks/__main__.py", "paycombat_async/cli/sample.csv", "paycombat_async/client.py"),
    *("paycombat_async/py.typed", "paycombat_sync/py.typed"),
]
INFO = "paycombat-0.2.0.dist-info"
WHEEL = [
    *(name for name in TRACKED if name.startswith("paycombat_")),
    "pytest_paycombat.py",
    *(f"{INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")),
]
SDIST = [*TRACKED, "PKG-INFO"]


def test_the_changes_get_the_heading_of_the_version() -> None:
    """The empty [Unreleased] stays above it; the second time there is nothing to write."""
    assert AFTER == with_heading(BEFORE, "0.2.0", DAY)
    assert AFTER == with_heading(AFTER, "0.2.0", DAY)


def test_the_changelog_of_this_package_takes_a_heading() -> None:
    """Whatever has been released before."""
    changelog = CHANGELOG.read_text(encoding="utf-8")
    with_news = changelog.replace("## [Unreleased]\n", "## [Unreleased]\n\n- News.\n")

    changed = with_heading(with_news, "99.0.0", DAY)

    assert "## [Unreleased]\n\n## [99.0.0] - 2026-11-29\n\n- News.\n" in changed
    check("v99.0.0", changed, with_version(VERSION_FILE.read_text(encoding="utf-8"), "99.0.0"))


@pytest.mark.parametrize(
    ("changelog", "version", "reason"),
    [
        (BEFORE, "0.2", "0.2 is no version"),
        (BEFORE, "v0.2.0", "v0.2.0 is no version"),
        (BEFORE, "0.2.0\n", "is no version"),
        (BEFORE, "0.1.0", "has a heading of 0.1.0 already, and changes above it"),
        (AFTER, "0.3.0", "no changes under [Unreleased]"),
        ("# Changelog\n", "0.2.0", "must have one line"),
    ],
)
def test_a_heading_that_would_be_wrong_is_refused(changelog: str, version: str, reason: str) -> None:
    """Before anything is written."""
    with pytest.raises(ReleaseError) as caught:
        with_heading(changelog, version, DAY)

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("tag", "changelog", "reason"),
    [
        ("v0.2.0", AFTER, None),
        ("0.2.0", AFTER, "the tag is 0.2.0, but the version of the package is 0.2.0"),
        ("v0.3.0", AFTER, "the tag is v0.3.0"),
        ("v0.2.0", BEFORE, "has no heading '## [0.2.0] - YYYY-MM-DD'"),
        ("v0.2.0", AFTER.replace("2026-11-29", "soon"), "has no heading"),
    ],
)
def test_a_tag_is_the_version_and_is_in_the_changelog(tag: str, changelog: str, reason: str | None) -> None:
    """A tag by mistake publishes nothing."""
    source = '"""It."""\n\n__version__ = "0.2.0"\n'
    if reason is None:
        check(tag, changelog, source)
        return
    with pytest.raises(ReleaseError) as caught:
        check(tag, changelog, source)

    assert reason in str(caught.value)


def test_complete_distributions_have_no_problem() -> None:
    """The names above are complete."""
    assert [] == [*wheel_problems(WHEEL, TRACKED), *sdist_problems(SDIST, TRACKED)]


@pytest.mark.parametrize("name", WHEEL)
def test_a_wheel_that_lacks_a_file_has_a_problem(name: str) -> None:
    """Every module, and what makes it typed, licensed and a command."""
    assert f"the wheel lacks {name}" in [*wheel_problems([each for each in WHEEL if each != name], TRACKED)]


@pytest.mark.parametrize("name", ["tests/conftest.py", "paycombat_async/left.db", "secrets.env"])
def test_a_wheel_with_a_stray_file_has_a_problem(name: str) -> None:
    """Tests, and what lay about in the checkout."""
    [problem] = wheel_problems([*WHEEL, name], [*TRACKED, "secrets.env"])

    assert problem.startswith(f"the wheel contains {name.partition('/')[0]}")


@pytest.mark.parametrize(("more", "less"), [("payments.db", None), (None, "tests/test_it.py"), (None, "noxfile.py")])
def test_an_sdist_has_the_tests_and_no_stray_file(more: str | None, less: str | None) -> None:
    """Packagers of distributions run them."""
    names = [name for name in SDIST if name != less] + ([more] if more else [])

    [problem] = sdist_problems(names, TRACKED)

    assert problem in {f"the sdist lacks {less}", f"the sdist contains {more}, which is not under version control"}


def test_the_contents_of_files_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a real wheel and a real sdist; exit code 1 if anything is wrong."""
    (tmp_path / "tracked").write_text("\n".join(TRACKED), encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    dist = tmp_path / "dist"
    dist.mkdir()
    for sdist, code in ((SDIST, 0), (SDIST[1:], 1)):
        with zipfile.ZipFile(dist / "paycombat-0.2.0-py3-none-any.whl", "w") as wheel:
            for name in WHEEL:
                wheel.write(tmp_path / "file", name)
        with tarfile.open(dist / "paycombat-0.2.0.tar.gz", "w:gz") as archive:
            for name in sdist:
                archive.add(tmp_path / "file", f"paycombat-0.2.0/{name}")

        assert code == check_contents([str(dist), str(tmp_path / "tracked")])

    assert "the sdist lacks pyproject.toml" in capsys.readouterr().out


def test_the_smoke_test_passes_outside_the_checkout(tmp_path: Path) -> None:
    """On the package as it is installed here, without the tests' own folder on the path."""
    script = tmp_path / "smoke.py"
    shutil.copy(Path(__file__).with_name("smoke.py"), script)

    ended = processes.run(sys.executable, "-W", "error", "-I", script, cwd=tmp_path)

    assert (0, "") == (ended.returncode, ended.stderr)
    assert "PayinSucceeded, VIP" in ended.stdout


SAFE = {"name": "click", "version": "8.5.1", "vulns": []}
SKIPPED = {"name": "six", "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.16.0)"}
BAD = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "description": "d"}]}


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        (json.dumps({"dependencies": [SAFE], "fixes": []}), []),
        (json.dumps({"dependencies": [SAFE, BAD]}), ["old 1.0: PYSEC-1, fixed in 1.1"]),
        (
            json.dumps({"dependencies": [SAFE, SKIPPED]}),
            ["the vulnerability service did not answer for 1 of 2 packages (six): they were not audited"],
        ),
        (json.dumps({"dependencies": []}), ["there are no packages in the report: nothing was audited"]),
        ("", ["the vulnerability service could not be reached: nothing was audited"]),
        ("ERROR:pip_audit", ["the vulnerability service could not be reached: nothing was audited"]),
    ],
    ids=["safe", "vulnerable", "skipped", "empty", "none", "no json"],
)
def test_only_what_was_looked_up_counts_as_safe(report: str, lines: list[str]) -> None:
    """pip-audit ends with 0 for a package of which the service knows nothing."""
    assert lines == judge(report)


def test_every_report_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that was never written counts as one without an answer."""
    (tmp_path / "lint.json").write_text(json.dumps({"dependencies": [SAFE]}), encoding="utf-8")

    assert 0 == judge_files([str(tmp_path / "lint.json")])
    assert 1 == judge_files([str(tmp_path / "lint.json"), str(tmp_path / "types.json")])
    assert "types: the vulnerability service could not be reached" in capsys.readouterr().out
