"""Pictures to upload."""

import os
import struct
import zlib


def png(size):
    """A picture of about `size` bytes, no two alike: noise does not compress."""
    width = 256
    height = max(1, size // (3 * width))
    return encoded(width, [os.urandom(3 * width) for _ in range(height)], level=0)


def encoded(width, rows, level=9):
    """Rows of three bytes a pixel as a PNG."""
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), level)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
