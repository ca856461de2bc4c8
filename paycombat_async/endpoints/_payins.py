"""Endpoints of payins, in the order of the provider's pages."""

from types import NoneType
from typing import Final

from paycombat_async.endpoints._endpoint import DOCS, Echo, Endpoint, Evidence, IntentUse, Repeat
from paycombat_async.schemas.payins import CreatePayin, CreateVirtualAccount, Payin, SimulatePayin, VirtualAccount

_FIND_PAYIN: Final = "wait for its webhook, or look it up on the dashboard, since there is no list of payins"

# https://docs.paycombat.com/create-payin-12823303e0 (the page shows the method and the path, but no body)
CREATE_PAYIN = Endpoint(
    name="payins.create",
    method="POST",
    path="/api/v1/payin/create",
    request=CreatePayin,
    response=Payin,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}create-payin-12823303e0",
    title="Create Payin",
    reference="order_reference",
    intent=IntentUse.REQUIRED,
    find_out=_FIND_PAYIN,
    echoes=(
        Echo("order_reference", ("order_reference",)),
        Echo("payer_id", ("payer_id",)),
        Echo("amount", ("amount",)),
        Echo("amount_type", ("currency",)),
    ),
)

# https://docs.paycombat.com/simulate-payin-12814516e0
# Only the HTTP method is documented. The path, and the fields payin_id and status of the body, are from Finmo, the
# provider's upstream. Finmo answers 406 unless the payin is PENDING.
SIMULATE_PAYIN = Endpoint(
    name="payins.simulate",
    method="PATCH",
    path="/api/v1/payin/simulate",
    request=SimulatePayin,
    response=object,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}simulate-payin-12814516e0",
    title="Simulate Payin",
    may_be_empty=True,
    find_out="retrieve the payin and look at its status",
    alternatives=("/api/v1/payin/simulate-payin",),
)

# https://docs.paycombat.com/retrieve-payin-12823155e0
RETRIEVE_PAYIN = Endpoint(
    name="payins.retrieve",
    method="GET",
    path="/api/v1/payin/retrieve-payin/{id}",
    request=NoneType,
    response=Payin,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}retrieve-payin-12823155e0",
    title="Retrieve Payin",
)

# https://docs.paycombat.com/create-virtual-account-16406617e0 (the page shows the method and the path, but no body)
CREATE_VIRTUAL_ACCOUNT = Endpoint(
    name="payins.create_virtual_account",
    method="POST",
    path="/api/v1/payin/create-va",
    request=CreateVirtualAccount,
    response=VirtualAccount,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.DOCUMENTED,
    doc=f"{DOCS}create-virtual-account-16406617e0",
    title="Create Virtual Account",
    find_out="wait for the callback that says whether it was approved",
)

PAYIN_ENDPOINTS = (CREATE_PAYIN, SIMULATE_PAYIN, RETRIEVE_PAYIN, CREATE_VIRTUAL_ACCOUNT)
