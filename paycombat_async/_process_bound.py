"""The base of objects that belong to one process."""

from typing import ClassVar, NoReturn


class ProcessBound:
    """An object that cannot be pickled or copied, because its connections, locks or records belong to one process.

    Without this class, the error would name a part of the object, such as "cannot pickle '_thread.RLock' object", and
    not the object that was passed to a process pool or a task queue.
    """

    __slots__ = ()

    _in_other_processes: ClassVar[str] = "make one in each process"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied, because it belongs to one process;"
            f" {self._in_other_processes}"
        )
