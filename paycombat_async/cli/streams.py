"""Standard output and error that do not end the command when their reader goes away, as `head -1` does."""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_GONE: Final = frozenset({errno.EPIPE, errno.EINVAL})  # EINVAL: on Windows


def prepare_streams() -> None:
    """From now on, output whose reader has gone is dropped, and the command goes on to its own exit code.

    A character that the terminal cannot encode is printed as \\uXXXX instead of raising.
    """
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)


def _prepared(stream: TextIO) -> TextIO:
    _escape(stream)
    buffer: object = getattr(stream, "buffer", None)
    raw: object = getattr(buffer, "raw", buffer)  # with `python -u` there is no buffer in between
    if not isinstance(raw, io.FileIO) or isinstance(raw, _Output):  # replaced, as by a test, or prepared before
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(raw.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.isatty() or stream is sys.stderr,
        write_through=raw is buffer,
    )


def _escape(stream: object) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


class _Output(io.FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _GONE:
                raise
        with suppress(OSError):  # to the null device, so that the flush at exit does not fail either
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        return memoryview(data).nbytes
