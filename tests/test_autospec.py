"""The resources are declared on the classes of the clients: mocks, `help` and completion know them without a client."""

import pydoc
from typing import Any
from unittest.mock import MagicMock, create_autospec

import pytest

from paycombat_async import AsyncPayCombat, ConfigurationError, Customer, UpdateCustomer, webhooks
from paycombat_async.testing import FakeTransport
from paycombat_sync import PayCombat

RESOURCES = (
    *("customers", "payins", "payouts", "checkouts", "payin_methods", "payout_methods", "payment_methods"),
    *("master_data", "merchant", "webhooks", "intents"),
)
UPDATE = UpdateCustomer(customer_id="c")
each_client = pytest.mark.parametrize("kind", [AsyncPayCombat, PayCombat])
each_mock = pytest.mark.parametrize(
    "mock_of",
    [create_autospec, lambda kind: create_autospec(kind, instance=True), lambda kind: create_autospec(kind)()],
    ids=["class", "instance", "made by the class"],
)


@each_client
@pytest.mark.parametrize("name", RESOURCES)
def test_a_class_has_what_its_clients_have(kind: Any, name: str) -> None:
    """The same kind of resource, but each client has one of its own."""
    client = kind(token="snd_t", signature_key="snd_k", transport=FakeTransport())

    assert isinstance(getattr(client, name), type(getattr(kind, name)))
    assert getattr(kind, name) is not getattr(client, name)
    assert name in dir(MagicMock(spec=kind))
    assert f" {name} " in pydoc.plain(pydoc.render_doc(kind))
    assert {name for name in vars(client) if not name.startswith("_")} == set(RESOURCES)


@each_mock
async def test_an_async_client_is_mocked_with_its_resources(mock_of: Any) -> None:
    """Calls are awaited, and take what the real ones take."""
    paycombat = mock_of(AsyncPayCombat)
    paycombat.customers.update.return_value = Customer(customer_id="c")

    assert Customer(customer_id="c") == await paycombat.customers.update(UPDATE)
    paycombat.customers.update.assert_awaited_once_with(UPDATE)
    _check_signatures(paycombat)


@each_mock
def test_a_blocking_client_is_mocked_with_its_resources(mock_of: Any) -> None:
    """The same, blocking."""
    paycombat = mock_of(PayCombat)
    paycombat.customers.update.return_value = Customer(customer_id="c")

    assert Customer(customer_id="c") == paycombat.customers.update(UPDATE)
    paycombat.customers.update.assert_called_once_with(UPDATE)
    _check_signatures(paycombat)


def _check_signatures(paycombat: Any) -> None:
    paycombat.payouts.list(page_size=5)
    with pytest.raises(TypeError):
        paycombat.customers.update(UPDATE, 5)
    with pytest.raises(TypeError):
        paycombat.payouts.list(5)
    with pytest.raises(AttributeError):
        paycombat.customers.patch(UPDATE)
    with pytest.raises(AttributeError):
        paycombat.customer.update(UPDATE)


async def test_nothing_can_be_called_without_a_client() -> None:
    """Who forgets to make one is told so; webhooks of the class verify nothing."""
    with pytest.raises(ConfigurationError, match="make a client"):
        await AsyncPayCombat.customers.update(UPDATE)
    with pytest.raises(ConfigurationError, match="make a client"):
        PayCombat.customers.update(UPDATE)
    with pytest.raises(ConfigurationError, match="make a client"):
        [customer async for customer in AsyncPayCombat.customers.list()]
    with pytest.raises(ConfigurationError, match="make a client"):
        list(PayCombat.customers.list())
    with pytest.raises(AttributeError):
        AsyncPayCombat.webhooks.verify(b"{}", {"X-Signature": "0" * 64})
    assert isinstance(AsyncPayCombat.webhooks, webhooks.Webhooks)
