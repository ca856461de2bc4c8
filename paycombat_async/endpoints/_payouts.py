"""Endpoints of payouts, in the order of the provider's pages."""

from types import NoneType

from paycombat_async.endpoints._endpoint import DOCS, Echo, Endpoint, Evidence, IntentUse, Repeat
from paycombat_async.schemas.envelope import Page
from paycombat_async.schemas.payouts import CreatePayout, Payout, SimulatePayout

# https://docs.paycombat.com/create-payout-12836301e0 (the path is from the code of an existing client of the API)
CREATE_PAYOUT = Endpoint(
    name="payouts.create",
    method="POST",
    path="/api/v1/payout/create-payout",
    request=CreatePayout,
    response=Payout,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.OBSERVED,
    doc=f"{DOCS}create-payout-12836301e0",
    title="Create Payout",
    reference="order_id",
    intent=IntentUse.REQUIRED,
    find_out="list your payouts and compare order_id with .reference",
    echoes=(
        Echo("order_id", ("order_id",), is_identity=True),
        Echo("wire_amount", ("sender_amount", "beneficiary_amount")),
        Echo("currency", ("sender_currency", "beneficiary_currency")),
        Echo("beneficiary_bank", ("payout_method_name",)),
    ),
)

# https://docs.paycombat.com/simulate-payout-12814521e0
# Only the HTTP method is documented. The path, and the fields payout_id and status of the body, are guessed from
# "Simulate Payin".
SIMULATE_PAYOUT = Endpoint(
    name="payouts.simulate",
    method="PATCH",
    path="/api/v1/payout/simulate",
    request=SimulatePayout,
    response=object,
    repeat=Repeat.ONLY_IF_UNSENT,
    signed=True,
    evidence=Evidence.INFERRED,
    doc=f"{DOCS}simulate-payout-12814521e0",
    title="Simulate Payout",
    may_be_empty=True,
    find_out="retrieve the payout and look at its status",
    alternatives=("/api/v1/payout/simulate-payout",),
)

# The documented path is /finmo/payout-method/retrieve-payout/{id}, without /api/v1. The path here is guessed from
# "Retrieve Payin".
RETRIEVE_PAYOUT = Endpoint(
    name="payouts.retrieve",
    method="GET",
    path="/api/v1/payout/retrieve-payout/{id}",
    request=NoneType,
    response=Payout,
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Retrieve Payout",
    alternatives=("/api/v1/payout-method/retrieve-payout/{id}", "/api/v1/payout/{id}"),
)

# Only the HTTP method is documented. The path and the query parameters are from Finmo, the provider's upstream. Finmo
# also accepts status, payout_method_name, created_at, start_time and end_time. Finmo returns 10 payouts per page unless
# `limit` asks for more, and it does not return the total number.
LIST_PAYOUTS = Endpoint(
    name="payouts.list",
    method="GET",
    path="/api/v1/payout",
    request=NoneType,
    response=Page[Payout],
    repeat=Repeat.SAFE,
    signed=False,
    evidence=Evidence.INFERRED,
    doc=DOCS,
    title="Get All Payout",
    page_parameter="page",
    size_parameter="limit",
    alternatives=("/api/v1/payout/payout", "/api/v1/payout/all"),
)

PAYOUT_ENDPOINTS = (CREATE_PAYOUT, SIMULATE_PAYOUT, RETRIEVE_PAYOUT, LIST_PAYOUTS)
