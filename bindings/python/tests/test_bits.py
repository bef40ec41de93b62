"""Bit strings: packing, views without copies, and what is refused."""

import numpy as np
import pytest
import qkdpp
from qkdpp import Bits

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 63, 64, 65, 1000])
def test_packing_is_that_of_numpy(n: int) -> None:
    array = RANDOM.random(n) < 0.5
    bits = Bits(array)
    packed = np.packbits(array, bitorder="little")
    assert len(bits) == n and bits.count_ones() == array.sum()
    np.testing.assert_array_equal(bits.to_numpy(), array)
    np.testing.assert_array_equal(bits.packed, packed)
    assert Bits.from_packed(packed, n) == bits == Bits.from_packed(packed.tobytes(), n)
    assert Bits.from_words(bits.words.copy(), n) == bits


def test_strides_do_not_matter() -> None:
    array = RANDOM.random((200, 3)) < 0.5
    assert Bits(array[:, 1]) == Bits(array[:, 1].copy())
    assert Bits(array[::-2, 0]) == Bits(array[::-2, 0].copy())
    octets = RANDOM.integers(0, 256, 64, dtype=np.uint8)
    assert Bits.from_packed(octets[::2]) == Bits.from_packed(octets[::2].copy())


def test_views_share_memory_and_outlive_the_bits() -> None:
    bits = Bits(np.ones(1000, dtype=bool))
    words, again, packed = bits.words, bits.words, bits.packed
    assert np.shares_memory(words, again) and np.shares_memory(words, packed)
    del bits, again
    assert (words[:15] == np.uint64(2**64 - 1)).all() and packed.sum() == 125 * 255


def test_views_cannot_be_written() -> None:
    words = Bits(np.zeros(64, dtype=bool)).words
    with pytest.raises(ValueError, match="read-only"):
        words[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        words.setflags(write=True)


def test_a_kernel_takes_bits_without_a_copy_and_arrays() -> None:
    mask, plane = RANDOM.random((2, 500)) < 0.5
    assert qkdpp.sift(mask, [plane]) == qkdpp.sift(Bits(mask), [Bits(plane)])


def test_indices_slices_and_sums() -> None:
    array = RANDOM.random(300) < 0.5
    bits = Bits(array)
    assert [bits[i] for i in (0, 299, -1, -300)] == [array[i] for i in (0, 299, -1, -300)]
    assert bits[10:200] == Bits(array[10:200]) and len(bits[200:10]) == 0 and bits[:] == bits
    assert bits ^ Bits(~array) == Bits(np.ones(300, dtype=bool))
    assert Bits.concat([array[:77], bits[77:]]) == bits
    with pytest.raises(IndexError, match="bit 300 of 300"):
        bits[300]
    with pytest.raises(ValueError, match="step 1, not 2"):
        bits[::2]
    with pytest.raises(ValueError, match="300 bits and 299"):
        bits ^ bits[1:]


def test_what_is_no_bit_string_is_refused_with_its_type() -> None:
    with pytest.raises(TypeError, match="not an array of uint8 in 1 dimensions"):
        Bits(np.zeros(8, dtype=np.uint8))
    with pytest.raises(TypeError, match="bool in 2 dimensions"):
        Bits(np.zeros((2, 8), dtype=bool))
    with pytest.raises(TypeError, match="not list"):
        Bits([True])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="9 bits are asked for, the array has 8"):
        Bits.from_packed(b"\x00", 9)


def test_nothing_secret_is_printed_or_hashed() -> None:
    assert repr(Bits(np.ones(9, dtype=bool))) == "Bits(9 bits)"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Bits(np.ones(9, dtype=bool)))
