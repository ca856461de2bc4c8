"""Standard output and error streams that ignore a closed pipe, so that the command goes on.

In `paycombat … | head -1`, for example, `head` ends before the command does.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_GONE: Final = frozenset({errno.EPIPE, errno.EINVAL})  # errors of a write to a pipe without a reader; EINVAL on Windows


class OutputFailed(OSError):
    """The output cannot be written, for example because the disk is full. All later output is dropped."""


def prepare_streams() -> None:
    """Replaces `sys.stdout` and `sys.stderr` by streams that drop output if its reader has ended (a closed pipe).

    The command then goes on to its own exit code. A character that the terminal cannot encode is printed as \\uXXXX
    instead of raising an error. A standard stream that was closed before the start becomes the null device. A write
    that fails in any other way, as on a full disk, raises `OutputFailed`.
    """
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  # None if its descriptor was closed
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(_nowhere(), closefd=False)), encoding="utf-8")
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)


def _nowhere() -> int:
    return os.open(os.devnull, os.O_RDWR)


def _prepared(stream: TextIO | None) -> TextIO:
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(_Output(_nowhere(), "wb", closefd=False)), encoding="utf-8")
    _escape(stream)
    buffer: object = getattr(stream, "buffer", None)
    raw: object = getattr(buffer, "raw", buffer)  # with `python -u`, `buffer` is the raw stream itself
    # A stream that this function has made before is kept. So is a stream without a file, which other code, such as a
    # test runner, has put in place of the original one.
    if not isinstance(raw, io.FileIO) or isinstance(raw, _Output):
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
            failure = None if error.errno in _GONE else OutputFailed(error.errno, error.strerror)
        with suppress(OSError):  # later output goes to the null device, so that the flush at exit does not fail either
            nowhere = _nowhere()
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        if failure is not None:
            raise failure
        return memoryview(data).nbytes
