//! The model's ldpc.
