//! The C interface of qkdpp: `include/qkdpp.h` is made from this crate, and `README.md` shows a vendor how to link it.
//!
//! ```text
//! exported functions          boundary                         crate qkdpp
//! qkdpp_link_poll(link, step) ─▶ call(): panics, error codes ─▶ Link
//!                                Text, Bytes, Bits: pointers
//!                                Exclusive: one thread at a time
//! ```
//! Exported functions only convert. What can go wrong between C and Rust is dealt with once each, in [`boundary`]: NULL,
//! sizes and text there, panics in [`boundary::call`], use of one handle by two threads in [`boundary::Exclusive`], and
//! ownership in the parameters' types: `Option<&T>` is lent for the call and may be NULL, `Option<Box<T>>` is given back for
//! good. C promises, by the header's rules, that such pointers are what their types say; therefore these functions need no
//! `unsafe` of their own, and nobody but C can call them: every type that holds a pointer has private fields.

#![allow(unreachable_pub, reason = "what is public here is so for C")]

mod boundary;
mod error;
mod kernels;
mod link;
mod pool;
mod record;
#[cfg(test)]
mod tests;
mod version;
