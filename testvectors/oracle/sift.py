"""Sift: compaction by a mask. kernels/SPEC.md §2."""

from common import Bits, Json, from_json, to_json


def sift(mask: Bits, planes: list[Bits]) -> list[Bits]:
    """Of every plane, the bits whose mask bit is 1, in ascending order of position."""
    return [[bit for bit, keep in zip(plane, mask, strict=True) if keep] for plane in planes]


def evaluate(data: Json) -> Json:
    planes = sift(from_json(data["mask"]), [from_json(plane) for plane in data["planes"]])
    return {"planes": [to_json(plane) for plane in planes]}
