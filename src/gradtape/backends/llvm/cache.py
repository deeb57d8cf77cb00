"""Object code on disk: one file a kernel, in a folder of the owner alone.

GRADTAPE_CACHE=off keeps nothing; GRADTAPE_CACHE=<folder> puts the files there instead of under ~/.cache/gradtape.

It is machine code that will run, so it is believed only when the folder and the file belong to this user, nobody else
may write to them, and the checksum agrees.  Whatever else is found counts as nothing: the kernel is compiled again and
the file replaced.  A file appears under its name complete or not at all, however many processes write it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

MAGIC = b"gradtape object 1\n"
LIMIT = 256 * 2**20  # bytes; what was used longest ago goes first
DIGEST = 32
_POSIX = hasattr(os, "geteuid")
_trimmed: set[Path] = set()


def folder() -> Path | None:
    """Where the files are, or None where nothing is kept."""
    wanted = os.environ.get("GRADTAPE_CACHE", "").strip()
    if wanted.lower() in ("off", "0", "no", "none"):
        return None
    if wanted:
        return Path(wanted).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or (
        os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    )
    try:
        return Path(base or Path.home() / ".cache") / "gradtape"
    except RuntimeError:  # no home
        return None


def key_of(parts: Sequence[str]) -> str:
    """The name of the code that follows from `parts`, whatever their lengths."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


@cache
def sources() -> str:
    """What the compiler itself is: sizes and times of the files of the rooms that make code."""
    digest = hashlib.blake2b(digest_size=20)
    root = Path(__file__).parents[2]
    for room in ("core", "ops", "graph", "backends"):
        for path in sorted((root / room).rglob("*.py")):
            info = path.stat()
            text = f"{path.relative_to(root)} {info.st_size} {info.st_mtime_ns}\n"
            digest.update(text.encode())
    return digest.hexdigest()


def load(key: str) -> bytes | None:
    """The object code kept under `key`, or None."""
    place = folder()
    if place is None or not _own(place):
        return None
    path = place / f"{key}.o"
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not _alone(os.fstat(file.fileno())):
            return None
        data = file.read()
    start = len(MAGIC) + DIGEST
    code = data[start:]
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : start] != _checksum(key, code):
        with suppress(OSError):
            path.unlink()
        return None
    with suppress(OSError):
        os.utime(path)  # used now: `trim` takes the oldest
    return code


def store(key: str, code: bytes) -> None:
    """Keeps object code under `key`, where that can be done."""
    place = folder()
    if place is None:
        return
    temporary = ""
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _own(place):
            return
        descriptor, temporary = tempfile.mkstemp(dir=place, suffix=".part")  # mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(MAGIC + _checksum(key, code) + code)
        os.replace(temporary, place / f"{key}.o")
        if place not in _trimmed:
            _trimmed.add(place)
            trim(place)
    except OSError:  # a full disk, a read-only home: the code runs all the same
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def trim(place: Path, limit: int = LIMIT) -> None:
    """Removes what was used longest ago until the rest is within `limit` bytes."""
    found = []
    for path in place.iterdir():
        if path.suffix in (".o", ".part"):
            with suppress(OSError):  # another process may have taken it
                info = path.stat()
                found.append((info.st_mtime, info.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            break
        with suppress(OSError):
            path.unlink()
        total -= size


def _checksum(key: str, code: bytes) -> bytes:
    """Of the code and of the name it is under: a file that was renamed is not believed."""
    return hashlib.blake2b(key.encode() + b"\0" + code, digest_size=DIGEST).digest()


def _own(place: Path) -> bool:
    """Whether this is a folder that only this user may write to."""
    try:
        info = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and _alone(info)


def _alone(info: os.stat_result) -> bool:
    if not _POSIX:
        return True
    return info.st_uid == os.geteuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
