"""The routes of the payin endpoints: for each one, its function and the form of its response."""

from http import HTTPStatus

from paycombat_async.endpoints import CREATE_PAYIN, CREATE_VIRTUAL_ACCOUNT, RETRIEVE_PAYIN, SIMULATE_PAYIN
from paycombat_async.sandbox.bodies import Simulate
from paycombat_async.sandbox.envelopes import envelope_a, envelope_d
from paycombat_async.sandbox.payins.bodies import NewPayin, NewVirtualAccount
from paycombat_async.sandbox.payins.handlers import (
    create_payin,
    create_virtual_account,
    retrieve_payin,
    simulate_payin,
)
from paycombat_async.sandbox.payins.pages import account_page, answered_page
from paycombat_async.sandbox.routing import as_it_is, route

PAYIN_ROUTES = (
    # The provider documents the responses of both "Create" calls only in part. Here they have the same envelope (the
    # JSON around the data) as "Create Payout".
    route(
        CREATE_PAYIN,
        create_payin,
        body=NewPayin,
        envelope=envelope_a,
        show=answered_page,
        status=HTTPStatus.CREATED,
    ),
    route(
        SIMULATE_PAYIN,
        simulate_payin,
        body=Simulate,
        envelope=envelope_a,
        show=as_it_is,
    ),
    route(RETRIEVE_PAYIN, retrieve_payin, envelope=envelope_d, show=answered_page),
    route(
        CREATE_VIRTUAL_ACCOUNT,
        create_virtual_account,
        body=NewVirtualAccount,
        envelope=envelope_a,
        show=account_page,
        status=HTTPStatus.CREATED,
    ),
)
