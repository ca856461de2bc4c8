"""The routes of the payout endpoints: for each one, its function and the form of its response."""

from http import HTTPStatus

from paycombat_async.endpoints import CREATE_PAYOUT, LIST_PAYOUTS, RETRIEVE_PAYOUT, SIMULATE_PAYOUT
from paycombat_async.sandbox.bodies import Simulate
from paycombat_async.sandbox.envelopes import envelope_a, envelope_a_saying
from paycombat_async.sandbox.payouts.bodies import NewPayout
from paycombat_async.sandbox.payouts.handlers import create_payout, list_payouts, retrieve_payout, simulate_payout
from paycombat_async.sandbox.payouts.pages import answered_page, created_page, list_page
from paycombat_async.sandbox.routing import as_it_is, route

PAYOUT_ROUTES = (
    route(
        CREATE_PAYOUT,
        create_payout,
        body=NewPayout,
        envelope=envelope_a,
        show=created_page,
        status=HTTPStatus.CREATED,
    ),
    route(
        SIMULATE_PAYOUT,
        simulate_payout,
        body=Simulate,
        envelope=envelope_a,
        show=as_it_is,
    ),
    route(RETRIEVE_PAYOUT, retrieve_payout, envelope=envelope_a_saying("Success retrieve payout"), show=answered_page),
    route(LIST_PAYOUTS, list_payouts, envelope=envelope_a, show=list_page),
)
