//! Layout of toeplitz.
