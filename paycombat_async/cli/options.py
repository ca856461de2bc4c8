"""Command-line options that several commands of `paycombat` share."""

from typing import Final

import click

base_url_option: Final = click.option(
    "--base-url", metavar="URL", help="Address of the API, if not the provider's own."
)
proxy_option: Final = click.option(
    "--proxy",
    metavar="URL",
    help="Proxy for the calls, http://HOST:PORT; proxies of the environment are not used.",
)
