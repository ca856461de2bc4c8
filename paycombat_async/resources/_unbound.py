"""An object that raises an error if somebody calls `AsyncPayCombat.payouts.create()` on the class, without a client."""

from typing import Any, Final, NoReturn

from paycombat_async.errors import ConfigurationError


class _Unbound:
    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)  # `inspect` and `unittest.mock` look for names with an underscore everywhere.
        raise ConfigurationError("this is the client's class; make a client of it first")


# The class of the client has attributes such as `AsyncPayCombat.payouts`, so that `unittest.mock.create_autospec`,
# `help` and editors find their methods. These attributes cannot make calls, because they have this object in place of
# an engine. Its type is Any, so that type checkers accept it as an engine.
UNBOUND: Final[Any] = _Unbound()
