"""A tap on SQLite's file calls: a hook is told of each write, truncation, sync, opening and deletion before it happens.

It takes the place of SQLite's default VFS for the rest of the process, so it belongs in processes of its own.
"""

import _sqlite3
import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

OK, FULL = 0, 13  # SQLite's own codes


class Operation(NamedTuple):
    """What SQLite asks of the disk. `at` is the offset, the new size, or 1 where a deletion is to be durable."""

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


Hook = Callable[[Operation], int]

_pointer, _int, _int64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
# Paths stay pointers: SQLite keeps the one it is given, which must not be that of a passing Python object.
_OPEN = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _pointer, _int, _pointer)
_DELETE = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int)
_WRITE = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int, _int64)
_TRUNCATE = ctypes.CFUNCTYPE(_int, _pointer, _int64)
_SYNC = ctypes.CFUNCTYPE(_int, _pointer, _int)


def _slots(*names: str) -> list[tuple[str, Any]]:
    return [(name, _pointer) for name in names]


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", _int),
        ("file_size", _int),
        ("longest_path", _int),
        *_slots("next", "name", "data"),
        ("open", _OPEN),
        ("delete", _DELETE),
        *_slots("access", "full_path", "dl_open", "dl_error", "dl_sym", "dl_close", "randomness", "sleep", "time"),
        *_slots("last_error", "time64", "set_call", "get_call", "next_call"),
    )


class _Methods(ctypes.Structure):
    _fields_ = (
        ("version", _int),
        *_slots("close", "read"),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        *_slots("size", "lock", "unlock", "check", "control", "sector", "traits"),
        *_slots("shm_map", "shm_lock", "shm_barrier", "shm_unmap", "fetch", "unfetch"),
    )


class _File(ctypes.Structure):
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


_kept: list[object] = []  # what SQLite points at must not be collected


def is_possible() -> bool:
    """Whether this Python's SQLite shows its VFS: it does where it is a library of its own."""
    return hasattr(_library(), "sqlite3_vfs_register")


def tap(hook: Hook) -> None:
    """Have the hook told from now on; what it returns instead of 0 is the error that SQLite meets in its place."""
    library = _library()
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    below: _Vfs = library.sqlite3_vfs_find(None).contents
    above = _Vfs.from_buffer_copy(below)
    names: dict[int, str] = {}

    def opened(vfs: int, path: int | None, file: int, flags: int, out: int) -> int:
        name = _name(path) if path else ""  # a temporary file has none
        if path and (problem := hook(Operation("open", name))):
            return problem
        result: int = below.open(vfs, path, file, flags, out)
        if result == OK and path:
            names[file] = name
            _redirect(_File.from_address(file), names, hook)
        return result

    def deleted(vfs: int, path: int, is_durable: int) -> int:
        return hook(Operation("delete", _name(path), is_durable)) or below.delete(vfs, path, is_durable)

    name = ctypes.create_string_buffer(b"tap")
    above.name, above.open, above.delete = ctypes.addressof(name), _OPEN(opened), _DELETE(deleted)
    _kept.append((above, below, names, name))
    library.sqlite3_vfs_register(ctypes.byref(above), 1)


def _redirect(file: _File, names: dict[int, str], hook: Hook) -> None:
    below = file.methods.contents
    above = _Methods.from_buffer_copy(below)

    def write(file: int, data: int, size: int, at: int) -> int:
        return hook(Operation("write", names[file], at, ctypes.string_at(data, size))) or below.write(
            file, data, size, at
        )

    def truncate(file: int, size: int) -> int:
        return hook(Operation("truncate", names[file], size)) or below.truncate(file, size)

    def sync(file: int, flags: int) -> int:
        return hook(Operation("sync", names[file])) or below.sync(file, flags)

    above.write, above.truncate, above.sync = _WRITE(write), _TRUNCATE(truncate), _SYNC(sync)
    _kept.append((above, below))
    file.methods = ctypes.pointer(above)


def _name(path: int) -> str:
    return Path(ctypes.string_at(path).decode()).name


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(getattr(_sqlite3, "__file__", None))
