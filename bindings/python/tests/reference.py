"""The kernels once more, in numpy alone and as plainly as SPEC.md has them. Bit strings are bool arrays."""

import hashlib

from typing import cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.bool_]

#: GF(2^128) is GF(2)[x] modulo x^128 + x^7 + x^2 + x + 1.
_MODULUS = (1 << 128) | 0x87


def sift(mask: Array, plane: Array) -> Array:
    """SPEC section 2."""
    return plane[mask]


def permutation(seed: bytes, n: int) -> NDArray[np.int64]:
    """SPEC section 3."""
    # Far more than rejection uses up: half the draws are rejected at worst, on the average of a run.
    stream = hashlib.shake_256(b"qkdpp permutation 1" + seed + n.to_bytes(8, "little")).digest(16 * n + 1024)
    numbers = iter(np.frombuffer(stream, dtype="<u4").tolist())
    pi = np.arange(n)
    for i in range(n - 1, 0, -1):
        mask = (1 << i.bit_length()) - 1
        j = next(r & mask for r in numbers if r & mask <= i)
        pi[[i, j]] = pi[[j, i]]
    return pi


def parities(frames: Array, pi: NDArray[np.int64]) -> Array:
    """SPEC section 4."""
    permuted = frames.reshape(-1, len(pi))[:, pi]
    return (np.cumsum(permuted, axis=1) % 2).astype(bool).ravel()


def check_matrix(base: NDArray[np.int32], z: int) -> NDArray[np.uint8]:
    """SPEC section 5.1: the (M * z, N * z) matrix."""
    rows, columns = base.shape
    matrix = np.zeros((rows * z, columns * z), dtype=np.uint8)
    i = np.arange(z)
    for row, column in zip(*np.nonzero(base >= 0), strict=True):
        matrix[row * z + i, column * z + (i + base[row, column]) % z] = 1
    return matrix


def syndrome(base: NDArray[np.int32], z: int, frames: Array) -> Array:
    """SPEC section 5.2."""
    words = frames.reshape(-1, base.shape[1] * z).astype(np.int64)
    return (words @ check_matrix(base, z).astype(np.int64).T % 2).astype(bool).ravel()


def _phi(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """SPEC section 5.4: phi in units of 1/1376."""
    return cast(NDArray[np.float64], 1376 * np.log((np.exp(x) + 1) / (np.exp(x) - 1)))


def _rounded(x: NDArray[np.float64], step: NDArray[np.int64]) -> NDArray[np.int64]:
    """To multiples of the step."""
    return step * np.floor(x / step + 0.5).astype(np.int64)


_PHI = np.concatenate([[4096], _rounded(_phi(np.arange(1, 128) / 4), np.array(1))])
_EXACT = _phi((np.arange(1, 41) - 0.5) / 4)
_THR = np.maximum(_rounded(_EXACT, np.where(_EXACT < 64, 1, 32)), 1)


def ldpc_decode(
    base: NDArray[np.int32],
    z: int,
    word: Array,
    target: Array,
    channel: int,
    known: Array | None = None,
    max_iterations: int = 60,
) -> tuple[Array, int, bool]:
    """SPEC section 5.3: the word, the iterations, and whether it converged. A layer's checks are one array operation."""
    n = base.shape[1] * z
    amplitude = np.where(np.zeros(n, dtype=bool) if known is None else known, 127, channel)
    posterior = np.where(word, -amplitude, amplitude)
    layers = []
    for row in base:
        columns = np.flatnonzero(row >= 0)
        # Variable of each edge, (edges of the row, checks of the layer).
        layers.append(columns[:, None] * z + (np.arange(z) + row[columns][:, None]) % z)
    messages = [np.zeros(edges.shape, dtype=np.int64) for edges in layers]
    least = age = 0
    for iteration in range(max_iterations + 1):
        decision = np.where(posterior == 0, word, posterior < 0)
        reached = np.concatenate([np.bitwise_xor.reduce(decision[edges], axis=0) for edges in layers])
        if (reached == target).all() or age == 12 or iteration == max_iterations:
            return decision, iteration, bool((reached == target).all())
        unsatisfied = 0
        for layer, edges in enumerate(layers):
            total = np.clip(posterior[edges] - messages[layer], -127, 127)
            magnitude, sign = np.abs(total), total < 0
            rest = _PHI[magnitude].sum(axis=0) - _PHI[magnitude]
            parity = target[layer * z : (layer + 1) * z] ^ np.bitwise_xor.reduce(sign, axis=0)
            unsatisfied += int(parity.sum())
            size = (rest[..., None] < _THR).sum(axis=-1)
            answer = np.where(parity ^ sign, -size, size)
            posterior[edges] = np.clip(total + answer, -128, 127)
            messages[layer] = posterior[edges] - total
        if iteration == 0 or 64 * unsatisfied < 63 * least:
            least, age = unsatisfied, 0
        else:
            age += 1
    raise AssertionError("the last iteration returns")


def times(a: int, b: int) -> int:
    """The product in GF(2^128)."""
    product = 0
    for i in range(128):
        product ^= (a << i) * (b >> i & 1)
    for i in range(254, 127, -1):
        product ^= (_MODULUS << (i - 128)) * (product >> i & 1)
    return product


def polyhash(key: bytes, message: Array, segment: int) -> NDArray[np.uint8]:
    """SPEC section 6."""
    k = int.from_bytes(key, "little")
    hashes = []
    for start in range(0, len(message), segment):
        part = message[start : start + segment]
        h = 0
        for at in range(0, len(part), 128):
            packed = np.packbits(part[at : at + 128], bitorder="little").tobytes()
            h = times(h ^ int.from_bytes(packed, "little"), k)
        hashes.append(times(h ^ len(part), k).to_bytes(16, "little"))
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 16)


def toeplitz(key: Array, seed: Array, out_len: int, family: str) -> Array:
    """SPEC section 7."""
    hashed = len(key) if family == "toeplitz" else len(key) - out_len
    i, j = np.ogrid[:out_len, :hashed]
    matrix = seed[i - j + hashed - 1].astype(np.int64)
    product: Array = (matrix @ key[:hashed].astype(np.int64) % 2).astype(bool)
    return product if family == "toeplitz" else product ^ key[hashed:]


def entropy(x: float) -> float:
    """h(x) in bits."""
    return float(-x * np.log2(x) - (1 - x) * np.log2(1 - x))
