"""Who may import whom: floors, walls between programs, and what an import must not drag in."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes import run

ROOT = Path(__file__).parent.parent
PACKAGES = ("paycombat_async", "paycombat_sync")

# A file imports only from its own floor or below. A new module of paycombat_async needs its line here.
FLOORS = {
    **dict.fromkeys(
        (
            *("errors", "_js_number", "_straight", "_amounts", "_careful", "_canonical"),
            *("_signing", "_signals", "_secrets", "_private_file", "_clock", "_version"),
        ),
        0,
    ),
    "schemas": 1,
    **dict.fromkeys(
        (
            *("endpoints", "_target", "_glance", "_validate", "_drift", "_lenient", "_odd_field", "_page", "_decode"),
            *("_envelope", "_error_texts", "_verdict", "_messages", "_protocol", "_echo", "webhooks"),
        ),
        2,
    ),
    **dict.fromkeys(
        (
            "retry",
            "_attempts",
            "_idle",
            "_guarded_connector",
            "_response_body",
            "_sessions",
            "transport",
            "_canary",
            "testing",
        ),
        3,
    ),
    **dict.fromkeys(("_settings", "_hooks", "_lifetime", "_engine", "pagination", "client", "resources"), 4),
    **dict.fromkeys(("sandbox", "batch", "cli"), 5),
}
PUBLIC_NAMES = 6  # paycombat_async/__init__ gathers all floors, so nothing below may lean on it
BLOCKING = 7  # paycombat_sync wraps the whole
GROUND = 0
SPEAKERS = (
    *("paycombat_async.transport.", "paycombat_async._guarded_connector.", "paycombat_async._response_body."),
    "paycombat_async.sandbox.",
)  # of aiohttp


class Import(NamedTuple):
    line: int
    module: str


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MODULES = {module_name(path): path for path in FILES}

each_file = pytest.mark.parametrize("module", MODULES)


def is_module(name: str) -> bool:
    return name in MODULES or (ROOT / name.replace(".", "/")).is_dir()


def imports_of(module: str) -> Iterator[Import]:
    """All of them: at the top, inside functions, under TYPE_CHECKING, and by `import_module("...")`."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(node.lineno, inner if is_module(inner) else base)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in {"import_module", "__import__"}:
                yield Import(node.lineno, str(node.args[0].value))


def floor(module: str) -> int:
    package, *inner = module.split(".")
    if package == "paycombat_sync":
        return BLOCKING
    return FLOORS.get(inner[0], PUBLIC_NAMES) if inner else PUBLIC_NAMES


def ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


def test_every_module_has_a_floor() -> None:
    """A module nobody placed is a module nobody thought about."""
    tops = {name.split(".")[1] for name in MODULES if name.startswith("paycombat_async.")}

    unplaced = tops - set(FLOORS)

    assert not unplaced, f"add {sorted(unplaced)} to FLOORS in tests/test_layers.py, on the lowest floor that works"


def test_the_walk_sees_every_kind_of_import() -> None:
    """The other tests are worth nothing if the walk goes blind."""
    found = {imported.module for module in MODULES for imported in imports_of(module)}

    assert {"msgspec", "asyncio", "aiohttp", "paycombat_async.errors", "paycombat_async.schemas.customers"} <= found


@each_file
def test_nothing_imports_upwards(module: str) -> None:
    """Neither at the top nor inside a function nor for its types alone."""
    upwards = [
        f"{MODULES[module].relative_to(ROOT)}:{line} imports {imported}"
        for line, imported in imports_of(module)
        if ours(imported) and floor(imported) > floor(module)
    ]

    assert upwards == []


@each_file
def test_imports_are_absolute(module: str) -> None:
    """A relative import hides the floor it comes from."""
    assert [imported for imported in imports_of(module) if imported.module.startswith(".")] == []


@pytest.mark.parametrize(("one", "other"), [("sandbox", "batch"), ("batch", "sandbox")])
def test_programs_do_not_import_each_other(one: str, other: str) -> None:
    """The provider's double and the customer job know nothing of each other; only the command line knows both."""
    inside, forbidden = f"paycombat_async.{one}", f"paycombat_async.{other}"

    crossing = [
        (module, imported)
        for module in MODULES
        if f"{module}.".startswith(f"{inside}.")
        for imported in imports_of(module)
        if f"{imported.module}.".startswith(f"{forbidden}.")
    ]

    assert crossing == []


def test_only_the_transport_and_the_sandbox_speak_aiohttp() -> None:
    """Everything else could run on another HTTP library."""
    speakers = {module for module in MODULES for _, name in imports_of(module) if name.split(".")[0] == "aiohttp"}

    assert {m for m in speakers if not f"{m}.".startswith(SPEAKERS)} == set()


def test_the_ground_floor_stands_on_the_standard_library_and_msgspec() -> None:
    """Errors, signing and canonical bytes can be taken over by others as they are."""
    outside = {
        (module, name)
        for module in MODULES
        if floor(module) == GROUND
        for _, name in imports_of(module)
        if not ours(name) and name.split(".")[0] not in sys.stdlib_module_names
    }

    assert {name.split(".")[0] for _, name in outside} <= {"msgspec"}


def test_errors_import_nothing_of_ours() -> None:
    """The leaf that everybody may import."""
    assert [imported for imported in imports_of("paycombat_async.errors") if ours(imported.module)] == []


@pytest.mark.parametrize(("package", "more"), [("paycombat_async", ("asyncio",)), ("paycombat_sync", ())])
def test_an_import_drags_in_neither_http_nor_database_nor_terminal(package: str, more: tuple[str, ...]) -> None:
    """They are loaded when the first client, journal or command needs them, not by every program that imports us."""
    heavy = ("aiohttp", "yarl", "sqlite3", "_sqlite3", "click", "rich", *more)
    script = f"import sys, {package}; print(*(name for name in {heavy} if name in sys.modules))"
    # Coverage would load sqlite3 into the process by itself.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}

    fresh = run(sys.executable, "-W", "error", "-c", script, env=environment, check=True)

    assert fresh.stdout.split() == []
