"""Whether a file lies in a network folder, where SQLite's locks and its write-ahead log do not hold between hosts (sqlite.org/wal.html).

Linux tells in a file of its own; elsewhere the write-ahead log that cannot be kept is all that tells (`_schema.prepare`).
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

MOUNTS = "/proc/self/mountinfo"
"""One mount a line, the latest last: id, parent, device, root, mount point, options, optional fields, `-`, type, source, options (proc(5))."""
OVER_A_NETWORK = frozenset(
    {
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.cephfs",
        "fuse.davfs2",
        "fuse.glusterfs",
        "fuse.gcsfuse",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "panfs",
        "smb3",
        "smbfs",
        "virtiofs",
    }
)
"""Types of file systems that other hosts may have mounted, too."""


def network_type(path: str) -> str:
    """Return the type of the network file system that a path lies in; empty: none that is known."""
    try:
        mounts = Path(MOUNTS).read_text(encoding="utf-8", errors="surrogateescape")
        real = str(Path(path).resolve())
    except (OSError, RuntimeError):
        return ""
    found = type_at(real, mounts)
    return found if found in OVER_A_NETWORK else ""


def type_at(path: str, mounts: str) -> str:
    """Return the type of the file system that an absolute path lies in, of those told; empty: none. Pure."""
    above = {str(it) for it in (PurePosixPath(path), *PurePosixPath(path).parents)}
    best, kind = "", ""
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        fields = place.split(" ")
        point = _unescaped(fields[4]) if len(fields) > 4 else ""
        if point in above and len(point) >= len(best):  # a later mount on the same point hides the earlier
            best, kind = point, rest.split(" ")[0]
    return kind


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
