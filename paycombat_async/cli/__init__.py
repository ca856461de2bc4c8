"""The command `paycombat`, from the extra `[cli]`."""

from paycombat_async.cli.entry import main

__all__ = ["main"]
