"""The text of an input: its encoding, and whether all of it can be decoded."""

import codecs
from typing import BinaryIO, Final

from paycombat_async.errors import ConfigurationError

_CHUNK: Final = 1 << 18
_LONGEST_LINE: Final = 4 << 20
# Encodings by the byte order mark at the beginning of a file. UTF-32 comes before UTF-16, because UTF-32's mark begins
# with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The first bytes of files that are not text, with a message that says what the user can do. Users often pass a workbook
# instead of its CSV export.
_NO_TEXT: Final = (
    (b"PK\x03\x04", "it is an Excel workbook, or another ZIP file; save it as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "it is an Excel workbook of the old kind; save it as CSV in UTF-8"),
    (b"%PDF", "it is a PDF; export the data as CSV in UTF-8"),
    (b"\x1f\x8b", "it was compressed with gzip twice; decompress it once"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd, and only gzip is read; decompress it"),
    (b"\xfd7zX", "it is compressed with xz, and only gzip is read; decompress it"),
)
_ADVICE: Final = "save it as UTF-8, or name its encoding: --encoding (in code encoding=), such as cp1252"


def find_encoding(stream: BinaryIO, given: str | None) -> str:
    """Returns the name of the stream's encoding: `given`, else the encoding of the byte order mark, else UTF-8.

    With the returned encoding, Python does not decode a byte order mark as a part of the text. Raises
    `ConfigurationError` if Python has no text encoding named `given`, or if the stream is a workbook, a PDF or
    compressed.
    """
    start = stream.read(4)
    for beginning, problem in _NO_TEXT:
        if start.startswith(beginning):
            raise ConfigurationError(problem)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    if given is None:
        return marked or "utf-8"
    name = ""
    try:
        b"a".decode(given, "ignore")
        name = codecs.lookup(given).name
    except (LookupError, UnicodeError, ValueError):
        pass
    if not name:
        raise ConfigurationError(f"there is no encoding {given!r}; names are such as utf-8, cp1252, cp949, gb18030")
    # With the name of an encoding that includes a byte order, such as utf-16-le, Python would decode the byte order
    # mark as a character of the text.
    return marked if marked is not None and name.startswith(marked.removesuffix("-sig")) else name


def check_text(stream: BinaryIO, encoding: str) -> None:
    """Raises `ConfigurationError` if the text is empty, cannot be decoded, or contains a NUL or an overlong line.

    A line is overlong if it has more than 4 Mi characters. The message contains the number of the line.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line, without_end, is_empty, is_over = 1, 0, True, False
    while not is_over:
        chunk = stream.read(_CHUNK)
        is_over = not chunk
        text = _decoded(decoder, chunk, line, encoding)
        if (at := text.find("\0")) >= 0:
            raise ConfigurationError(_nul(line + text.count("\n", 0, at)))
        newlines = text.count("\n") or text.count("\r")
        without_end = 0 if newlines else without_end + len(text)
        if without_end > _LONGEST_LINE:
            raise ConfigurationError(
                f"line {line} is longer than {_LONGEST_LINE >> 20} MiB; a customer's row is never that long"
            )
        line, is_empty = line + newlines, is_empty and not text
    if is_empty:
        raise ConfigurationError("the file is empty")


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, line: int, encoding: str) -> str:
    name = encoding.removesuffix("-sig").upper()
    problem = ""
    try:
        return decoder.decode(chunk, not chunk)
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line += before.count(b"\n")
        byte = error.object[error.start]
        problem = f"line {line} contains the byte 0x{byte:02x}, which is not {name}; {_ADVICE}"
        if b"\0" in before and not name.startswith(("UTF-16", "UTF-32")):
            problem = _nul(line)
    except UnicodeError:  # raised for UTF-16 text that has no byte order mark
        problem = f"line {line} is not {name}; {_ADVICE}"
    raise ConfigurationError(problem)


def _nul(line: int) -> str:
    return (
        f"line {line} contains a NUL byte; the file is damaged or is not text; if it is UTF-16, name its encoding:"
        " --encoding utf-16-le (in code encoding=)"
    )
