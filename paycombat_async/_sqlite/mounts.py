"""Refuses a file of SQLite on a network file system, or mounted into a container without its folder.

In both cases, other machines or containers might not see what is written to the file.
"""

import re
from pathlib import Path
from typing import Final

from paycombat_async.errors import ConfigurationError

MOUNTS: Final = Path("/proc/self/mounts")
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "gfs2"),
        *("fuse.glusterfs", "fuse.sshfs", "fuse.ceph-fuse", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse"),
        *("fuse.blobfuse", "fuse.blobfuse2", "davfs", "ocfs2"),
    }
)
_OCTAL: Final = re.compile(r"\\([0-7]{3})")  # Linux writes a space in the name of a mount point as \040


def refuse_unsafe_mount(path: Path, kind: str) -> None:
    """Raises `ConfigurationError` if the file is on a network file system, or is mounted without its folder.

    On a network file system, SQLite cannot rely on file locks. If only the file is mounted into a container, and not
    its folder, SQLite keeps the write-ahead log in a folder inside the container. Other containers cannot read that
    log, and it is lost with the container. `kind` is what messages call the file, such as "inbox". Checks nothing on
    systems other than Linux.
    """
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    points = [(_mount_point(fields[1]), fields[2]) for mount in mounts if len(fields := mount.split(" ")) > 2]
    real = path.resolve()  # follows symbolic links, because a folder in the path may be one
    holders = [(point, name) for point, name in reversed(points) if real.is_relative_to(point)]
    # The mount point with the longest path is the nearest one. If several file systems are mounted at the same point,
    # only the last one is visible. `reversed` has put it first, and `max` returns the first of equal values.
    point, name = max(holders, key=lambda holder: len(holder[0].parts), default=(path.parent, ""))
    if point == real:
        why = "since SQLite keeps a second file beside it"
        raise ConfigurationError(f"the {kind} {path} is mounted by itself; mount its folder instead, {why}")
    if name in _NETWORK_FILE_SYSTEMS:
        raise ConfigurationError(f"the {kind} {path} is on a network file system ({name}); name a file on a local disk")


def _mount_point(text: str) -> Path:
    return Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), text))
