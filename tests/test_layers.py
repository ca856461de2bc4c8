"""Which module may import which: floors, programs that stay apart, no circles, and what an import must not load."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("paycombat_async", "paycombat_sync")

# A module imports only from its own floor or below. A new module or package of paycombat_async is added here.
FLOORS = (
    # 0: the ground: errors, secrets, time, files
    (
        *("errors", "_signing", "_secrets", "_clock", "_loop_local", "_sqlite", "_printable"),
        *("_signals", "_version", "_bounds", "_file_path", "_process_bound"),
    ),
    # 1: shapes: requests and responses as types, and JSON text
    ("schemas", "_json"),
    # 2: the protocol, without any I/O
    ("_protocol", "endpoints"),
    # 3: edges: what touches the network and the disk, and decides about it
    ("transport", "retry", "_postgres", "intents", "webhooks", "limiters", "telemetry"),
    # 4: the client
    ("client", "resources", "pagination", "_engine", "_settings"),
    # 5: jobs
    ("batch",),
    # 6: programs; paycombat_sync is one. testing is here because its sample webhooks are those of the sandbox
    ("cli", "sandbox", "testing"),
)
PROGRAMS = len(FLOORS) - 1  # paycombat_sync is one, too: it wraps all the rest
PUBLIC_NAMES = len(FLOORS)  # paycombat_async/__init__ collects names from all floors, so nothing below may import it
SHAPES = 1
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
HTTP_PACKAGES = ("paycombat_async.transport.", "paycombat_async.sandbox.")


class Import(NamedTuple):
    line: int
    module: str


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MODULES = {module_name(path): path for path in FILES}


def is_module(name: str) -> bool:
    return name in MODULES or (ROOT / name.replace(".", "/")).is_dir()


def find_imports(path: Path) -> Iterator[Import]:
    """All of them: at the top, inside functions, under TYPE_CHECKING, and by `import_module("...")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


IMPORTS = {module: list(find_imports(path)) for module, path in MODULES.items()}


def floor(module: str) -> int:
    package, *inner = module.split(".")
    if package == "paycombat_sync":
        return PROGRAMS
    return FLOOR_OF.get(inner[0], PUBLIC_NAMES) if inner else PUBLIC_NAMES


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


def is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def place(module: str, imported: Import) -> str:
    return f"{MODULES[module].relative_to(ROOT)}:{imported.line} imports {imported.module}"


def crossings(importer: str, forbidden: str) -> list[str]:
    """Where modules of one package import from the other."""
    return [
        place(module, imported)
        for module, imports in IMPORTS.items()
        if is_in(module, importer)
        for imported in imports
        if is_in(imported.module, forbidden)
    ]


def test_every_module_has_a_floor() -> None:
    """Each module and package of paycombat_async stands in the table, and nothing else does."""
    rooms = {name.split(".")[1] for name in MODULES if name.startswith("paycombat_async.")}

    assert rooms == set(FLOOR_OF), "change FLOORS; what is new goes on the lowest floor that works"


def test_the_walk_sees_every_kind_of_import() -> None:
    """The other tests are worth nothing if the walk misses imports."""
    found = {imported.module for imports in IMPORTS.values() for imported in imports}

    assert {"msgspec", "asyncio", "aiohttp", "paycombat_async.errors", "paycombat_async.schemas.customers"} <= found


def test_nothing_imports_upwards() -> None:
    """Neither at the top nor inside a function nor for its types alone."""
    upwards = [
        place(module, imported)
        for module, imports in IMPORTS.items()
        for imported in imports
        if is_ours(imported.module) and floor(imported.module) > floor(module)
    ]

    assert upwards == []


def test_there_is_no_circle_of_imports() -> None:
    """Between no two modules, inside packages neither, and not by way of imports inside functions."""
    graph = {
        module: {imported.module for imported in imports if imported.module in MODULES} - {module}
        for module, imports in IMPORTS.items()
    }
    circle: list[str] = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]

    assert circle == []


def test_imports_are_absolute() -> None:
    """A relative import hides the floor it comes from."""
    relative = [
        place(module, imported)
        for module, imports in IMPORTS.items()
        for imported in imports
        if imported.module.startswith(".")
    ]

    assert relative == []


@pytest.mark.parametrize(
    ("importer", "forbidden"),
    [
        ("paycombat_async.sandbox", "paycombat_async.batch"),
        ("paycombat_async.batch", "paycombat_async.sandbox"),
        ("paycombat_async", "paycombat_sync"),
        ("paycombat_async._json", "paycombat_async.schemas"),
    ],
)
def test_these_packages_stay_apart(importer: str, forbidden: str) -> None:
    """Sandbox and batch do not know each other, async code not the blocking package, JSON no schema."""
    assert crossings(importer, forbidden) == []


def test_only_the_transport_and_the_sandbox_use_aiohttp() -> None:
    """Everything else could run on another HTTP library."""
    users = {module for module, imports in IMPORTS.items() for _, name in imports if name.split(".")[0] == "aiohttp"}

    assert {module for module in users if not f"{module}.".startswith(HTTP_PACKAGES)} == set()


def test_only_the_telemetry_uses_opentelemetry() -> None:
    """Everything else works without it, and `telemetry=False` cannot be bypassed."""
    users = {module for module, imports in IMPORTS.items() for _, name in imports if is_in(name, "opentelemetry")}

    inside = {module for module in users if is_in(module, "paycombat_async.telemetry")}
    assert users - inside == {"paycombat_sync.telemetry"}  # for a type


def test_nobody_reaches_into_the_engine_of_a_client() -> None:
    """`client._engine` stays private to the client's own file: other code uses `observed()` or the public methods."""
    reached = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        if path.name != "client.py" or "paycombat_sync" in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "_engine"
        if not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]

    assert reached == []


def test_the_lowest_floors_need_only_the_standard_library_and_msgspec() -> None:
    """Errors, signing and canonical bytes can be taken over by others as they are."""
    foreign = {
        name.split(".")[0]
        for module, imports in IMPORTS.items()
        if floor(module) <= SHAPES and module != "paycombat_async.schemas._pydantic"  # which only pydantic loads
        for _, name in imports
        if not is_ours(name)
    }

    assert foreign - sys.stdlib_module_names <= {"msgspec"}


def test_errors_import_nothing_of_ours() -> None:
    """The leaf that everybody may import."""
    assert [imported for imported in IMPORTS["paycombat_async.errors"] if is_ours(imported.module)] == []


@pytest.mark.parametrize(("package", "more"), [("paycombat_async", ("asyncio",)), ("paycombat_sync", ())])
def test_an_import_loads_neither_http_nor_database_nor_terminal(package: str, more: tuple[str, ...]) -> None:
    """They are loaded when the first client, journal or command needs them, not by every program that imports us."""
    heavy = ("aiohttp", "yarl", "sqlite3", "_sqlite3", "click", "rich", "opentelemetry", *more)
    script = f"import sys, {package}; print(*(name for name in {heavy} if name in sys.modules))"
    # Coverage would load sqlite3 into the process by itself.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}

    fresh = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert fresh.stdout.split() == []
