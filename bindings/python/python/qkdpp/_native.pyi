"""Types of the native half of qkdpp; `mypy.stubtest` compares them with the module. Docstrings are in the module."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, ClassVar, Literal, Self, SupportsIndex, TypeAlias, TypedDict, final, overload

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Batch",
    "Bits",
    "Code",
    "Config",
    "Decoded",
    "InsecureSeed",
    "Key",
    "Link",
    "LinkStopped",
    "OperatorError",
    "PeerError",
    "Pool",
    "RawDataError",
    "RecordReader",
    "RecordWriter",
    "Simulation",
    "channel_magnitude",
    "evaluate_proof",
    "ldpc_decode",
    "parities",
    "permutation",
    "polyhash",
    "presets",
    "reconcile",
    "sift",
    "simulate_ldpc",
    "simulate_reconciliation",
    "syndrome",
    "toeplitz",
]

_BitsLike: TypeAlias = Bits | NDArray[np.bool_]
_Path: TypeAlias = str | PathLike[str]
_Progress: TypeAlias = Callable[[int, int], object] | Literal[False] | None
_Role: TypeAlias = Literal["alice", "bob"]
_Method: TypeAlias = Literal["cascade", "ldpc"]

class _Expected(TypedDict):
    detections_per_slot: float
    gain: NDArray[np.float64]
    key: NDArray[np.float64]
    key_errors: NDArray[np.float64]
    test: NDArray[np.float64]
    test_errors: NDArray[np.float64]

class _KeyRates(TypedDict):
    distance_km: NDArray[np.float64]
    slots: NDArray[np.float64]
    sifted_bits: NDArray[np.uint64]
    qber: NDArray[np.float64]
    phase_error_rate: NDArray[np.float64]
    leak_bits: NDArray[np.float64]
    secret_bits: NDArray[np.uint64]
    secret_bits_per_slot: NDArray[np.float64]
    secret_bits_per_second: NDArray[np.float64]
    no_key: list[str | None]

class _Evaluation(TypedDict):
    name: str
    bounds: dict[str, float]
    ell: int
    ell_real: float
    epsilon_secret: float
    epsilon_correct: float
    rigorous: bool
    zero: dict[str, Any] | None
    no_key: str | None
    growth_for_key: float | None

class _LdpcOutcome(TypedDict):
    frames: int
    failed: int
    undetected: int
    fer: float
    iterations: float
    f: float

class _Correction(TypedDict):
    leak_bits: int
    f: float | None
    frames: int
    failed_frames: int
    failed_bits: int
    wrong_frames: int
    residual_errors: int
    equal: bool
    rounds: int
    alice_bytes: int
    bob_bytes: int
    alice_seconds: float
    bob_seconds: float

class _ReconciliationOutcome(TypedDict):
    runs: int
    total_bits: int
    measured_qber: float
    leak_bits: int
    f: float | None
    frames: int
    failed_frames: int
    wrong_frames: int
    fer: float
    rounds: float
    alice_bytes: int
    bob_bytes: int
    seconds: float

class _Statistics(TypedDict):
    messages_sent: int
    bytes_sent: int
    messages_received: int
    bytes_received: int
    jobs: int
    tags_sent: int
    cpu_seconds: float

class LinkStopped(Exception): ...
class PeerError(LinkStopped): ...
class RawDataError(LinkStopped): ...
class OperatorError(LinkStopped): ...

@final
class Bits:
    def __new__(cls, bits: _BitsLike) -> Self: ...
    @staticmethod
    def from_words(words: NDArray[np.uint64], length: int | None = None) -> Bits: ...
    @staticmethod
    def from_packed(packed: bytes | NDArray[np.uint8], length: int | None = None) -> Bits: ...
    @staticmethod
    def concat(parts: Sequence[_BitsLike]) -> Bits: ...
    @property
    def words(self) -> NDArray[np.uint64]: ...
    @property
    def packed(self) -> NDArray[np.uint8]: ...
    def to_numpy(self) -> NDArray[np.bool_]: ...
    def count_ones(self) -> int: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> bool: ...
    @overload
    def __getitem__(self, index: slice, /) -> Bits: ...
    def __xor__(self, other: Bits, /) -> Bits: ...
    def __rxor__(self, other: Bits, /) -> Bits: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Code:
    def __new__(cls, base: NDArray[np.int32], z: int) -> Self: ...
    @staticmethod
    def for_qber(qber: float, frame_bits: int = 65536) -> Code: ...
    @property
    def base(self) -> NDArray[np.int32]: ...
    @property
    def z(self) -> int: ...
    @property
    def n(self) -> int: ...
    @property
    def m(self) -> int: ...
    @property
    def max_qber(self) -> float | None: ...

@final
class Decoded:
    @property
    def word(self) -> Bits: ...
    @property
    def iterations(self) -> int: ...
    @property
    def converged(self) -> bool: ...

@final
class Batch:
    def __new__(
        cls,
        first_slot: int,
        slots: int,
        offsets: NDArray[np.uint32] | None,
        basis: _BitsLike,
        bit: _BitsLike,
        *,
        intensity: tuple[_BitsLike, _BitsLike] | None = None,
        double_click: _BitsLike | None = None,
    ) -> Self: ...
    @property
    def first_slot(self) -> int: ...
    @property
    def slots(self) -> int: ...
    @property
    def offsets(self) -> NDArray[np.uint32] | None: ...
    @property
    def basis(self) -> Bits: ...
    @property
    def bit(self) -> Bits: ...
    @property
    def intensity(self) -> tuple[Bits, Bits]: ...
    @property
    def double_click(self) -> Bits: ...
    def __len__(self) -> int: ...

@final
class RecordReader:
    def __new__(cls, path: _Path, role: _Role) -> Self: ...
    @property
    def clock_hz(self) -> float: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> tuple[int, Batch]: ...

@final
class RecordWriter:
    def __new__(cls, path: _Path, role: _Role, clock_hz: float) -> Self: ...
    def write(self, block: int, batch: Batch) -> None: ...
    def finish(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class Simulation:
    def __iter__(self) -> Self: ...
    def __next__(self) -> tuple[int, Batch, Batch]: ...

@final
class Config:
    def __new__(cls, name: str) -> Self: ...
    @staticmethod
    def parse(text: str, name: str = "config") -> Config: ...
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def profile(self) -> dict[str, Any]: ...
    @property
    def clock_hz(self) -> float: ...
    def expected(self) -> _Expected: ...
    def key_rate(
        self,
        distance_km: NDArray[np.float64] | None = None,
        *,
        slots: float | None = None,
        sifted_bits: float | None = None,
        f: float = 1.16,
        proof: Mapping[str, Any] | None = None,
        as_published: bool = False,
    ) -> _KeyRates: ...
    def simulate(self, seed: int, blocks: int = 1, *, attack: str | None = None) -> Simulation: ...
    def write_records(
        self,
        folder: _Path,
        seed: int,
        blocks: int = 1,
        *,
        attack: str | None = None,
        progress: _Progress = None,
    ) -> tuple[str, str, str]: ...

@final
class Pool:
    def __new__(cls, path: _Path) -> Self: ...
    @staticmethod
    def create(path: _Path, secret: bytes) -> Pool: ...

@final
class InsecureSeed:
    def __new__(cls, seed: int) -> Self: ...
    def pre_shared_secret(self, pads: int = 4096) -> bytes: ...

@final
class Key:
    @property
    def block(self) -> int: ...
    @property
    def bits(self) -> Bits: ...
    @property
    def epsilon(self) -> dict[str, Any]: ...
    def __len__(self) -> int: ...

@final
class Link:
    def __new__(
        cls,
        role: _Role,
        config: Config,
        pool: Pool,
        *,
        backend: str | None = None,
        threads: int = 1,
        journal: _Path | None = None,
        seed: InsecureSeed | None = None,
    ) -> Self: ...
    def message(self, message: bytes) -> None: ...
    @property
    def wants_pulses(self) -> bool: ...
    @property
    def next_batch(self) -> tuple[int, int]: ...
    def pulses(self, batch: Batch) -> None: ...
    def work(self) -> None: ...
    def wait(self, seconds: float) -> None: ...
    def next_message(self) -> bytes | None: ...
    def next_event(self) -> Key | dict[str, Any] | None: ...
    @property
    def open_blocks(self) -> int: ...
    @property
    def open_jobs(self) -> int: ...
    @property
    def seconds_left(self) -> float | None: ...
    @property
    def statistics(self) -> _Statistics: ...
    def on_work(self, callback: Callable[[], object]) -> None: ...

def presets() -> list[tuple[str, str]]: ...
def sift(mask: _BitsLike, planes: Sequence[_BitsLike], *, backend: str | None = None) -> list[Bits]: ...
def permutation(seed: bytes, n: int) -> NDArray[np.uint32]: ...
def parities(
    frames: _BitsLike, n: int, seed: bytes | None = None, *, backend: str | None = None
) -> Bits: ...
def syndrome(code: Code, frames: _BitsLike, *, backend: str | None = None) -> Bits: ...
def ldpc_decode(
    code: Code,
    word: _BitsLike,
    syndrome: _BitsLike,
    channel: int,
    *,
    known: _BitsLike | None = None,
    max_iterations: int = 60,
    backend: str | None = None,
) -> Decoded: ...
def channel_magnitude(qber: float) -> int: ...
def polyhash(
    key: bytes, message: _BitsLike, segment: int, *, backend: str | None = None
) -> NDArray[np.uint8]: ...
def toeplitz(
    key: _BitsLike,
    seed: _BitsLike,
    out_len: int,
    *,
    family: Literal["toeplitz", "modified"] = "modified",
    backend: str | None = None,
) -> Bits: ...
def evaluate_proof(proof: Mapping[str, Any], counts: Mapping[str, Any]) -> _Evaluation: ...
def simulate_ldpc(
    code: Code,
    qber: float,
    frames: int,
    *,
    max_iterations: int = 60,
    seed: bytes = ...,
    progress: _Progress = None,
) -> _LdpcOutcome: ...
def reconcile(
    alice: _BitsLike,
    bob: _BitsLike,
    method: _Method = "cascade",
    *,
    qber: float | None = None,
    seed: bytes = ...,
    settings: Mapping[str, Any] | None = None,
    backend: str | None = None,
) -> tuple[Bits, _Correction]: ...
def simulate_reconciliation(
    method: _Method,
    qber: float,
    bits: int = 1048576,
    runs: int = 1,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    backend: str | None = None,
    progress: _Progress = None,
) -> _ReconciliationOutcome: ...
