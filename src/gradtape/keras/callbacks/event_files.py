"""TensorBoard's event files: scalars, histograms and texts.

An event file is a chain of records, each with its length and two masked CRC-32C checksums (TFRecord); each record is an
`Event` message in protocol buffers' wire format. Of both only a few fields are needed.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

_COUNT = itertools.count()


def _table() -> list[int]:
    """What each byte does to a CRC-32C (Castagnoli, reflected polynomial 0x82F63B78)."""
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        found.append(byte)
    return found


_CRC = _table()


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes.

    >>> from gradtape.keras.callbacks.event_files import crc32c
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc, table = 0xFFFFFFFF, _CRC
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """As TFRecord stores a checksum: turned by 15 bits, and a constant added."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """A TFRecord: length, its checksum, the data, their checksum; all little-endian."""
    length = struct.pack("<Q", len(data))
    return b"".join([
        length, struct.pack("<I", masked(crc32c(length))), data, struct.pack("<I", masked(crc32c(data))),
    ])  # fmt: skip


# --- fields of messages in wire format: a key (number and type), then the value ---


def varint(n: int) -> bytes:
    """A number in groups of 7 bits, the lowest first; negative ones as 64 bits."""
    n &= 0xFFFFFFFFFFFFFFFF
    parts = bytearray()
    while n > 127:
        parts.append(n & 127 | 128)
        n >>= 7
    parts.append(n)
    return bytes(parts)


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    with np.errstate(over="ignore"):
        return varint(number << 3 | 5) + np.float32(value).tobytes()


def message(number: int, *parts: bytes) -> bytes:
    """Bytes, a text or a message inside of a message."""
    data = b"".join(parts)
    return varint(number << 3 | 2) + varint(len(data)) + data


def doubles(number: int, values: Any) -> bytes:
    return message(number, np.asarray(values, "<f8").tobytes())


# --- values of a summary ---


def scalar(tag: str, value: float) -> bytes:
    """A number, in float32 as TensorBoard keeps it."""
    return message(1, message(1, tag.encode()), single(2, float(value)))


def histogram(
    tag: str, edges: Sequence[float] | np.ndarray, counts: Sequence[float] | np.ndarray,
    total: float, squares: float
) -> bytes:  # fmt: skip
    """Counts between edges (one more than counts).  total, squares: the sums of the values and of their squares."""
    edges = np.asarray(edges, np.float64)
    parts = (
        double(1, float(edges[0])), double(2, float(edges[-1])), double(3, float(np.sum(counts))),
        double(4, total), double(5, squares), doubles(6, edges[1:]), doubles(7, counts),
    )  # fmt: skip
    return message(1, message(1, tag.encode()), message(5, *parts))


def text(tag: str, content: str) -> bytes:
    """A text in Markdown."""
    metadata = message(9, message(1, message(1, b"text")))
    strings = b"".join([whole(1, 7), message(2, message(2, whole(1, 1))), message(8, content.encode())])  # fmt: skip
    return message(1, message(1, tag.encode()), metadata, message(8, strings))


def histogram_of(tag: str, array: Any, bins: int = 30) -> bytes:
    """The histogram of an array's finite entries."""
    flat = np.asarray(array, np.float64).reshape(-1)
    flat = flat[np.isfinite(flat)]
    counts, edges = np.histogram(flat, bins)
    return histogram(tag, edges, counts, float(flat.sum()), float(flat @ flat))


class EventFile:
    """A file that TensorBoard reads, in a folder that is made where it is missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with EventFile(folder) as file:
    ...         file.add(0, [scalar("loss", 0.5)])
    ...     file.path.stat().st_size
    82
    """

    def __init__(self, folder: Any, suffix: str = ".v2"):
        now = time.time()
        name = f"events.out.tfevents.{int(now)}.{socket.gethostname()}.{os.getpid()}.{next(_COUNT)}{suffix}"
        self.path = Path(os.fspath(folder)) / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("wb")
        self._file.write(record(double(1, now) + message(3, b"brain.Event:2")))

    def add(self, step: int, values: Iterable[bytes], wall_time: float | None = None) -> None:
        """The values of a step, made by `scalar`, `histogram` and `text`."""
        values = list(values)
        if values:
            now = time.time() if wall_time is None else wall_time
            self._file.write(record(double(1, now) + whole(2, step) + message(5, *values)))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> EventFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
