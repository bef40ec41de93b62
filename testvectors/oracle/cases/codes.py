"""Codes for the cases of syndrome.json and ldpc_decode.json."""

from cases import random_integers
from common import Json
from ldpc import Code


def spread(label: str, z: int, rows: int, columns: int, column_degree: int) -> Code:
    """A code with `column_degree` random shifts a column, in the rows with the fewest entries so far."""
    base = [[-1] * columns for _ in range(rows)]
    draws = random_integers(f"code {label}", columns * (rows + column_degree), z * rows)
    degrees = [0] * rows
    for column in range(columns):
        order = sorted(range(rows), key=lambda row: (degrees[row], draws.pop()))
        for row in order[:column_degree]:
            base[row][column] = draws.pop() % z
            degrees[row] += 1
    return Code(z, base)


def full(label: str, z: int, rows: int, columns: int) -> Code:
    """A code with an entry everywhere."""
    shifts = random_integers(f"code {label}", rows * columns, z)
    return Code(z, [shifts[row * columns : (row + 1) * columns] for row in range(rows)])


def to_json(code: Code) -> Json:
    return {"z": code.z, "base": code.base}
