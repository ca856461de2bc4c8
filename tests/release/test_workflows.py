"""The workflows, the lock files of the tools and the configuration of updates: parsed, and held to their rules."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
LOCKS = sorted((GITHUB / "requirements").glob("*.txt"))
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
each_lock = pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(path).values():
        yield from job["steps"]


def test_the_workflows_are_found() -> None:
    """The other tests are worth nothing without them."""
    assert ["audit", "ci", "release"] == [path.stem for path in WORKFLOWS]
    assert ["audit", "lint", "nox", "release", "types"] == [path.stem for path in LOCKS]


@each_workflow
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    """By its whole hash, since a tag can be moved; the comment says which version it is."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]

    assert lines
    for line in lines:
        assert re.fullmatch(r"- uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_version() -> None:
    """In all workflows."""
    found = {
        re.findall(r"[\w.-]+/[\w.-]+@\S+", line)[0]
        for path in WORKFLOWS
        for line in path.read_text("utf-8").splitlines()
        if "uses:" in line
    }

    assert len(found) == len({each.partition("@")[0] for each in found})


@each_workflow
def test_a_job_may_do_only_what_it_needs(path: Path) -> None:
    """Nothing by default, and reading besides; only the job that publishes may have a token of the index."""
    assert {} == yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"]
    for name, job in jobs(path).items():
        expected = {"id-token": "write"} if (path.stem, name) == ("release", "publish") else {"contents": "read"}
        assert expected == job["permissions"]
        assert job["timeout-minutes"] <= 60


@each_workflow
def test_a_checkout_keeps_no_credentials(path: Path) -> None:
    """A test, or a package that it installs, could read them from the checkout."""
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_a_command_has_no_expression_in_it(path: Path) -> None:
    """The name of a branch or tag would be run as a part of the command; what varies comes from the environment."""
    assert [] == [step["run"] for step in steps(path) if "${{" in step.get("run", "")]


def test_publishing_needs_the_checks_and_an_approval() -> None:
    """What is published is what was checked, with attestations, and without a secret of ours."""
    publish = jobs(GITHUB / "workflows" / "release.yml")["publish"]

    assert ("build", "pypi") == (publish["needs"], publish["environment"])
    assert {"attestations": True} == publish["steps"][-1]["with"]
    assert "secrets" not in (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")


def test_the_same_pythons_are_tested_and_named() -> None:
    """By CI and nox; the package's classifiers name those on which the suite has been run."""
    matrix = jobs(GITHUB / "workflows" / "ci.yml")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    in_nox = re.findall(r"python=\[(.*)\]", (ROOT / "noxfile.py").read_text(encoding="utf-8"))
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)]

    for job in ("tests", "windows"):
        assert PYTHONS == matrix[job]["strategy"]["matrix"]["python"]
        assert "continue-on-error" not in matrix[job]
    assert ", ".join(f'"{each}"' for each in PYTHONS) in in_nox
    assert named == PYTHONS


@each_lock
def test_every_tool_is_locked_with_hashes(path: Path) -> None:
    """No file of another content is installed, and no address stands in the lock."""
    text = path.read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert "--" not in re.sub(r"--hash=sha256:[0-9a-f]{64}", "", text)
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==[\w.]+ ", requirement)
        assert "--hash=sha256:" in requirement


@each_lock
def test_a_lock_has_what_was_asked_for(path: Path) -> None:
    """In the version that was asked for."""
    wanted = path.with_suffix(".in").read_text(encoding="utf-8").splitlines()
    locked = path.read_text(encoding="utf-8")

    for line in wanted:
        asked = [line] if not line.startswith("-r ") else (path.parent / line[3:]).read_text("utf-8").splitlines()
        assert all(f"{each} \\\n" in locked for each in asked)


def test_dependabot_looks_after_all_of_it() -> None:
    """Actions, tools and the package's own ranges; nothing younger than a week."""
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]

    found = {(each["package-ecosystem"], each["directory"]) for each in updates}
    assert {("github-actions", "/"), ("pip", "/.github/requirements"), ("pip", "/")} == found
    assert {7} == {each["cooldown"]["default-days"] for each in updates}
