"""Every request and response of the API as msgspec Structs, by resource."""

from paycombat_async.schemas.customers import (
    AuthorizedUser,
    AuthorizedUserDetails,
    Company,
    CreateCompany,
    CreateCustomer,
    CreateIndividual,
    Customer,
    CustomerType,
    DeletedCustomer,
    GcaActivationStatus,
    Individual,
    UpdateCompany,
    UpdateCustomer,
    UpdateIndividual,
    WalletReadiness,
)
from paycombat_async.schemas.envelope import Page

__all__ = [
    "AuthorizedUser",
    "AuthorizedUserDetails",
    "Company",
    "CreateCompany",
    "CreateCustomer",
    "CreateIndividual",
    "Customer",
    "CustomerType",
    "DeletedCustomer",
    "GcaActivationStatus",
    "Individual",
    "Page",
    "UpdateCompany",
    "UpdateCustomer",
    "UpdateIndividual",
    "WalletReadiness",
]
