"""Toeplitz and modified Toeplitz hashing. kernels/SPEC.md §7."""

from common import Bits, Json, from_json, to_int, to_json


def product(seed: Bits, x: Bits, rows: int) -> Bits:
    """y[i] = ⊕_{j<n} s[i − j + n − 1]·x[j] for n = |x|, i < rows.

    With k = n − 1 − j this is y[i] = ⊕_k s[i + k]·x[n − 1 − k]: the parity of a window of the seed, as an integer,
    under the reversed x.
    """
    window, mask = to_int(seed), to_int(x[::-1])
    return [(window >> i & mask).bit_count() % 2 for i in range(rows)]


def expect_seed(seed: Bits, length: int) -> None:
    if len(seed) != length:
        raise ValueError(f"the seed must have {length} bits, got {len(seed)}")


def toeplitz(x: Bits, seed: Bits, out_len: int) -> Bits:
    """§7.1."""
    expect_seed(seed, len(x) + out_len - 1)
    return product(seed, x, out_len)


def modified(x: Bits, seed: Bits, out_len: int) -> Bits:
    """§7.2: T | I, the last ℓ bits of x XORed to the hash of the first n − ℓ."""
    expect_seed(seed, len(x) - 1)
    d = len(x) - out_len
    return [a ^ b for a, b in zip(product(seed, x[:d], out_len), x[d:], strict=True)]


FAMILIES = {"toeplitz": toeplitz, "modified": modified}


def evaluate(data: Json) -> Json:
    hash_bits = FAMILIES[data["family"]]
    return {"bits": to_json(hash_bits(from_json(data["key"]), from_json(data["seed"]), data["out_len"]))}
