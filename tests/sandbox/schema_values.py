"""Bodies made of a JSON schema, most of them nearly right: what schemas say, with texts that mean something here."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st

Strategy: TypeAlias = st.SearchStrategy[Any]

_LARGEST = 2**53 - 1
_NUMBERS = st.one_of(
    st.integers(1, 2_000_000),
    st.decimals("0.01", 10_000, places=2),
    st.decimals("0.000001", 1, places=6),
    st.integers(-_LARGEST, _LARGEST),
)
_TIMES = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
ANYTHING: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers(-_LARGEST, _LARGEST) | st.floats(-1e9, 1e9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


class Values:
    """Strategies for the schemas of one document. `hints` are texts to prefer, by the name of the field."""

    def __init__(self, components: Mapping[str, Any], hints: Mapping[str, Sequence[str]]) -> None:
        self._components = components
        self._hints = hints

    def of(self, schema: Mapping[str, Any], name: str = "") -> Strategy:
        """Values that keep to the schema."""
        if "$ref" in schema:
            return self.of(self._components[schema["$ref"].rpartition("/")[2]], name)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "anyOf" in schema:
            return st.one_of([self.of(option, name) for option in schema["anyOf"]])
        makers = {"object": self._object, "string": self._text, "integer": self._whole, "number": self._number}
        make = makers.get(schema.get("type", ""))
        return ANYTHING if make is None else make(schema, name)

    def _object(self, schema: Mapping[str, Any], _name: str) -> Strategy:
        properties = {name: self.of(part, name) for name, part in schema.get("properties", {}).items()}
        if not properties:
            return st.dictionaries(st.text(max_size=9), ANYTHING, max_size=3)
        required = {name: properties.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=properties)

    def _text(self, schema: Mapping[str, Any], name: str) -> Strategy:
        if schema.get("format") == "date-time":
            made: Strategy = _TIMES
        elif "pattern" in schema:
            made = st.from_regex(schema["pattern"], fullmatch=True)
        else:
            made = st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 30), 30))
        hints = self._hints.get(name)
        return st.sampled_from(hints) | made if hints else made

    def _whole(self, schema: Mapping[str, Any], _name: str) -> Strategy:
        return st.integers(schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST))

    def _number(self, _schema: Mapping[str, Any], _name: str) -> Strategy:
        return _NUMBERS


@st.composite
def near(draw: st.DrawFn, example: Any, right: Strategy) -> Any:
    """The example with a few of its fields as the schema has them; now and then damaged."""
    made = draw(right)
    names = draw(st.sets(st.sampled_from(sorted(made)), max_size=3)) if made else ()
    body = dict(example) | {name: made[name] for name in names}
    return draw(_damaged(body)) if draw(st.integers(0, 3)) == 0 else body


@st.composite
def _damaged(draw: st.DrawFn, body: dict[str, Any]) -> Any:
    """Without a field, with a field of another kind or one too many, at any depth; or no object at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANYTHING)
    name = draw(st.sampled_from(sorted(body)) if body else st.just("x"))
    if isinstance(body.get(name), dict) and draw(st.booleans()):
        return body | {name: draw(_damaged(body[name]))}
    damages = (
        lambda: {key: value for key, value in body.items() if key != name},
        lambda: body | {name: draw(ANYTHING)},
        lambda: body | {draw(st.text(max_size=9)): draw(ANYTHING)},
    )
    return draw(st.sampled_from(damages))()
