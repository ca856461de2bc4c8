"""The bytes of an input file or stream, which can be read several times. Compressed bytes are decompressed."""

import errno
import io
import stat
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias, cast

from paycombat_async.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Opener: TypeAlias = Callable[[], BinaryIO]  # each call returns a new stream that starts at the beginning of the data

_GZIP: Final = b"\x1f\x8b"
_COPIED: Final = 1 << 20  # bytes copied at a time


def open_file(path: Path) -> Opener:
    """Returns a function that opens this file, and decompresses the content if it is gzip.

    Raises `OSError` if the file is missing, unreadable or a directory, and `ConfigurationError` if it is another kind
    of file, such as a pipe.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "")
    if not stat.S_ISREG(mode):
        # Opening a pipe would wait until another program writes to it, which may never happen.
        raise ConfigurationError("not a regular file; save it to one, or pass it through standard input as -")
    if not _is_gzip(path.open("rb")):
        return lambda: path.open("rb")
    from gzip import GzipFile  # noqa: PLC0415  # few inputs are compressed

    return lambda: cast("BinaryIO", GzipFile(path, "rb"))  # a cast, because typeshed declares too few methods


def open_stream(stream: BinaryIO) -> Opener:
    """Returns a function that opens the content of the stream, and decompresses the content if it is gzip.

    The stream is read to its end and copied to an unnamed temporary file, because inputs are read several times.
    """
    import tempfile  # noqa: PLC0415  # few inputs are streams
    from gzip import GzipFile  # noqa: PLC0415  # few inputs are compressed

    copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed by the finalizer below
    while piece := stream.read(_COPIED):
        copy.write(piece)
    copy.flush()
    lock = threading.Lock()

    def view() -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_View(copy, lock)))

    weakref.finalize(view, copy.close)  # closes the copy when nothing refers to `view` any more

    if not _is_gzip(view()):
        return view
    return lambda: cast("BinaryIO", GzipFile(fileobj=view(), mode="rb"))


def _is_gzip(stream: BinaryIO) -> bool:
    with stream:
        return stream.read(len(_GZIP)) == _GZIP


class _View(io.RawIOBase):
    """A stream over a shared file, with its own read position. Closing the stream leaves the file open."""

    def __init__(self, file: BinaryIO, lock: threading.Lock) -> None:
        self._file, self._lock, self._at = file, lock, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        space = memoryview(buffer).cast("B")
        with self._lock:
            self._file.seek(self._at)
            piece = self._file.read(len(space))
        space[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
