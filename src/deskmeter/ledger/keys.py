"""Keys of raw rows as numbers that can be sorted and compared at once."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from deskmeter.ledger.protocol import KEY_BYTES

Prefixes = NDArray[np.uint64]


def key_prefixes(keys: pa.ChunkedArray) -> Prefixes:
    """The first eight bytes of each key: keys that differ in them differ, and hashes hardly ever agree in them."""
    found = [np.zeros(0, dtype=np.uint64)]
    for chunk in keys.chunks:
        start = chunk.offset * KEY_BYTES
        whole_keys = np.frombuffer(chunk.buffers()[1], dtype=np.uint8)[start : start + len(chunk) * KEY_BYTES]
        found.append(whole_keys.reshape(-1, KEY_BYTES)[:, :8].copy().view(">u8").reshape(-1).astype(np.uint64))
    return np.concatenate(found)
