"""What the resources on a client's class hold in place of an engine."""

from typing import Any, Final, NoReturn

from paycombat_async.errors import ConfigurationError


class _Unbound:
    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)  # `inspect` and `unittest.mock` look for such names on every object
        raise ConfigurationError("this is the client's class; make a client of it first")


# Typed Any: the class attributes `customers`, `payouts` and so on have the types of those of a client, so that
# `unittest.mock.create_autospec`, `help` and completion find their methods. Only a client can carry a call out.
UNBOUND: Final[Any] = _Unbound()
