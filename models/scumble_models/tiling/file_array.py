"""Arrays that lie in a file and are read and written by boxes."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


class FileArray:
    """An array ``(height, width, ...)`` in a file, row by row from the top left, without a header.

    ``array[rows, columns]`` reads a box and ``array[rows, columns] = values`` writes one, as with a
    NumPy array; both slices without a step. Plain reads and writes, not a memory map: mapped pages
    count as this process's memory for as long as they stay, and these do not. For one thread.
    """

    def __init__(self, file: BinaryIO, shape: tuple[int, ...], dtype: Any) -> None:
        self._file = file
        self._closing = weakref.finalize(self, file.close)
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._pixel = self.dtype.itemsize * int(np.prod(shape[2:], dtype=np.int64))

    @classmethod
    def open(cls, path: Path, shape: tuple[int, ...], dtype: Any, *, writable: bool = False) -> FileArray:
        """The array in an existing file. Raises OSError, and ValueError when the size is another."""
        array = cls(path.open("r+b" if writable else "rb", buffering=0), shape, dtype)
        if path.stat().st_size != array.nbytes:
            array.close()
            raise ValueError(f"the file has {path.stat().st_size} bytes and not {array.nbytes}")
        return array

    @classmethod
    def temporary(cls, shape: tuple[int, ...], dtype: Any) -> FileArray:
        """An array of zeros in a nameless temporary file, gone with the object or the process."""
        array = cls(tempfile.TemporaryFile(buffering=0, prefix="scumble-"), shape, dtype)  # noqa: SIM115
        array._file.truncate(array.nbytes)
        return array

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Size of the file."""
        return self.shape[0] * self.shape[1] * self._pixel

    def __getitem__(self, box: tuple[slice, slice]) -> np.ndarray:
        """A copy of the box."""
        top, left, height, width = self._place(box)
        values = np.empty((height, width, *self.shape[2:]), self.dtype)
        data = values.reshape(-1).view(np.uint8).data
        for offset, piece in self._runs(top, left, height, width, data):
            self._file.seek(offset)
            while piece:
                count = self._file.readinto(piece)  # type: ignore[attr-defined]
                if not count:
                    raise OSError("the file of an array has become shorter")
                piece = piece[count:]
        return values

    def __setitem__(self, box: tuple[slice, slice], values: np.ndarray) -> None:
        """Write the box. Raises OSError, on a full disk above all."""
        top, left, height, width = self._place(box)
        shape = (height, width, *self.shape[2:])
        rows = np.ascontiguousarray(np.broadcast_to(values, shape), self.dtype)
        data = rows.reshape(-1).view(np.uint8).data
        for offset, piece in self._runs(top, left, height, width, data):
            self._file.seek(offset)
            while piece:
                piece = piece[self._file.write(piece) :]

    def close(self) -> None:
        """Close the file, which happens by itself when the object goes."""
        self._closing()

    def _place(self, box: tuple[slice, slice]) -> tuple[int, int, int, int]:
        rows, columns = box
        top, bottom, _ = rows.indices(self.shape[0])
        left, right, _ = columns.indices(self.shape[1])
        return top, left, max(0, bottom - top), max(0, right - left)

    def _runs(self, top: int, left: int, height: int, width: int, data: memoryview):
        """Offset in the file and part of ``data`` for each run of bytes; one run for whole rows."""
        if not height or not width:
            return
        if width == self.shape[1]:
            yield top * width * self._pixel, data
            return
        run = width * self._pixel
        for row in range(height):
            offset = ((top + row) * self.shape[1] + left) * self._pixel
            yield offset, data[row * run : (row + 1) * run]


#: What holds pixels: both are read and written by ``[rows, columns]``.
Array = np.ndarray | FileArray
