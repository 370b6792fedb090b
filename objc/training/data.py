"""Data sets in memory: arrays by name, with the examples along their first axis."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_VALIDATION_STREAM = zlib.crc32(b"validation")


@dataclass(frozen=True)
class Dataset:
    """Some examples. `columns` have them along their first axis, `shared` arrays belong to all.

    `rows` are the numbers of the examples in the data as the user gave it, `name` what messages call
    that data. Without any column the whole is one example.
    """

    columns: Mapping[str, Array]
    shared: Mapping[str, Array]
    weight: Array | None
    rows: Array
    name: str = "the data"

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def arrays(self) -> dict[str, Array]:
        return {**self.shared, **self.columns}

    @property
    def total_weight(self) -> float:
        """What this data counts for in a mean: the sum of the weights, or the number of examples."""
        if self.weight is None:
            return float(len(self))
        return float(self.weight.sum(dtype=np.float64))

    def take(self, which: Array | slice) -> Dataset:
        """These examples, in this order. A slice copies nothing."""
        return Dataset(
            {name: one[which] for name, one in self.columns.items()},
            self.shared,
            None if self.weight is None else self.weight[which],
            self.rows[which],
            self.name,
        )

    def chunks(self, size: int) -> Iterator[Dataset]:
        """The examples in order, in pieces of at most `size`."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))

    def batches(self, size: int, order: Array | None, skip: int = 0) -> Iterator[Dataset]:
        """The minibatches of one epoch, the last with what is left; `skip` leaves out the first."""
        for start in range(skip * size, len(self), size):
            piece = slice(start, start + size)
            yield self.take(piece if order is None else order[piece])

    def digest(self) -> str:
        """A digest of names, types, shapes and bytes."""
        state = blake2b(digest_size=16)
        arrays = {**self.arrays, **({} if self.weight is None else {"weight ": self.weight})}
        for name, one in sorted(arrays.items()):
            state.update(f"{name} {one.dtype} {one.shape};".encode())
            state.update(np.ascontiguousarray(one).data)
        return state.hexdigest()


def epoch_order(count: int, seed: int, epoch: int) -> Array:
    """The order of the examples in an epoch: a function of the seed and the epoch alone, so that a
    resumed run needs no generator's state."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def hold_out(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Split off a random fraction for validation: (training, validation), each in the data's order."""
    held = max(1, round(fraction * len(data)))
    order = np.random.default_rng([seed, _VALIDATION_STREAM]).permutation(len(data))
    return data.take(np.sort(order[held:])), data.take(np.sort(order[:held]))
