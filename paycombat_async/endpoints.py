"""Every operation of the API, declared once: what to send, where, what comes back, and how sure we are of it.

Methods, sandbox routes, the README's table and the tests hang on these constants. The record of the provider's API is
incomplete: an endpoint's `evidence` says where its path comes from, and `paths=` of the client mends a wrong one.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import NoneType
from typing import Any, Generic, Literal, TypeVar

from paycombat_async.schemas.customers import CreateCustomer, Customer, DeletedCustomer, UpdateCustomer, WalletReadiness
from paycombat_async.schemas.envelope import Page

Q = TypeVar("Q")
R = TypeVar("R")

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]


class Repeat(StrEnum):
    """Whether a call may be sent again when nobody knows what became of the first one."""

    SAFE = "safe"  # twice is as good as once
    ONLY_IF_UNSENT = "only_if_unsent"  # creates or moves something: never twice


class Evidence(StrEnum):
    """Where an endpoint's path comes from."""

    DOCUMENTED = "documented"  # the provider's page shows it
    OBSERVED = "observed"  # real client code uses it
    INFERRED = "inferred"  # guessed from its neighbours, or not known at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[Q, R]):
    """One operation. `path` is a template; None means that the record holds nothing to guess from: give `paths=`.

    `signed` says that a body, if there is one, is signed. `may_be_empty` allows an answer without data.
    """

    name: str
    method: Method
    path: str | None
    request: type[Q]
    response: type[R]
    repeat: Repeat
    signed: bool
    evidence: Evidence
    doc: str
    title: str
    may_be_empty: bool = False
    page_parameter: str | None = None
    size_parameter: str | None = None


_DOCS = "https://docs.paycombat.com/"

# https://docs.paycombat.com/create-customer-12819564e0
CREATE_CUSTOMER = Endpoint(
    name="customers.create",
    method="POST",
    path="/api/v1/customer/create",
    request=CreateCustomer,
    response=Customer,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{_DOCS}create-customer-12819564e0",
    title="Create Customer",
)

# https://docs.paycombat.com/update-customer-12819581e0
UPDATE_CUSTOMER = Endpoint(
    name="customers.update",
    method="PATCH",
    path="/api/v1/customer/update",
    request=UpdateCustomer,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{_DOCS}update-customer-12819581e0",
    title="Update Customer",
)

# Only the method is on record; the path is that of the detail page without its id. Query names as at Finmo.
LIST_CUSTOMERS = Endpoint(
    name="customers.list",
    method="GET",
    path="/api/v1/customer/customer",
    request=NoneType,
    response=Page[Customer],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{_DOCS}update-customer-12819581e0",
    title="Get All Customer",
    page_parameter="page",
    size_parameter="limit",
)

# https://docs.paycombat.com/get-detail-customer-by-id-12819568e0 ("customer" stands twice in the path)
RETRIEVE_CUSTOMER = Endpoint(
    name="customers.retrieve",
    method="GET",
    path="/api/v1/customer/customer/{customer_id}",
    request=NoneType,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{_DOCS}get-detail-customer-by-id-12819568e0",
    title="Get Detail Customer by Id",
)

# https://docs.paycombat.com/check-is-customer-wallet-ready-12819594e0 (its body is not in the record, nor its path)
CHECK_WALLET_READY = Endpoint(
    name="customers.check_wallet_ready",
    method="GET",
    path=None,
    request=NoneType,
    response=WalletReadiness,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{_DOCS}check-is-customer-wallet-ready-12819594e0",
    title="Check Is Customer Wallet Ready",
)

# https://docs.paycombat.com/enable-customer-12823648e0 (body not in the record; path by analogy with Disable)
ENABLE_CUSTOMER = Endpoint(
    name="customers.enable",
    method="PATCH",
    path="/api/v1/customer/enable/{customer_id}",
    request=NoneType,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{_DOCS}enable-customer-12823648e0",
    title="Enable Customer",
)

# https://docs.paycombat.com/disable-customer-12823650e0 (a PATCH without a body: the page lists no signature header)
DISABLE_CUSTOMER = Endpoint(
    name="customers.disable",
    method="PATCH",
    path="/api/v1/customer/disable/{customer_id}",
    request=NoneType,
    response=Customer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{_DOCS}disable-customer-12823650e0",
    title="Disable Customer",
)

# https://docs.paycombat.com/delete-customer-12823656e0 (body not in the record; path by analogy with Disable)
DELETE_CUSTOMER = Endpoint(
    name="customers.delete",
    method="DELETE",
    path="/api/v1/customer/delete/{customer_id}",
    request=NoneType,
    response=DeletedCustomer,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=f"{_DOCS}delete-customer-12823656e0",
    title="Delete Customer",
    may_be_empty=True,
)

# Any: Endpoint is invariant, so no narrower type holds them all; each constant keeps its own exact type.
ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    CREATE_CUSTOMER,
    UPDATE_CUSTOMER,
    LIST_CUSTOMERS,
    RETRIEVE_CUSTOMER,
    CHECK_WALLET_READY,
    ENABLE_CUSTOMER,
    DISABLE_CUSTOMER,
    DELETE_CUSTOMER,
)


def raw_endpoint(method: Method, path: str) -> Endpoint[object, object]:
    """An endpoint this SDK does not know: any body, any answer; only a GET is taken as safe to repeat."""
    return Endpoint(
        name=f"{method} {path}",
        method=method,
        path=path,
        request=object,
        response=object,
        repeat=Repeat.SAFE if method == "GET" else Repeat.ONLY_IF_UNSENT,
        signed=method in {"POST", "PATCH", "PUT"},
        evidence=Evidence.DOCUMENTED,
        doc="",
        title="",
        may_be_empty=True,
    )
