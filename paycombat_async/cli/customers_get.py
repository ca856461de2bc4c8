"""`paycombat customers get`: prints one customer as JSON."""

import asyncio

import click
import msgspec

from paycombat_async._printable import printable, printable_json
from paycombat_async.cli.options import base_url_option, proxy_option
from paycombat_async.cli.refusal import refusals
from paycombat_async.client import AsyncPayCombat
from paycombat_async.errors import ApiError, ConfigurationError, InvalidRequest, NotFound, PayCombatError
from paycombat_async.schemas.customers import Customer


class _Failed(click.ClickException):
    exit_code = 1


@click.command()
@click.argument("customer_id")
@base_url_option
@proxy_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.001),
    default=30.0,
    show_default=True,
    help="Seconds for the whole call, with retries.",
)
def get(customer_id: str, base_url: str | None, proxy: str | None, timeout: float) -> None:
    """Print the customer CUSTOMER_ID as indented JSON.

    \b
    Examples:
      paycombat customers get customer_7d0c…
      paycombat customers get customer_7d0c… | jq .company.name

    Exit codes: 0 found, 1 not found or no answer, 2 usage or configuration.
    """
    with refusals():
        customer = asyncio.run(_look_up(customer_id, base_url, proxy, timeout))
    shown = msgspec.json.format(msgspec.json.encode(customer), indent=2).decode()
    click.echo(printable_json(shown))


async def _look_up(customer_id: str, base_url: str | None, proxy: str | None, timeout: float) -> Customer:  # noqa: ASYNC109  # passed to the client
    async with AsyncPayCombat(base_url=base_url, proxy=proxy, timeout=timeout) as client:
        try:
            return await client.customers.retrieve(customer_id)
        except ConfigurationError:
            raise
        except NotFound:
            problem = f"There is no customer {customer_id}."
        except InvalidRequest as error:
            raise ConfigurationError(f"customer id: {error}") from None
        except PayCombatError as error:
            words = error.provider_message if isinstance(error, ApiError) else None
            problem = f"{error} ({words})" if words else str(error)
    raise _Failed(printable(problem))
