//! The kernels through C against their definitions in the SPEC, computed bit by bit here.

use std::mem::MaybeUninit;

use super::{fails, out};
use crate::boundary::{Bits, Bytes, MutBits, Text};
use crate::error::Status;
use crate::kernels::hashing::{qkdpp_amplify, qkdpp_amplify_seed_bits, qkdpp_hash};
use crate::kernels::ldpc::{LdpcCode, qkdpp_ldpc_code_for_qber, qkdpp_ldpc_decode, qkdpp_ldpc_syndrome};
use crate::kernels::sifting::{qkdpp_parities, qkdpp_sift};
use crate::kernels::{Backend, qkdpp_backend_free, qkdpp_backend_open};

/// A backend for one test.
struct Opened(*mut Backend);

impl Opened {
    fn new(name: &std::ffi::CStr) -> Self {
        Self(out(|backend| qkdpp_backend_open(Text::from(name), 0, backend)))
    }

    fn get(&self) -> &Backend {
        // SAFETY: alive until this is dropped.
        unsafe { &*self.0 }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: made by qkdpp_backend_open, and freed once.
        qkdpp_backend_free(Some(unsafe { Box::from_raw(self.0) }));
    }
}

/// Pseudo-random bytes.
fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn bit(bytes: &[u8], index: usize) -> bool {
    bytes[index / 8] >> (index % 8) & 1 == 1
}

fn pack(bits: impl IntoIterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, bit) in bits.into_iter().enumerate() {
        if index % 8 == 0 {
            bytes.push(0);
        }
        bytes[index / 8] |= u8::from(bit) << (index % 8);
    }
    bytes
}

#[test]
fn sifting_keeps_what_the_mask_marks() {
    let (mask, plane) = (bytes(20, 1), bytes(20, 2));
    let want: Vec<bool> =
        (0..157).filter(|&index| bit(&mask, index)).map(|index| bit(&plane, index)).collect();
    let mut kept = vec![0; want.len().div_ceil(8)];
    let backend = Opened::new(c"cpu:auto");
    let mut sift = |plane_bits, room| {
        let (mask, plane) = (Bits::of(&mask, 157), Bits::of(&plane, plane_bits));
        qkdpp_sift(Some(backend.get()), mask, plane, MutBits::of(&mut kept, room))
    };
    fails(sift(157, want.len() - 1), Status::Argument, "kept has room for");
    fails(sift(156, want.len()), Status::Argument, "a sift plane has 156 bits, 157 are needed");
    assert_eq!(sift(157, want.len()), Status::Ok);
    assert_eq!(kept, pack(want));
    let nothing = qkdpp_sift(None, Bits::of(&mask, 1), Bits::of(&plane, 1), MutBits::of(&mut kept, 1));
    fails(nothing, Status::Null, "backend is NULL");
}

#[test]
fn parities_run_over_each_frame() {
    let frames = bytes(13, 3);
    let mut sums = vec![0; 13];
    let backend = Opened::new(c"cpu:portable");
    let mut run = |frame_bits, seed: &[u8]| {
        let (frames, room) = (Bits::of(&frames, 100), MutBits::of(&mut sums, 100));
        qkdpp_parities(Some(backend.get()), frames, frame_bits, Bytes::from(seed), room)
    };
    fails(run(30, &[]), Status::Argument, "100 bits, which is no multiple of the frame length 30");
    fails(run(usize::MAX, &[]), Status::Argument, "frame_bits");
    fails(run(0, &[]), Status::Argument, "length");
    fails(run(50, &[1; 31]), Status::Argument, "the seed has 31 bytes, 32 are needed");
    assert_eq!(run(50, &[]), Status::Ok);
    let want = (0..100).map(|index| (index / 50 * 50..=index).filter(|&i| bit(&frames, i)).count() % 2 == 1);
    assert_eq!(sums, pack(want));
}

#[test]
fn a_frame_with_errors_is_decoded_on_every_backend() {
    let code: LdpcCode = out(|code| qkdpp_ldpc_code_for_qber(16_384, 0.02, code));
    let sent = bytes(2048, 4);
    let mut received = sent.clone();
    (0..16_384).step_by(67).for_each(|index| received[index / 8] ^= 1 << (index % 8));
    for name in [c"cpu:portable", c"sim:model"] {
        let backend = Opened::new(name);
        let mut syndrome = vec![0; code.syndrome_bits.div_ceil(8)];
        let room = MutBits::of(&mut syndrome, code.syndrome_bits);
        let status = qkdpp_ldpc_syndrome(Some(backend.get()), Some(&code), Bits::of(&sent, 16_384), room);
        assert_eq!(status, Status::Ok);
        let mut decoded = vec![0; 2048];
        let (mut iterations, mut converged) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let mut decode = |syndrome_bits, qber| {
            qkdpp_ldpc_decode(
                Some(backend.get()),
                Some(&code),
                Bits::of(&received, 16_384),
                Bits::of(&syndrome, syndrome_bits),
                Bits::NONE,
                qber,
                50,
                MutBits::of(&mut decoded, 16_384),
                Some(&mut iterations),
                Some(&mut converged),
            )
        };
        fails(decode(8, 0.02), Status::Argument, "the syndrome has 8 bits");
        fails(decode(code.syndrome_bits, f64::NAN), Status::Argument, "qber is NaN");
        assert_eq!(decode(code.syndrome_bits, 0.015), Status::Ok);
        // SAFETY: written by a call that succeeded.
        assert_eq!(unsafe { converged.assume_init() }, 1);
        assert!(decoded == sent, "{name:?}");
    }
    let unknown = LdpcCode { syndrome_bits: 17, ..code };
    let mut room = [0; 3];
    let status = qkdpp_ldpc_syndrome(
        Some(Opened::new(c"cpu:auto").get()),
        Some(&unknown),
        Bits::of(&sent, 16_384),
        MutBits::of(&mut room, 17),
    );
    fails(status, Status::Argument, "there is no code with 17 syndrome bits for 16384");
    fails(qkdpp_ldpc_code_for_qber(16_384, 0.3, Some(&mut MaybeUninit::uninit())), Status::Argument, "0.3");
}

/// `T[i][j] = s[i-j+n-1]`, SPEC §7.
#[test]
fn amplification_is_a_product_with_a_toeplitz_matrix() {
    let backend = Opened::new(c"cpu:auto");
    let (n, l) = (200, 77);
    let seed_bits = out(|seed_bits| qkdpp_amplify_seed_bits(0, n, l, seed_bits));
    assert_eq!((seed_bits, out(|seed_bits| qkdpp_amplify_seed_bits(1, n, l, seed_bits))), (276, 199));
    let (key, seed) = (bytes(25, 5), bytes(35, 6));
    let mut secret = vec![0; 10];
    let mut amplify = |family, seed_bits, out_bits| {
        let (key, seed) = (Bits::of(&key, n), Bits::of(&seed, seed_bits));
        qkdpp_amplify(Some(backend.get()), family, key, seed, MutBits::of(&mut secret, out_bits))
    };
    fails(amplify(2, seed_bits, l), Status::Argument, "family is 2");
    fails(amplify(0, seed_bits - 1, l), Status::Argument, "the Toeplitz seed has 275 bits, 276 are needed");
    fails(amplify(0, seed_bits, 0), Status::Argument, "the number of hashed bits is 0");
    assert_eq!(amplify(0, seed_bits, l), Status::Ok);
    let row = |i: usize| (0..n).filter(|&j| bit(&seed, i + n - 1 - j) && bit(&key, j)).count() % 2 == 1;
    assert_eq!(secret, pack((0..l).map(row)));
}

#[test]
fn hashes_are_those_of_each_segment() {
    let backend = Opened::new(c"cpu:auto");
    let hash = |key: &[u8], message: &[u8], bits: usize, segment: usize| -> Vec<u8> {
        let segments = bits.div_ceil(segment);
        let mut hashes = vec![0; 16 * segments];
        let room = MutBits::of(&mut hashes, 128 * segments);
        let status =
            qkdpp_hash(Some(backend.get()), Bytes::from(key), Bits::of(message, bits), segment, room);
        assert_eq!(status, Status::Ok);
        hashes
    };
    let (key, message) = (bytes(16, 7), bytes(100, 8));
    let whole = hash(&key, &message, 800, 300);
    assert_eq!(whole.len(), 48);
    assert_eq!(whole[..16], hash(&key, &message[..38], 300, 300), "each segment by itself");
    assert_ne!(whole[..16], hash(&bytes(16, 9), &message, 800, 300)[..16]);
    // Under the key 1, whose powers are 1, the hash of one block is the block plus the length block.
    let mut one = [0; 16];
    one[0] = 1;
    let mut want: [u8; 16] = message[..16].try_into().expect("a block");
    want[0] ^= 128;
    assert_eq!(hash(&one, &message, 128, 128), want);
    let mut room = [0; 16];
    let short = qkdpp_hash(
        Some(backend.get()),
        Bytes::from(&key[..8]),
        Bits::of(&message, 8),
        8,
        MutBits::of(&mut room, 128),
    );
    fails(short, Status::Argument, "the key has 8 bytes, 16 are needed");
}
