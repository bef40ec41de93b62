//! The model's parities.
