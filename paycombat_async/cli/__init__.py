"""The command `paycombat`, which needs the packages of the extra `paycombat[cli]`."""

from paycombat_async.cli.launch import main

__all__ = ["main"]
