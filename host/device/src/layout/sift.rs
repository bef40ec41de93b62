//! Layout of sift.
