"""What is public: the modules with an `__all__`, their names, and the one place where each is documented."""

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

import paycombat_async
import paycombat_sync
from paycombat_async import Clock, Transport
from paycombat_async.intents import Intents
from paycombat_async.limiters import Limiter

# Users import from these first; a name is documented under the first of them that has it.
_FIRST = ("paycombat_async", "paycombat_async.webhooks", "paycombat_async.batch", "paycombat_async.endpoints")
_INTERNAL = {"paycombat_async.cli", "paycombat_async.telemetry.traces"}  # commands; what `Telemetry` loads late


@cache
def modules() -> Mapping[str, ModuleType]:
    """The public modules by name: every module of the two packages that has an `__all__`."""
    found: dict[str, ModuleType] = {}
    for package in (paycombat_async, paycombat_sync):
        names = [
            package.__name__,
            *(one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
        ]
        for name in names:
            if not name.endswith("__main__") and hasattr(module := importlib.import_module(name), "__all__"):
                found[name] = module
    order = [*_FIRST, *sorted(found.keys() - set(_FIRST))]
    return {name: found[name] for name in order if name not in _INTERNAL}


@cache
def home(module: str, name: str) -> str:
    """The full name under which a public name is documented: that of the first module that exports the same object."""
    wanted = getattr(modules()[module], name)
    for other, found in modules().items():
        if name in found.__all__ and getattr(found, name) is wanted and not inspect.ismodule(wanted):
            return f"{other}.{name}"
    return f"{module}.{name}"


@cache
def resources() -> Mapping[str, str]:
    """The classes behind `client.payouts` and the like, by the client's attribute."""
    clients = paycombat_async.AsyncPayCombat, paycombat_sync.PayCombat
    found = {}
    for client in reversed(clients):
        for name, value in vars(client).items():
            kind = type(value)
            if ".resources." in kind.__module__:
                found[name] = f"{kind.__module__}.{kind.__qualname__}"
    return found


@cache
def targets() -> Mapping[str, str]:
    """Words of the text, such as `CreatePayout`, `payouts.create` or `Outcome.UNKNOWN`, and the names they link to."""
    found: dict[str, str] = {}
    for module_name, module in modules().items():
        for name in module.__all__:
            value, place = getattr(module, name), home(module_name, name)
            for word, target in _members(name, value, place):
                found.setdefault(word, target)
                prefix = module_name.removeprefix("paycombat_async.")
                if prefix != module_name and "." not in prefix:
                    found.setdefault(f"{prefix}.{word}", target)
    for attribute, place in resources().items():
        module_name, _, class_name = place.rpartition(".")
        kind = getattr(importlib.import_module(module_name), class_name)
        found |= {f"{attribute}.{name}": f"{place}.{name}" for name in vars(kind) if not name.startswith("_")}
        found[f"client.{attribute}"] = place
    return found


def _members(name: str, value: object, place: str) -> Iterator[tuple[str, str]]:
    yield name, place
    if not inspect.isclass(value):
        return
    fields = getattr(value, "__struct_fields__", ())
    plain = [one for one in vars(value) if not one.startswith("_")]
    own = list(value.__members__) if issubclass(value, enum.Enum) else [*fields, *plain]
    for member in own:
        yield f"{name}.{member}", f"{place}.{member}"


def real_name(value: object) -> str | None:
    """The full name of a class or function where it is defined; None for other objects."""
    if inspect.isclass(value) or inspect.isfunction(value):
        return f"{value.__module__}.{value.__qualname__}"
    return None


def inherited_doc(kind: type, method: str) -> str | None:
    """The docstring of a method that has none, from the public protocol that its class implements; None without one."""
    for protocol in (Clock, Intents, Limiter, Transport):
        methods = [name for name, value in vars(protocol).items() if inspect.isfunction(value) and name[0] != "_"]
        if method in methods and all(hasattr(kind, name) for name in methods):
            return inspect.getdoc(vars(protocol)[method])
    return None


@cache
def documented_as() -> Mapping[str, str]:
    """From the names of classes and functions where they are defined to the names under which they are documented."""
    found: dict[str, str] = {}
    for module_name, module in modules().items():
        for name in module.__all__:
            real = real_name(getattr(module, name))
            if real is not None:
                found.setdefault(real, home(module_name, name))
    return found
