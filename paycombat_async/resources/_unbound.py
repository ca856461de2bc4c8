"""An object that raises an error if somebody calls `AsyncPayCombat.payouts.create()` on the class, without a client."""

from typing import Any, Final, NoReturn

from paycombat_async.errors import ConfigurationError


class _Unbound:
    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)  # `inspect` and `unittest.mock` read such names of every object.
        raise ConfigurationError("this is the client's class; make a client of it first")


# The type is Any, so that this object can be passed as the engine of `Customers`, `Payouts` and other resources. Such
# resources are attributes of the client's class, so that `unittest.mock.create_autospec`, `help` and completion find
# their methods. They cannot make calls.
UNBOUND: Final[Any] = _Unbound()
