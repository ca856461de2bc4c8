"""Webhooks received with Django, in one file: kept before they are answered, worked on in a thread. Copy it.

PAYCOMBAT_WEBHOOK_KEY is your signature key; while you change it, the new and the old one with a space between.
"""

import logging
import os
import threading

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from paycombat_sync import WebhookError, webhooks

KEYS = os.environ["PAYCOMBAT_WEBHOOK_KEY"].split()
inbox = webhooks.SqliteInbox(os.environ.get("PAYCOMBAT_INBOX", "webhooks.db"))
log = logging.getLogger("shop")


@csrf_exempt  # the signature says who calls
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    try:
        event = webhooks.unwrap(request.body, request.headers, KEYS)  # the bytes as they came, not request.POST
    except WebhookError:
        return HttpResponse(status=400)
    receipt = inbox.receive(event)  # it is on the disk now; an error is answered with 500, and the event repeated
    if receipt is webhooks.Receipt.CONFLICT:
        log.warning("look at %s: it came to an end already, now it says %s", event.id, event.status)
    return HttpResponse(receipt)


def work() -> None:
    """Works on what is in the inbox and on what comes."""
    for delivery in inbox.work():
        try:
            with delivery as event:
                handle(event)
        except Exception:
            log.exception("a webhook is not done; it comes again")


def handle(event: webhooks.WebhookEvent) -> None:
    """Your work. It may be done twice for an event, if the first time was cut off."""
    match event:
        case webhooks.PayinSucceeded(payin=payin):
            log.info("order %s is paid", payin.order_reference)
        case webhooks.PayoutReturned(payout=payout):
            log.info("payout %s came back", payout.order_id)
        case _:
            log.info("%s %s: nothing to do", event.type, event.status)


urlpatterns = [path("webhooks/paycombat", receive)]
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="of your own",
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
)
application = get_wsgi_application()
threading.Thread(target=work, daemon=True).start()  # in each process that serves: after the fork, if the server forks
