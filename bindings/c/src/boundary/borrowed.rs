//! What C lends for the time of a call. Pointers are followed here and nowhere else.
//!
//! C promises for each of these types, by passing one: the pointer is NULL, or it points to as many elements as the size
//! says, which nobody writes during the call; for [`MutBits`], to as many bytes that nobody else uses during the call. The
//! lifetime is that of the call: each value is a parameter, or stands in a structure that is one. Rust cannot make one but by
//! borrowing.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::ptr;
use std::slice;

use qkdpp_kernels::Bits as Owned;

use super::required;
use crate::error::Error;

/// A text in UTF-8 with a NUL at its end, lent for the call.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text<'a>(*const c_char, PhantomData<&'a CStr>);

impl<'a> Text<'a> {
    /// The text `what`, or nothing for NULL.
    pub(crate) fn optional(self, what: &str) -> Result<Option<&'a str>, Error> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: it is not NULL, so C lends a text that ends with NUL for 'a (head of this module).
        let text = unsafe { CStr::from_ptr(self.0) };
        let utf8 = text.to_str().map_err(|error| Error::argument(format!("{what} is not UTF-8: {error}")));
        utf8.map(Some)
    }

    /// The text `what`, which must not be NULL.
    pub(crate) fn get(self, what: &str) -> Result<&'a str, Error> {
        required(what, self.optional(what)?)
    }
}

/// Bytes that C lends for the call. data may be NULL if size is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    /// The first.
    data: *const u8,
    /// How many.
    size: usize,
    lent: PhantomData<&'a [u8]>,
}

impl<'a> Bytes<'a> {
    /// The bytes `what`.
    pub(crate) fn get(self, what: &str) -> Result<&'a [u8], Error> {
        // SAFETY: C lends `size` bytes for 'a, or NULL (head of this module).
        let bytes = unsafe { array(what, self.data, self.size) }?;
        if self.size == 0 { Ok(&[]) } else { required(what, bytes) }
    }
}

/// Bits that C lends for the call: bit i is bit i % 8, from the least significant, of byte i / 8. data has bits / 8 bytes,
/// rounded up, and may be NULL if bits is 0; bits of the last byte past the end are ignored.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit of a size belongs in its name")]
pub struct Bits<'a> {
    /// The first byte.
    data: *const u8,
    /// Number of bits.
    bits: usize,
    lent: PhantomData<&'a [u8]>,
}

impl Bits<'_> {
    /// A copy of the bits `what`, which is wiped when it is dropped.
    pub(crate) fn get(self, what: &str) -> Result<Owned, Error> {
        let Self { data, bits, .. } = self;
        let bytes = Bytes { data, size: bits.div_ceil(8), lent: PhantomData };
        Ok(Owned::from_bytes(bytes.get(what)?, bits))
    }

    /// The same, or nothing for NULL.
    pub(crate) fn optional(self, what: &str) -> Result<Option<Owned>, Error> {
        if self.data.is_null() && self.bits == 0 { Ok(None) } else { self.get(what).map(Some) }
    }
}

/// Room for bits that a call computes: bits is how many there must be, and data has bits / 8 bytes, rounded up, which nobody
/// else uses during the call. Bits of the last byte past the end are set to 0. It may be the memory of an input.
#[repr(C)]
pub struct MutBits<'a> {
    /// The first byte.
    data: *mut u8,
    /// Number of bits.
    bits: usize,
    lent: PhantomData<&'a mut [u8]>,
}

impl MutBits<'_> {
    /// Number of bits there is room for.
    pub(crate) fn len(&self) -> usize {
        self.bits
    }

    /// Checks that `what` has room for exactly `bits` bits, before anything is computed.
    pub(crate) fn check(&self, what: &str, bits: usize) -> Result<(), Error> {
        required(what, (!self.data.is_null()).then_some(()))?;
        if self.bits == bits {
            return Ok(());
        }
        Err(Error::argument(format!("{what} has room for {} bits, the result has {bits}", self.bits)))
    }

    /// Writes the result.
    pub(crate) fn put(self, what: &str, bits: &Owned) -> Result<(), Error> {
        self.check(what, bits.len())?;
        let bytes = zeroize::Zeroizing::new(bits.to_bytes());
        // SAFETY: `data` is not NULL and has room for ⌈bits/8⌉ bytes that only this call uses (head of this module); the
        // source is this function's own, so the two do not overlap.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.data, bytes.len()) };
        Ok(())
    }
}

/// The array `what` of `len` elements; nothing for NULL.
///
/// # Safety
/// `data` is NULL, or C lends `len` initialised elements there for `'a`, which nobody writes meanwhile.
///
/// # Errors
/// If no such array can be: its size overflows, or its address is not aligned.
pub(crate) unsafe fn array<'a, T>(what: &str, data: *const T, len: usize) -> Result<Option<&'a [T]>, Error> {
    if data.is_null() {
        return Ok(None);
    }
    if !data.is_aligned() {
        return Err(Error::argument(format!("{what} is not aligned to {} bytes", align_of::<T>())));
    }
    if len.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Error::argument(format!("{what} has {len} elements, more than memory can")));
    }
    // SAFETY: not NULL, aligned and no larger than an object can be, all checked above; the rest is the caller's promise.
    Ok(Some(unsafe { slice::from_raw_parts(data, len) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<'a> From<&'a CStr> for Text<'a> {
        fn from(text: &'a CStr) -> Self {
            Self(text.as_ptr(), PhantomData)
        }
    }

    impl Text<'_> {
        pub(crate) const NULL: Self = Self(ptr::null(), PhantomData);
    }

    impl<'a> From<&'a [u8]> for Bytes<'a> {
        fn from(bytes: &'a [u8]) -> Self {
            Self { data: bytes.as_ptr(), size: bytes.len(), lent: PhantomData }
        }
    }

    impl Bytes<'_> {
        pub(crate) const NULL: Self = Self { data: ptr::null(), size: 1, lent: PhantomData };
    }

    impl<'a> Bits<'a> {
        pub(crate) fn of(bytes: &'a [u8], bits: usize) -> Self {
            assert!(bytes.len() * 8 >= bits);
            Self { data: bytes.as_ptr(), bits, lent: PhantomData }
        }

        pub(crate) const NONE: Self = Self { data: ptr::null(), bits: 0, lent: PhantomData };
    }

    impl<'a> MutBits<'a> {
        pub(crate) fn of(bytes: &'a mut [u8], bits: usize) -> Self {
            assert!(bytes.len() * 8 >= bits);
            Self { data: bytes.as_mut_ptr(), bits, lent: PhantomData }
        }
    }

    #[test]
    fn texts_and_bytes_that_cannot_be_are_refused() {
        assert_eq!(Text::from(c"fibre").get("name").expect("a text"), "fibre");
        assert!(Text::NULL.optional("name").expect("nothing is allowed").is_none());
        assert_eq!(Text::NULL.get("name").expect_err("required").message, "name is NULL");
        let latin = Text::from(c"k\xe9y").get("name").expect_err("not UTF-8");
        assert!(latin.message.starts_with("name is not UTF-8"), "{}", latin.message);
        assert_eq!(Bytes::NULL.get("data").expect_err("one byte at NULL").message, "data is NULL");
        let endless = Bytes { data: [0].as_ptr(), size: usize::MAX, lent: PhantomData };
        assert!(endless.get("data").expect_err("too large").message.contains("more than memory can"));
    }

    #[test]
    fn bits_are_read_and_written_least_significant_first() {
        let mut bytes = [0b1000_0001, 0xff, 0x55];
        let bits = Bits::of(&bytes, 10).get("bits").expect("bits");
        assert_eq!(bits.ones().collect::<Vec<_>>(), [0, 7, 8, 9]);
        let shorter = MutBits::of(&mut bytes, 9).put("room", &bits).expect_err("9 for 10");
        assert_eq!(shorter.message, "room has room for 9 bits, the result has 10");
        MutBits::of(&mut bytes, 10).put("room", &bits).expect("room for 10");
        assert_eq!(bytes, [0b1000_0001, 0b11, 0x55], "the tail is cleared, and the next byte is not touched");
    }
}
