"""Functions written out from a Struct's fields."""

import pytest

from paycombat_async._straight import written_out


def test_it_runs_its_lines_with_the_names_it_was_given():
    """And sees no others, so that one function's names cannot be taken for another's."""
    half = written_out("half", ["half = value / two", "return half"], {"two": 2})

    assert 4 == half(8)
    assert "half" == half.__name__
    with pytest.raises(NameError):
        written_out("third", ["return value / three"], {"two": 2})(9)
