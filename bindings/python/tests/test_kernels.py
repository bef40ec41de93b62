"""Every kernel on the committed test vectors, and at random sizes beside its numpy twin."""

import hashlib
from typing import Any

import numpy as np
import pytest
import qkdpp
import reference
from conftest import bits, cases
from qkdpp import Bits, Code

RANDOM = np.random.default_rng(2)


def random_bits(n: int) -> reference.Array:
    return RANDOM.random(n) < 0.5


def code(form: dict[str, Any]) -> Code:
    return Code(np.array(form["base"], dtype=np.int32), form["z"])


@pytest.mark.parametrize(("given", "wanted"), cases("sift"))
def test_sift_vectors(given: dict[str, Any], wanted: dict[str, Any], backend: str) -> None:
    planes = qkdpp.sift(bits(given["mask"]), [bits(plane) for plane in given["planes"]], backend=backend)
    assert planes == [bits(plane) for plane in wanted["planes"]]


@pytest.mark.parametrize(("given", "wanted"), cases("permutation"))
def test_permutation_vectors(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    pi = qkdpp.permutation(bytes.fromhex(given["seed"]), given["n"])
    if "pi" in wanted:
        assert pi.tolist() == wanted["pi"]
    else:
        assert hashlib.sha3_256(pi.tobytes()).hexdigest() == wanted["sha3_256"]


@pytest.mark.parametrize(("given", "wanted"), cases("parities"))
def test_parities_vectors(given: dict[str, Any], wanted: dict[str, Any], backend: str) -> None:
    seed = None if given["seed"] is None else bytes.fromhex(given["seed"])
    result = qkdpp.parities(bits(given["frames"]), given["n"], seed, backend=backend)
    assert result == bits(wanted["frames"])


@pytest.mark.parametrize(("given", "wanted"), cases("syndrome"))
def test_syndrome_vectors(given: dict[str, Any], wanted: dict[str, Any], backend: str) -> None:
    result = qkdpp.syndrome(code(given["code"]), bits(given["frames"]), backend=backend)
    assert result == bits(wanted["frames"])


@pytest.mark.parametrize(("given", "wanted"), cases("ldpc_decode"))
def test_ldpc_decode_vectors(given: dict[str, Any], wanted: dict[str, Any], backend: str) -> None:
    decoded = qkdpp.ldpc_decode(
        code(given["code"]),
        bits(given["word"]),
        bits(given["syndrome"]),
        given["channel"],
        known=None if given["known"] is None else bits(given["known"]),
        max_iterations=given["max_iterations"],
        backend=backend,
    )
    assert decoded.word == bits(wanted["word"])
    assert (decoded.iterations, decoded.converged) == (wanted["iterations"], wanted["converged"])


@pytest.mark.parametrize(("given", "wanted"), cases("polyhash"))
def test_polyhash_vectors(given: dict[str, Any], wanted: dict[str, Any], backend: str) -> None:
    key = bytes.fromhex(given["key"])
    tags = qkdpp.polyhash(key, bits(given["message"]), given["segment"], backend=backend)
    assert tags.shape == (len(wanted["tags"]), 16)
    assert [tag.tobytes().hex() for tag in tags] == wanted["tags"]


@pytest.mark.parametrize(("given", "wanted"), cases("toeplitz"))
def test_toeplitz_vectors(given: dict[str, Any], wanted: dict[str, Any], backend: str) -> None:
    key, seed, family = bits(given["key"]), bits(given["seed"]), given["family"]
    result = qkdpp.toeplitz(key, seed, given["out_len"], family=family, backend=backend)
    assert result == bits(wanted["bits"])


@pytest.mark.parametrize("n", [1, 64, 1000, 70_001])
def test_sift_beside_numpy(n: int) -> None:
    mask, plane = random_bits(n), random_bits(n)
    np.testing.assert_array_equal(qkdpp.sift(mask, [plane])[0].to_numpy(), reference.sift(mask, plane))


@pytest.mark.parametrize("n", [1, 2, 100, 4097])
def test_parities_beside_numpy(n: int) -> None:
    seed, frames = RANDOM.bytes(32), random_bits(3 * n)
    pi = reference.permutation(seed, n)
    np.testing.assert_array_equal(qkdpp.permutation(seed, n), pi)
    result = qkdpp.parities(frames, n, seed)
    np.testing.assert_array_equal(result.to_numpy(), reference.parities(frames, pi))


def random_code(z: int) -> tuple[np.ndarray[Any, np.dtype[np.int32]], Code]:
    """A regular code of rate 1/2: 3 entries a column, 6 a row."""
    base = np.full((6, 12), -1, dtype=np.int32)
    for column in range(12):
        rows = (column + np.array([0, 1, 3])) % 6
        base[rows, column] = RANDOM.integers(0, z, 3)
    return base, Code(base, z)


@pytest.mark.parametrize("z", [8, 64, 256])
def test_syndrome_beside_numpy(z: int) -> None:
    base, made = random_code(z)
    np.testing.assert_array_equal(made.base, base)
    frames = random_bits(2 * made.n)
    result = qkdpp.syndrome(made, frames).to_numpy()
    np.testing.assert_array_equal(result, reference.syndrome(base, z, frames))


@pytest.mark.parametrize("qber", [0.02, 0.06, 0.12])
def test_ldpc_decode_beside_numpy(qber: float) -> None:
    """Below, at and beyond what the code corrects; a tenth of the bits is known."""
    base, made = random_code(64)
    sent = random_bits(made.n)
    known = RANDOM.random(made.n) < 0.1
    received = sent ^ (RANDOM.random(made.n) < qber) & ~known
    target = qkdpp.syndrome(made, sent)
    channel = qkdpp.channel_magnitude(qber)
    assert channel == round(4 * np.log((1 - qber) / qber))
    decoded = qkdpp.ldpc_decode(made, received, target, channel, known=known, max_iterations=20)
    wanted = reference.ldpc_decode(base, 64, received, target.to_numpy(), channel, known, 20)
    np.testing.assert_array_equal(decoded.word.to_numpy(), wanted[0])
    assert (decoded.iterations, decoded.converged) == wanted[1:]


@pytest.mark.parametrize("n", [1, 127, 128, 1000, 5000])
def test_polyhash_beside_python(n: int) -> None:
    key, message = RANDOM.bytes(16), random_bits(n)
    tags = qkdpp.polyhash(key, message, 384)
    np.testing.assert_array_equal(tags, reference.polyhash(key, message, 384))


@pytest.mark.parametrize("family", ["toeplitz", "modified"])
@pytest.mark.parametrize(("n", "out_len"), [(1, 1), (64, 63), (1000, 1000), (3000, 1111)])
def test_toeplitz_beside_numpy(n: int, out_len: int, family: Any) -> None:
    key = random_bits(n)
    seed = random_bits(n + out_len - 1 if family == "toeplitz" else n - 1)
    result = qkdpp.toeplitz(key, seed, out_len, family=family)
    np.testing.assert_array_equal(result.to_numpy(), reference.toeplitz(key, seed, out_len, family))


def test_a_simulated_device_gives_the_same_bits() -> None:
    key, seed = random_bits(5000), random_bits(4999)
    on_device = qkdpp.toeplitz(key, seed, 2000, backend="sim:model")
    assert on_device == qkdpp.toeplitz(key, seed, 2000)


def test_bad_shapes_name_the_numbers() -> None:
    empty = np.zeros(0, dtype=bool)
    with pytest.raises(ValueError, match="the Toeplitz seed has 10 bits, 9 are needed"):
        qkdpp.toeplitz(random_bits(10), random_bits(10), 4)
    with pytest.raises(ValueError, match='family "fft"; there are toeplitz and modified'):
        qkdpp.toeplitz(random_bits(10), random_bits(9), 4, family="fft")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a sift plane has 9 bits, 10 are needed"):
        qkdpp.sift(random_bits(10), [random_bits(9)])
    with pytest.raises(ValueError, match="the number of planes is 0"):
        qkdpp.sift(empty, [])
    with pytest.raises(ValueError, match="no multiple of the frame length 3"):
        qkdpp.parities(random_bits(10), 3)
    with pytest.raises(ValueError, match="base row 0, column 1 holds 8"):
        Code(np.array([[0, 8], [1, 2]], dtype=np.int32), 8)
    with pytest.raises(ValueError, match="no code for an error rate of NaN"):
        Code.for_qber(float("nan"))
    with pytest.raises(ValueError, match='no backend is called "gpu"'):
        qkdpp.sift(empty, [empty], backend="gpu")


def test_the_codes_of_the_library() -> None:
    made = Code.for_qber(0.02, 16384)
    assert made.n == 16384 and made.max_qber is not None and made.max_qber >= 0.02
    assert made.base.shape == (made.m // made.z, made.n // made.z)
    assert Bits(np.zeros(made.m, dtype=bool)) == qkdpp.syndrome(made, np.zeros(made.n, dtype=bool))
