//! Layout of ldpc.
