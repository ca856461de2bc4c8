"""Serves the payment page of a checkout: redirects from its `checkout_url`, shows the page, and receives its form.

The response to a form is a redirect (303). If the customer then goes back or reloads, the form is not sent again.
"""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from paycombat_async.sandbox.checkouts.hosted.actions import act, read_form
from paycombat_async.sandbox.checkouts.hosted.address import HOSTED, identifiers, page_path, redirect_url
from paycombat_async.sandbox.checkouts.hosted.admission import check_posting, check_reading
from paycombat_async.sandbox.checkouts.hosted.pages import HEADERS, checkout_page, refusal_page
from paycombat_async.sandbox.checkouts.hosted.status import Status, status_of
from paycombat_async.sandbox.control.token import is_token
from paycombat_async.sandbox.refusals import Refused, bad_request, not_found
from paycombat_async.sandbox.state import SandboxState

HOSTED_PATH: Final = f"{HOSTED}{{tail:(?:/[^/]*)?}}"
HOSTED_ROUTE: Final = "sandbox.checkout"
_METHODS: Final = ("GET", "HEAD", "POST")
# The HTTP status of the payment page for each status of the checkout.
_STATUSES: Final = {
    Status.OPEN: 200,
    Status.PAID: 200,
    Status.UNPAYABLE: 422,
    Status.EXPIRED: 410,
    Status.CANCELLED: 410,
}


def hosted_handler(state: SandboxState, token: str) -> Handler:
    """Returns the aiohttp handler for the payment pages of all checkouts. `token` is the merchant's API token."""

    async def hosted(request: web.Request) -> web.StreamResponse:
        try:
            return await _answer(request, state, token)
        except Refused as refused:
            allow = {"Allow": ", ".join(_METHODS)} if refused.status == 405 else {}
            return web.Response(status=refused.status, text=refusal_page(refused), headers=HEADERS | allow)

    return hosted


async def _answer(request: web.Request, state: SandboxState, token: str) -> web.StreamResponse:
    check_reading(request.headers)
    checkout_token = request.match_info["tail"].removeprefix("/")
    is_post = request.method == "POST"
    if request.method not in _METHODS or (is_post and not checkout_token):
        raise Refused(405, "METHOD_NOT_ALLOWED", "this address does not take this method")
    if is_post:
        return await _ended(request, state, checkout_token)
    if not checkout_token:
        return _led_on(request, state, token)
    document = state.checkouts.find_by_token(checkout_token)
    status = status_of(document, state.now())
    return web.Response(status=_STATUSES[status], text=checkout_page(document, status), headers=HEADERS)


def _led_on(request: web.Request, state: SandboxState, token: str) -> web.Response:
    """Redirects from a `checkout_url`, which contains the merchant's API token, to the checkout's payment page.

    The path of the payment page does not contain the token. So the browser neither shows the token nor stores it in its
    history.
    """
    checkout_token = request.query.get("token", "")
    if not any(is_token(given, token) for given in identifiers(request.raw_path.partition("?")[2])):
        raise not_found("the identifier in this address is not the token of this sandbox")
    state.checkouts.find_by_token(checkout_token)
    return _redirect(page_path(checkout_token))


async def _ended(request: web.Request, state: SandboxState, checkout_token: str) -> web.Response:
    check_posting(request.headers, request.content_type)
    form = read_form(await _body(request))
    checkout_id = state.checkouts.find_by_token(checkout_token)["id"]
    try:
        act(state, checkout_id, form)
    except Refused as refused:
        if refused.status == 400:
            raise
        # The checkout is no longer open, perhaps because a first click on the same button has ended it. The customer is
        # redirected as for its present status.
    document = state.checkouts.find(checkout_id)
    return _redirect(redirect_url(document, status_of(document, state.now())) or page_path(checkout_token))


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, "PAYLOAD_TOO_LARGE", "the form is too large") from None
    except ConnectionResetError:  # the client has disconnected and will not receive this response
        raise bad_request("the form broke off") from None


def _redirect(target: str) -> web.Response:
    return web.Response(status=303, headers=HEADERS | {"Location": target})
