"""The project's chores: `nox` runs lint, types, tests and the README check; `nox -s bench` measures."""

import os
import zipfile
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests", "readme"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

LOCKS = Path(".github", "requirements")  # the tools, with the hashes of their files; `nox -s lock` renews them
SOURCES = ("paycombat_async", "paycombat_sync", "tests", "benchmarks", "noxfile.py")


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting and ruff's rules."""
    _install_locked(session, "lint")
    session.run("ruff", "format", "--check", *SOURCES)
    session.run("ruff", "check", *SOURCES)


@nox.session
def types(session: nox.Session) -> None:
    """mypy strict and pyright strict, over the packages and over how users type against them."""
    session.install("-e", ".[test,bench]")
    _install_locked(session, "types")
    session.run("mypy")
    session.run("mypy", "--strict", "tests/typing", "benchmarks", "noxfile.py")
    session.run("pyright")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """The whole suite, with the coverage gate on one version."""
    session.install("-e", ".[test]")
    gate = ("--cov", "--cov-report=term-missing:skip-covered") if session.python == "3.11" else ()
    session.run("pytest", "-q", "-n", "2", *gate, *session.posargs)


@nox.session
@nox.parametrize("release", ["lowest", "newest"])
def aiohttp(session: nox.Session, release: str) -> None:
    """The suite on the lowest and the newest aiohttp that pyproject.toml admits: the transport uses its internals."""
    dependencies = nox.project.load_toml("pyproject.toml")["project"]["dependencies"]
    [admitted] = [one for one in dependencies if one.startswith("aiohttp")]
    lowest = admitted.partition(",")[0].replace(">=", "==")
    session.install("-e", ".[test]")
    session.install("--upgrade", lowest if release == "lowest" else admitted)
    session.run("python", "-c", "import aiohttp; print('aiohttp', aiohttp.__version__)")
    session.run("pytest", "-q", "-n", "2", *session.posargs)


@nox.session
def readme(session: nox.Session) -> None:
    """Every example of the README runs, and its tables say what the code says. `-- --write` renews the tables."""
    session.install("-e", ".[test]")
    if "--write" in session.posargs:
        session.run("python", "-m", "tests.readme_tables")
    session.run("pytest", "-q", "tests/test_readme.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Speed against what a user would pick instead; renews the README's table and picture. Missed goals end in 1."""
    session.install("-e", ".[test,bench,uvloop]")
    session.run("python", "-m", "benchmarks", *(session.posargs or _EVERYTHING), success_codes=[0, 1])


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
        *sorted(map(str, Path("tests/webhooks").glob("test_inbox*"))),
    )
    session.run("pytest", "-q", "-s", *places, *session.posargs, env={"PAYCOMBAT_SOAK": "1"})


@nox.session
def release(session: nox.Session) -> None:
    """Builds wheel and sdist into dist/, checks them, and says what is left to do by hand."""
    session.install("build>=1.3,<2", "twine>=7,<8")
    dist = Path("dist")
    for old in dist.glob("paycombat-*"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(dist))
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    ours = {"paycombat_async", "paycombat_sync", "pytest_paycombat.py"}
    strangers = sorted(_tops(wheel) - ours)
    if any(not name.endswith(".dist-info") for name in strangers):
        session.error(f"the wheel contains {', '.join(strangers)}")
    version = wheel.name.split("-")[1]
    bare = Path(session.create_tmp(), "bare")
    session.run("python", "-m", "venv", "--clear", str(bare))
    python = str(bare / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(python, "-m", "pip", "install", "-q", f"{wheel}[cli]", external=True)
    check = f"import paycombat_async, paycombat_sync; assert paycombat_async.__version__ == {version!r}"
    session.run(python, "-I", "-c", check, external=True)
    session.run(
        str(Path(python).with_name("paycombat")), "--version", external=True
    )  # as installed, outside the checkout
    if f"## [{version}]" not in Path("CHANGELOG.md").read_text(encoding="utf-8"):
        session.warn(f"left to do: give the changelog the heading '## [{version}] - YYYY-MM-DD' below [Unreleased]")
    session.log(f"left to do: nox, nox -s soak, git tag v{version}, twine upload {wheel} {sdist}")


def _tops(wheel: Path) -> set[str]:
    """The names at the top level of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name.partition("/")[0] for name in archive.namelist()}


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
