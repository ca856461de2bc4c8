"""Functions generated from the fields of a Struct."""

import inspect
import linecache
import traceback

import msgspec
import pytest

from paycombat_async import canonical_json
from paycombat_async._json.codegen import compile_function, field_expression
from paycombat_async._protocol.request_body import FAST_CHECKS


def test_it_runs_its_lines_with_the_names_it_was_given():
    """And sees no others, so that one function's names cannot be taken for another's."""
    half = compile_function("half", ["half = value / two", "return half"], {"two": 2})

    assert 4 == half(8)
    assert "half" == half.__name__
    with pytest.raises(NameError):
        compile_function("third", ["return value / three"], {"two": 2})(9)


def test_a_traceback_shows_the_line_that_failed():
    """Generated functions have no file, so their source is registered where tracebacks and debuggers look for it."""
    divide = compile_function("divide", ["half = value / 2", "return half / zero"], {"zero": 0})
    linecache.checkcache()

    with pytest.raises(ZeroDivisionError) as caught:
        divide(8)

    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert ("divide", 3, "return half / zero") == (last.name, last.lineno, last.line)
    assert ["def divide(value):\n", "    half = value / 2\n", "    return half / zero\n"] == (
        inspect.getsourcelines(divide)[0]
    )


@pytest.mark.parametrize("name", ["class", "None", "it", "value", "encode", "UNSET"])
def test_a_field_may_have_any_name(name):
    """Also those that Python keeps for itself, which `defstruct` takes, and those that the lines use."""
    kind = msgspec.defstruct("Odd", [(name, dict[str, object]), ("text", str)])
    made = kind({"b": 1.0, "a": "x"}, "y")

    assert f'{{"{name}":{{"b":1,"a":"x"}},"text":"y"}}'.encode() == canonical_json(made)
    assert not FAST_CHECKS[kind](made)


def test_a_name_that_is_no_word_cannot_become_code():
    """msgspec refuses a field name that is not an identifier, so that it cannot become code."""
    with pytest.raises(TypeError, match="identifiers"):
        msgspec.defstruct("Odd", [("x: evil()", str)])


def test_a_field_is_spoken_of_by_its_name():
    """A field is accessed as an attribute, or with `getattr` if its name is a keyword."""
    assert ("it.name", "getattr(it, 'class')") == (field_expression("it", "name"), field_expression("it", "class"))
