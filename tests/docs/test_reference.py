"""The reference documents every public name, and every field of every Struct, in both packages."""

import enum
import inspect
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from docs._ext.notes import EVIDENCE, NOTES, classes, comments, is_of_the_provider, rows
from docs._ext.public import home, inherited_doc, modules, resources
from tests.processes import ROOT

pytestmark = pytest.mark.promise("P18")

REFERENCE = ROOT / "docs" / "reference"
NAMES = re.compile(r"^\.\. (?:names|endpoints):: (\S+)\n\n((?:   .*\n)+)", re.MULTILINE)
CONSTANTS = re.compile(r"^\.\. constants:: (\S+)\n\n((?:   .*\n)+)", re.MULTILINE)
SHARED = re.compile(r"^\.\. shared:: (\S+)$", re.MULTILINE)


def listed() -> Counter[str]:
    """The names that the pages of the reference document, as `module.name`."""
    found: Counter[str] = Counter()
    for page in REFERENCE.glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        for module, names in NAMES.findall(text):
            found.update(f"{module}.{name}" for name in names.split())
        for module, lines in CONSTANTS.findall(text):
            found.update(f"{module}.{line.split(':')[0]}" for line in map(str.strip, lines.splitlines()))
    return found


def shared() -> set[str]:
    """The modules of which a page lists what is documented elsewhere."""
    return {module for page in REFERENCE.glob("*.rst") for module in SHARED.findall(page.read_text(encoding="utf-8"))}


def test_every_public_name_is_documented_once():
    """Where a module exports it first; other modules that export the same object need no entry of their own."""
    public = {home(module, name) for module, found in modules().items() for name in found.__all__}
    public |= set(resources().values())

    found = listed()

    assert public - found.keys() == set()
    assert [name for name, times in found.items() if times > 1] == []


def test_nothing_is_documented_that_is_not_public():
    """Save what users reach by attributes: the classes behind `client.payouts` and what they return."""
    reached = {"paycombat_async.resources.intents.ReconcileReport", *resources().values()}

    assert {name for name in listed() if home_of(name) != name} - reached == set()


def home_of(name: str) -> str | None:
    module, _, last = name.rpartition(".")
    return home(module, last) if module in modules() and last in modules()[module].__all__ else None


def test_what_the_blocking_package_shares_is_listed():
    """So that a search for `paycombat_sync` finds every name of it."""
    assert shared() == {name for name in modules() if name.startswith("paycombat_sync")}


@pytest.mark.parametrize("name", modules())
def test_every_public_class_and_function_has_a_docstring(name):
    """Their own, not an inherited one."""
    module = modules()[name]
    values = [getattr(module, each) for each in module.__all__]

    assert [value for value in values if is_definition(value) and not vars(value).get("__doc__", value.__doc__)] == []


@pytest.mark.parametrize("name", modules())
def test_every_public_method_has_a_docstring(name):
    """Its own, that of a base class, or that of the protocol which its class implements."""
    module = modules()[name]
    kinds = [kind for each in module.__all__ if inspect.isclass(kind := getattr(module, each))]

    assert [f"{kind.__name__}.{method}" for kind in kinds for method in undocumented(kind)] == []


def undocumented(kind: type) -> list[str]:
    own = [name for name, value in vars(kind).items() if not name.startswith("_") and is_method(value)]
    return [name for name in own if not inspect.getdoc(getattr(kind, name)) and not inherited_doc(kind, name)]


def is_method(value: object) -> bool:
    return isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)


def is_definition(value: object) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


@pytest.mark.parametrize("name", classes())
def test_every_field_is_documented(name):
    """With its evidence, if it is the provider's."""
    kind = classes()[name]
    found = list(rows(kind))

    assert [field.name for field in found if not field.text] == []
    assert [field.name for field in found if not field.type] == []
    expected = set(EVIDENCE) if is_of_the_provider(kind) else {None}
    assert {field.evidence for field in found} <= expected


def test_every_note_is_of_a_field():
    """None is left of a field that is gone, and none of the shared ones is unused."""
    notes = tomllib.loads(Path(NOTES).read_text(encoding="utf-8"))
    fields = {kind.__name__: {field.name for field in rows(kind)} for kind in classes().values()}
    own = {(name, field) for name, table in notes.items() if name != "shared" for field in table if field != "_sure"}
    used = {(name, field) for name, names in fields.items() for field in names}

    assert own - used == set()
    assert set(notes["shared"]) - {field for _, field in used - own} == set()


def test_notes_end_as_sentences_do():
    """One style, and no text that was cut off."""
    texts = {f"{name}.{field.name}": field.text or "" for name, kind in classes().items() for field in rows(kind)}

    assert [name for name, text in texts.items() if not text.endswith((".", ".)"))] == []
    assert [name for name, text in texts.items() if text.count("`") % 2] == []


def test_members_of_enums_have_the_comments_of_the_code():
    """Those of an enum whose meaning is not in its names."""
    enums = [
        value for found in modules().values() for value in vars(found).values() if isinstance(value, enum.EnumMeta)
    ]
    described = {kind.__name__ for kind in enums if all(comments(kind).values())}

    assert {"Outcome", "Receipt", "Evidence", "Repeat", "IntentUse"} <= described
