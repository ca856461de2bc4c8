"""The columns of a CSV file, derived from `UpdateCustomer` so that there is no second list to maintain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias, get_args, get_origin

import msgspec
from msgspec import Struct

from paycombat_async._json.canonical import canonical_json
from paycombat_async.batch.rows.hints import did_you_mean
from paycombat_async.errors import ConfigurationError, InvalidRequest
from paycombat_async.schemas.customers import UpdateCustomer

Empty: TypeAlias = Literal["keep", "clear"]
Path: TypeAlias = tuple[str, ...]

KEY = "customer_id"
ERROR_MARK, LINE_MARK = "_error", "_line"
MARKS = (LINE_MARK, ERROR_MARK)

# For each value of the setting `empty`: the cell texts with a special meaning, each with the value that is sent instead
# of it. If that value is None, the field is not sent, and stays unchanged at the provider.
_MEANINGS: dict[Empty, dict[str, str | None]] = {
    "keep": {"": None, "<clear>": "", "<keep>": None},
    "clear": {"": "", "<clear>": "", "<keep>": None},
}


class Header(Struct, frozen=True):
    """The header of a CSV file, and where in the JSON body the cells of each column are placed.

    The column `company.name` fills the key `name` of the object `company`. `parts` maps the path of each object to its
    columns, each as a pair of position and key: `{("company",): [(3, "name")]}`. `unnamed` contains the positions of
    columns without a name, in which all cells must be empty. Positions count from 0.
    """

    names: tuple[str, ...]
    parts: dict[Path, list[tuple[int, str]]]
    unnamed: tuple[int, ...] = ()

    def fields(self, cells: Sequence[str], empty: Empty) -> dict[str, Any]:
        """Returns the cells of a row as nested dicts, in the shape of the body of an update.

        `cells` must have one cell for each column. `empty` says whether an empty cell keeps or clears its field.
        """
        meaning = _MEANINGS[empty].get
        data: dict[str, Any] = {}
        for path, columns_of_part in self.parts.items():
            filled = {
                key: value for at, key in columns_of_part if (value := meaning(cell := cells[at], cell)) is not None
            }
            if filled:
                part = data
                for name in path:
                    part = part.setdefault(name, {})
                part.update(filled)
        return data


def read_header(cells: Sequence[str], line: int, delimiter: str = ",") -> Header:
    """Returns the parsed header. `line` and `delimiter` are used only in messages.

    Raises `ConfigurationError` if a column is unknown or occurs twice, or if there is no column customer_id.
    """
    names = tuple(cell.strip() for cell in cells)
    paths = tuple(_path(name, number, cells, delimiter) for number, name in enumerate(names, 1))
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise ConfigurationError(f"line {line}: the column {twice!r} occurs twice; keep one of them")
    if KEY not in names:
        raise ConfigurationError(f"line {line}: there is no column {KEY!r}; each row needs the id of its customer")
    parts: dict[Path, list[tuple[int, str]]] = {}
    for at, path in enumerate(paths):
        if path is not None:
            parts.setdefault(path[:-1], []).append((at, path[-1]))
    return Header(names, parts, tuple(at for at, name in enumerate(names) if not name))


def _path(name: str, number: int, cells: Sequence[str], delimiter: str) -> Path | None:
    if not name or name in MARKS:
        return None
    known = columns()
    if name in known:
        return known[name]
    family = next((prefix for prefix in open_columns() if name.startswith(prefix) and name != prefix), None)
    if family is not None:
        return _free(family, name)
    if len(cells) == 1 and KEY in name and not name.replace("_", "").isalnum():
        raise ConfigurationError(
            f"the columns are not separated by {'commas' if delimiter == ',' else repr(delimiter)};"
            " name what separates them: --delimiter (in code delimiter=)"
        )
    raise ConfigurationError(f"unknown column {name!r} (column {number}){_hint(name, known)}")


def _free(family: str, name: str) -> Path:
    key = name.removeprefix(family)
    problem = ""
    try:
        canonical_json({key: ""})
    except InvalidRequest:
        problem = f"column {name!r} cannot be sent: {key!r} is a key that JavaScript does not keep as it is"
    if problem:
        raise ConfigurationError(problem)
    return (*family.rstrip(".").split("."), key)


def _hint(name: str, known: dict[str, Path]) -> str:
    near = did_you_mean(name, list(known), open_columns())
    if near:
        return f"; did you mean {near!r}?"
    families = [f"{family}…" for family in open_columns()]
    first_parts = dict.fromkeys(path[0] + (".…" if len(path) > 1 else "") for path in known.values())
    return "; the columns are " + ", ".join([*first_parts, *families])


@cache
def columns() -> dict[str, Path]:
    """Returns the columns that have a fixed name, each with the path of its field in the JSON body.

    `company.name` has the path `("company", "name")`. The order is that of the fields in the body.
    """
    return {".".join(path): path for path, is_open in _leaves(UpdateCustomer) if not is_open}


@cache
def open_columns() -> tuple[str, ...]:
    """Returns the fixed beginnings of column names that the user completes, such as `metadata.`."""
    return tuple(".".join(path) + "." for path, is_open in _leaves(UpdateCustomer) if is_open)


def _leaves(kind: type[Struct], above: Path = ()) -> Iterator[tuple[Path, bool]]:
    for field in msgspec.structs.fields(kind):
        path = (*above, field.encode_name)
        members = get_args(field.type) or (field.type,)
        part = next((member for member in members if isinstance(member, type) and issubclass(member, Struct)), None)
        if part is not None:
            yield from _leaves(part, path)
        elif field.name != "extra":  # `UpdateCustomer` has a field `extra`, but the API knows no key "extra"
            yield path, any(_is_mapping(member) for member in members)


def _is_mapping(annotation: object) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and hasattr(origin, "keys")
