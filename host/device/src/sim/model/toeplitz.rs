//! The model's toeplitz.
