"""QKD post-processing: kernels, key rates, the model of a link, error-correction simulation, and one side of a real link.

Bit strings are `Bits` or one-dimensional bool arrays, bit i of the stream at index i. What is computed is specified in
kernels/SPEC.md, bit for bit, and is the same as in the Rust library, on every backend. All heavy work runs without the
GIL; what takes longer than a second shows a line on the terminal and can be interrupted with Ctrl-C.

    import numpy as np
    import qkdpp

    rates = qkdpp.Config("fibre-50km").key_rate(np.arange(0.0, 151.0, 5.0))
    rates["secret_bits_per_second"]

Campaigns over grids of parameters are in `qkdpp.sweep`, which needs `pip install qkdpp[sweep]`.
"""

from ._native import (
    Batch,
    Bits,
    Code,
    Config,
    Decoded,
    InsecureSeed,
    Key,
    Link,
    LinkStopped,
    OperatorError,
    PeerError,
    Pool,
    RawDataError,
    RecordReader,
    RecordWriter,
    Simulation,
    channel_magnitude,
    evaluate_proof,
    ldpc_decode,
    parities,
    permutation,
    polyhash,
    presets,
    reconcile,
    sift,
    simulate_ldpc,
    simulate_reconciliation,
    syndrome,
    toeplitz,
)
from ._pair import Outcome, run_pair

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
    "Outcome",
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
    "run_pair",
    "sift",
    "simulate_ldpc",
    "simulate_reconciliation",
    "syndrome",
    "toeplitz",
]
