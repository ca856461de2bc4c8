"""A Django application for gunicorn: each request asks the blocking client and the database.

`PAYCOMBAT_BASE_URL` and the credentials are in the environment.
"""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from paycombat_sync import PayCombat, UpdateCustomer

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="of your own",
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
client = PayCombat()


def update(_request: HttpRequest, customer_id: str, text: str) -> HttpResponse:
    customer = client.customers.update(UpdateCustomer(customer_id=customer_id, description=text))
    with connection.cursor() as cursor:  # raises SynchronousOnlyOperation where an event loop runs
        cursor.execute("SELECT 7")
        (seven,) = cursor.fetchone()
    return HttpResponse(f"{customer.customer_id} {customer.description} {seven} {os.getpid()}")


urlpatterns = [path("<str:customer_id>/<str:text>", update)]
application = get_wsgi_application()
