//! Layout of parities.
