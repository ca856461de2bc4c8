"""The project's chores: `nox` runs lint, types, tests, the README check and the documentation site."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests", "readme", "docs"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

LOCKS = Path(".github", "requirements")  # the tools, with the hashes of their files; `nox -s lock` renews them
SOURCES = ("paycombat_async", "paycombat_sync", "tests", "benchmarks", "docs", "noxfile.py")


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting and ruff's rules, and zizmor's rules for workflows."""
    _install_locked(session, "lint")
    session.run("ruff", "format", "--check", *SOURCES)
    session.run("ruff", "check", *SOURCES)
    session.run("zizmor", "--offline", "--pedantic", ".github")


@nox.session
def types(session: nox.Session) -> None:
    """mypy strict and pyright strict, over the packages and over how users type against them."""
    session.install("-e", ".[test,bench]")
    _install_locked(session, "types")
    session.run("mypy")
    programs = ("docs/shop/shop.py", "docs/observability_traces.py", "noxfile.py")  # `docs` checks the rest of docs/
    recipes = ("bills", "customer_run", "procrastinate_app")  # Celery has no types
    session.run("mypy", "--strict", "tests/typing", "benchmarks", *programs)
    session.run("mypy", "--strict", *(f"docs/recipes/{name}.py" for name in recipes))
    session.run("pyright")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """The whole suite, with the coverage gate on one version."""
    session.install("-e", ".[test]")
    gate = ("--cov", "--cov-report=term-missing:skip-covered") if session.python == "3.11" else ()
    session.run("pytest", "-q", "-n", "2", *gate, *session.posargs)


@nox.session
@nox.parametrize("versions", ["lowest", "newest"])
def dependencies(session: nox.Session, versions: str) -> None:
    """The suite on the lowest and the newest dependencies that pyproject.toml admits."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    admitted = [*project["dependencies"], *(one for name in OPTIONAL for one in project["optional-dependencies"][name])]
    lowest = [re.sub(r">=([^,]+).*", r"==\1", one) for one in admitted]
    session.install("-e", ".[test]")
    session.install("--upgrade", *(lowest if versions == "lowest" else admitted))
    session.run("python", "-m", "pip", "freeze", "--exclude-editable")
    session.run("pytest", "-q", "-n", "2", *session.posargs)


OPTIONAL = ("cli", "postgres")  # the extras whose versions are varied


@nox.session
def readme(session: nox.Session) -> None:
    """Every example of the README runs, and its tables say what the code says. `-- --write` renews the tables."""
    session.install("-e", ".[test]")
    if "--write" in session.posargs:
        session.run("python", "-m", "tests.readme_tables")
    session.run("pytest", "-q", "tests/test_readme.py")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, into docs/_build/html: warnings and dead links are errors, and every example runs."""
    session.install("-e", ".[docs,test]", "types-docutils")
    _install_locked(session, "types")
    session.run("mypy", "--strict", "--explicit-package-bases", "docs/_ext", "docs/conf.py")
    session.run("sphinx-build", "-W", "--keep-going", "-E", "-b", "html", "docs", "docs/_build/html")
    session.run("pytest", "-q", "tests/docs")


@nox.session
def bench(session: nox.Session) -> None:
    """Speed against what a user would pick instead; renews README's tables and picture. A missed goal is no failure.

    `-- compare OLD.json NEW.json` fails if a figure got worse beyond the noise.
    """
    session.install("-e", ".[test,bench,uvloop]")
    arguments = session.posargs or _EVERYTHING
    codes = [0] if arguments[0] == "compare" else [0, 1]
    session.run("python", "-m", "benchmarks", *arguments, success_codes=codes)
    if arguments == _EVERYTHING:
        session.run("python", "-m", "tests.readme_tables")


_EVERYTHING = ("all", "--json", "benchmarks/results.json", "--plot", "benchmarks/results.svg", "--readme", "README.md")


@nox.session
def soak(session: nox.Session) -> None:
    """The long form of the tests under fault: thousands of cancels, kills, power cuts and machine steps."""
    session.install("-e", ".[test]")
    places = (
        "tests/chaos",
        "tests/intents",
        "tests/shop",
        "tests/limiters",
        "tests/batch/postgres/test_kills.py",
        "tests/batch/postgres/test_cluster_kills.py",
        "tests/batch/postgres/test_namespaces.py",
        *sorted(map(str, Path("tests/webhooks").glob("test_inbox*"))),
    )
    session.run("pytest", "-q", "-s", *places, *session.posargs, env={"PAYCOMBAT_SOAK": "1"})


@nox.session
def smoke(session: nox.Session) -> None:
    """The package at work where the suite, whose processes need POSIX, cannot run: on Windows."""
    session.install(".[cli]")
    session.run("python", "-W", "error", "-I", "tests/release/smoke.py")


@nox.session
def release(session: nox.Session) -> None:
    """Builds wheel and sdist into dist/ and checks them. `-- 0.2.0` writes version and changelog's heading first.

    In the unpacked sdist a part of the tests is run, `PART`; with `-- --whole-suite` all of them.
    """
    words = [word for word in session.posargs if word != "--whole-suite"]
    if words:
        session.run("python", "-m", "tests.release.changelog", "write", *words)
    _install_locked(session, "release")
    dist = Path("dist").resolve()
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(dist))
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    tracked = session.run("git", "ls-files", "--cached", "--others", "--exclude-standard", external=True, silent=True)
    with tempfile.TemporaryDirectory() as folder:  # outside the checkout, whose configuration pytest would find
        scratch = Path(folder).resolve()
        (scratch / "tracked.txt").write_text(str(tracked), encoding="utf-8")
        session.run("python", "-m", "tests.release.contents", str(dist), str(scratch / "tracked.txt"))
        _check_wheel(session, scratch, wheel)
        _check_sdist(session, scratch, sdist)
    version = wheel.name.split("-")[1]
    session.log(
        f"left to do: nox, nox -s soak audit, a commit of the changelog, and the tag v{version}, which publishes"
    )


PART = (  # what a packager's machine could get wrong: imports, examples, the wire, the command
    *("tests/release", "tests/webhooks/test_verify.py", "tests/test_readme.py", "tests/test_layers.py"),
    *("tests/test_engine.py", "tests/test_resources.py", "tests/cli/test_call.py", "tests/cli/test_commands.py"),
)


def _check_wheel(session: nox.Session, scratch: Path, wheel: Path) -> None:
    """The wheel in an environment of its own, outside the checkout: first without extras, then with the command."""
    python = _venv(session, scratch / "bare")
    code = f"import paycombat_async, paycombat_sync; assert paycombat_async.__version__ == {wheel.name.split('-')[1]!r}"
    with session.chdir(scratch):
        session.run(python, "-m", "pip", "install", "-q", str(wheel), external=True)
        session.run(python, "-W", "error", "-I", "-c", code, external=True)
        session.run(str(Path(python).with_name("paycombat")), external=True, success_codes=[2])
        session.run(python, "-m", "pip", "install", "-q", f"{wheel}[cli]", external=True)
        session.run(str(Path(python).with_name("paycombat")), "--version", external=True)
    session.run(python, "-W", "error", "-I", "tests/release/smoke.py", external=True)


def _check_sdist(session: nox.Session, scratch: Path, sdist: Path) -> None:
    """The tests that are in the sdist, run in the unpacked sdist."""
    shutil.unpack_archive(sdist, scratch / "unpacked", filter="data")
    [top] = (scratch / "unpacked").iterdir()
    python = _venv(session, scratch / "tests")
    with session.chdir(top):
        session.run(python, "-m", "pip", "install", "-q", "-e", ".[test]", external=True)
        part = () if "--whole-suite" in session.posargs else PART
        session.run(python, "-m", "pytest", "-q", "-n", "2", *part, external=True)


@nox.session
def audit(session: nox.Session) -> None:
    """Looks up known vulnerabilities of the run-time and development dependencies; needs PyPI's own service for it."""
    _install_locked(session, "audit")
    with tempfile.TemporaryDirectory() as folder:
        _audit_all(session, Path(folder).resolve())


def _audit_all(session: nox.Session, scratch: Path) -> None:
    python = _venv(session, scratch / "audited")
    extras = ",".join(nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"])
    session.run(python, "-m", "pip", "install", "-q", "-e", f".[{extras}]", external=True)
    frozen = session.run(python, "-m", "pip", "freeze", "--exclude-editable", external=True, silent=True)
    (scratch / "dependencies.txt").write_text(str(frozen), encoding="utf-8")
    reports = [_audited(session, scratch, scratch / "dependencies.txt", "--no-deps")]
    reports += [_audited(session, scratch, lock, "--require-hashes") for lock in sorted(LOCKS.glob("*.txt"))]
    session.run("python", "-m", "tests.release.audit_report", *reports)


def _audited(session: nox.Session, scratch: Path, requirements: Path, mode: str) -> str:
    """Runs pip-audit, and returns the path of its report; without an answer of the service, there is none."""
    report = scratch / f"{requirements.stem}.json"
    report.unlink(missing_ok=True)
    command = ("pip-audit", "--disable-pip", mode, "-r", str(requirements), "-f", "json", "-o", str(report))
    session.run(*command, "--timeout", "15", success_codes=[0, 1], silent=True)
    return str(report)


@nox.session
def lock(session: nox.Session) -> None:
    """Renews the lock files of the tools from the .in files beside them, for all systems and Pythons."""
    session.install("uv>=0.13,<0.14")
    options = (
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--upgrade",
    )
    for wanted in sorted(LOCKS.glob("*.in")):
        session.run(
            *("uv", "pip", "compile", "-q", *options, "--no-emit-index-url", "--no-emit-find-links"),
            *(str(wanted), "-o", str(wanted.with_suffix(".txt"))),
        )


def _install_locked(session: nox.Session, name: str) -> None:
    session.install("--require-hashes", "-r", str(LOCKS / f"{name}.txt"))


def _venv(session: nox.Session, path: Path) -> str:
    """Makes an environment without any package of ours, and returns its interpreter."""
    session.run("python", "-m", "venv", "--clear", str(path))
    return str(path / ("Scripts" if os.name == "nt" else "bin") / "python")
