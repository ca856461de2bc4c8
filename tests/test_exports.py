"""What users import: complete, sorted, and the very same objects in both packages."""

import importlib
import inspect
from types import ModuleType

import msgspec
import pytest

import paycombat_async
import paycombat_sync
from paycombat_async import errors, schemas
from paycombat_async.schemas import customers

# What the blocking package has of its own: everything that waits.
WAITING = ("paycombat_async.client", "paycombat_async.pagination", "paycombat_async.batch.api")
PROMISED = {
    *("UNSET", "Outcome", "RetryPolicy", "Reply", "Endpoint", "Signer", "canonical_json", "sync_customers"),
    *("CreateCustomer", "UpdateCustomer", "UpdateCompany", "Customer", "UnverifiedEndpointWarning"),
}

each_package = pytest.mark.parametrize("package", [paycombat_async, paycombat_sync], ids=lambda it: it.__name__)


def as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def public_structs(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__
    }


def home(package: ModuleType, name: str) -> str:
    return str(getattr(getattr(package, name), "__module__", ""))


@each_package
def test_all_is_sorted_and_has_no_doubles(package: ModuleType) -> None:
    """One order, so that two people adding a name do not meet."""
    assert sorted(set(package.__all__), key=as_ruff_sorts) == list(package.__all__)


@each_package
def test_every_name_can_be_imported(package: ModuleType) -> None:
    """Nothing is promised that is not there."""
    fresh = importlib.import_module(package.__name__)

    assert [name for name in package.__all__ if not hasattr(fresh, name)] == []


@each_package
def test_nothing_public_is_left_out_of_all(package: ModuleType) -> None:
    """What the package's file imports by name is there to be used."""
    imported = {
        name for name, value in vars(package).items() if not name.startswith("_") and not inspect.ismodule(value)
    }

    assert imported <= set(package.__all__)


@each_package
def test_all_has_every_error_schema_and_promised_name(package: ModuleType) -> None:
    """Whatever a call takes, returns or raises can be imported from the top."""
    raised = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}

    assert (raised | set(schemas.__all__) | PROMISED) - set(package.__all__) == set()


def test_schemas_export_every_struct_of_customers() -> None:
    """A new Struct is not forgotten on its way up."""
    assert public_structs(customers) - set(schemas.__all__) == set()
    assert sorted(schemas.__all__) == list(schemas.__all__)


def test_each_package_has_its_client() -> None:
    """Under the two names of the README."""
    assert "AsyncPayCombat" in paycombat_async.__all__
    assert "PayCombat" in paycombat_sync.__all__
    assert "AsyncPayCombat" not in paycombat_sync.__all__


@pytest.mark.promise("P10")
def test_the_blocking_package_exports_the_very_same_objects() -> None:
    """An error raised through one package is caught by the name of the other; only what waits is its own."""
    shared = [name for name in paycombat_async.__all__ if not home(paycombat_async, name).startswith(WAITING)]
    shared.remove("webhooks")

    different = [name for name in shared if getattr(paycombat_sync, name, None) is not getattr(paycombat_async, name)]

    assert different == []
    assert set(shared) <= set(paycombat_sync.__all__)


def test_what_the_blocking_package_has_of_its_own_comes_from_itself() -> None:
    """Its client, pager and batch job are blocking ones, not the async ones under another name."""
    own = [
        name
        for name in paycombat_sync.__all__
        if getattr(paycombat_sync, name) is not getattr(paycombat_async, name, None) and name != "webhooks"
    ]

    assert {"PayCombat", "sync_customers"} <= set(own)
    assert [name for name in own if not home(paycombat_sync, name).startswith("paycombat_sync")] == []


@pytest.mark.promise("P10")
def test_the_stores_of_both_packages_are_the_very_same() -> None:
    """The blocking client runs them; a record made through one package is an `Intent` of the other."""
    original, blocking = [importlib.import_module(f"{name}.intents") for name in ("paycombat_async", "paycombat_sync")]

    assert original.__all__ == blocking.__all__
    assert [] == [name for name in original.__all__ if getattr(blocking, name) is not getattr(original, name)]


@pytest.mark.promise("P10")
def test_the_blocking_webhooks_are_the_very_same_but_for_the_inboxes() -> None:
    """Which block, and so do their deliveries."""
    original, blocking = paycombat_async.webhooks, paycombat_sync.webhooks

    different = {name for name in original.__all__ if getattr(blocking, name) is not getattr(original, name)}

    assert original.__all__ == blocking.__all__
    assert different == {name for name in original.__all__ if name.endswith(("Inbox", "Delivery"))}
