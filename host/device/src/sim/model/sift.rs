//! The model's sift.
