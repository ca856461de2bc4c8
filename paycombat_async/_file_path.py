"""Checks of the paths of files that users pass."""

import os
import re
from pathlib import Path
from typing import Final

from paycombat_async.errors import ConfigurationError

# matches "https://…" and the like, and also "postgresql:/…", because `Path` shortens "://" to ":/"
_ADDRESS: Final = re.compile(r"[^/\\]+://|(?:postgres|postgresql|sqlite|file):")


def file_path(path: object, wanted: str) -> Path:
    """Returns `path`, a str or a path object, as a `Path`.

    Raises `ConfigurationError` for any other type, for a path that no file can have, and for the URL of a database. The
    message does not contain `path`, because the URL of a database may contain a password. The message begins with
    `wanted`, which says what is expected, such as "journal= takes the path of a file".
    """
    text, kind = path, type(path).__name__
    if isinstance(path, os.PathLike):
        text = os.fspath(path)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # str or bytes
    if not isinstance(text, str):
        raise ConfigurationError(f"{wanted}, not {kind}")
    if _ADDRESS.match(text):
        raise ConfigurationError(f"{wanted}, not an address")
    try:
        is_possible = b"\0" not in os.fsencode(text)
    except UnicodeError:
        is_possible = False
    if not is_possible:
        raise ConfigurationError(f"{wanted}; this one contains a character that no path can contain")
    return Path(text)
