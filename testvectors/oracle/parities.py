"""Running parities of permuted frames. kernels/SPEC.md §4."""

from itertools import accumulate
from operator import xor

from common import Bits, Json, from_json, join_frames, split_frames, to_json
from permutation import permutation


def parities(pi: list[int], frames: list[Bits]) -> list[Bits]:
    """Bit j of an output frame is y[0] ⊕ … ⊕ y[j], where y[j] = x[π[j]]."""
    return [list(accumulate([x[index] for index in pi], xor)) for x in frames]


def evaluate(data: Json) -> Json:
    n, seed = data["n"], data["seed"]
    pi = list(range(n)) if seed is None else permutation(bytes.fromhex(seed), n)
    frames = parities(pi, split_frames(from_json(data["frames"]), n))
    return {"frames": to_json(join_frames(frames))}
