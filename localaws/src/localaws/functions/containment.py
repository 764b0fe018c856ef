"""Gives a worker process a /tmp of its own with a fixed size, and a read-only code folder, without root.

The text of this module runs first in each worker, before its other threads start: it needs only the standard library.
It uses Linux's user and mount namespaces, which some systems do not allow.
"""

# Importing pathlib would make each cold start longer.
# ruff: noqa: PTH103, PTH118, PTH123

import ctypes
import os

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 0x20, 0x1000, 0x4000, 0x40000, 0x200000
ST_RELATIME = 0x1000
# Of the flags that statvfs reports, those with the same value for mount: nosuid, nodev, noexec, noatime, nodiratime.
SAME_FLAGS = 2 | 4 | 8 | 0x400 | 0x800
TMP = "/tmp"  # noqa: S108 -- the folder that a Lambda may write to


def contain(folder: str, code: str, megabytes: int, kept: "list[str]") -> None:
    """Replace /tmp for this process by a new one of so many MiB, keep the paths `kept` in it, protect `code`.

    `folder` is the worker's own. Raises OSError, and changes nothing that others see, where the system refuses it.
    """
    _enter_namespaces()
    new = os.path.join(folder, "tmp")
    os.makedirs(new, exist_ok=True)
    _mount("tmpfs", new, "tmpfs", MS_NOSUID | MS_NODEV, f"size={megabytes}m,mode=1777")
    for path in kept:
        inside = new + path[len(TMP) :]
        os.makedirs(inside, exist_ok=True)
        _mount(path, inside, None, MS_BIND)
    _mount(new, TMP, None, MS_BIND | MS_REC)
    _make_read_only(code)
    os.chdir(code)


def _enter_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    _check(_libc().unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    _mount("none", "/", None, MS_REC | MS_PRIVATE)


def _make_read_only(path: str) -> None:
    _mount(path, path, None, MS_BIND)
    flags = os.statvfs(path).f_flag
    kept = flags & SAME_FLAGS | (MS_RELATIME if flags & ST_RELATIME else 0)
    _mount("none", path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: str, kind: "str | None", flags: int, options: "str | None" = None) -> None:
    encoded = [value.encode() if value is not None else None for value in (source, target, kind, options)]
    _check(_libc().mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: {what}")
