"""The object that the resources on a client's class, such as `AsyncPayCombat.payouts`, have in place of an engine."""

from typing import Any, Final, NoReturn

from paycombat_async.errors import ConfigurationError


class _Unbound:
    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)  # `inspect` and `unittest.mock` look for such names on every object
        raise ConfigurationError("this is the client's class; make a client of it first")


# Typed Any, so that it can be given to `Customers`, `Payouts` and so on as their engine: as attributes of the client's
# class they let `unittest.mock.create_autospec`, `help` and completion find their methods, but they cannot make calls.
UNBOUND: Final[Any] = _Unbound()
