//! Does any branch or address depend on a secret? Memcheck tells: secrets are marked as memory that was never written, and it
//! reports every conditional jump and every address that is computed from such memory.
//!
//! ```text
//! cargo build --release -p qkdpp-kernels --example constant_time
//! valgrind --quiet target/release/examples/constant_time
//! ```
//! The program counts the reports by itself: none for the kernels, at least one for each planted leak. The method is that of
//! Langley's ctgrind. The decoders of LDPC are not here: their running time depends on the errors of a frame
//! (host/protocol/SECURITY.md).

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod memcheck;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod cases {
    use std::hint::black_box;
    use std::sync::Arc;

    use qkdpp_kernels::ldpc::{Syndrome, family};
    use qkdpp_kernels::parities::{Parities, Permutation};
    use qkdpp_kernels::polyhash::{PolyHash, Stream, equal};
    use qkdpp_kernels::sift::Sift;
    use qkdpp_kernels::toeplitz::{Family, Toeplitz};
    use qkdpp_kernels::{Bits, Job, Level};

    use crate::memcheck::{errors, public, secret};

    /// What memcheck has to say of `work`.
    pub(crate) struct Case {
        pub(crate) name: String,
        pub(crate) reports: u64,
        /// Whether it leaks by intention, which memcheck must find.
        pub(crate) planted: bool,
    }

    fn case(name: impl Into<String>, planted: bool, work: impl FnOnce()) -> Case {
        let before = errors();
        work();
        Case { name: name.into(), reports: errors() - before, planted }
    }

    fn clean(name: impl Into<String>, work: impl FnOnce()) -> Case {
        case(name, false, work)
    }

    /// Reproducible bits (xorshift64*).
    fn random(len: usize) -> Bits {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ len as u64;
        let words = (0..len.div_ceil(64)).map(|_| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d)
        });
        Bits::from_words(words.collect(), len)
    }

    fn secret_bits(len: usize) -> Arc<Bits> {
        Arc::new(secret(random(len)))
    }

    const KEY: u128 = 0x0123_4567_89ab_cdef_f0e1_d2c3_b4a5_9687;

    /// Every kernel but the decoder, at every level but the one by the book.
    fn kernels(level: Level) -> Vec<Case> {
        let run = |job: Job| drop(black_box(level.run(&job)));
        let mut cases = vec![
            clean(format!("{level}: sift"), || {
                let planes = vec![secret_bits(5000), secret_bits(5000)];
                run(Job::Sift(Sift::new(Arc::new(random(5000)), planes).expect("shape")));
            }),
            clean(format!("{level}: parities"), || {
                let permutation = Arc::new(Permutation::new(&[7; 32], 200).expect("shape"));
                run(Job::Parities(Parities::new(secret_bits(70 * 200), permutation).expect("shape")));
            }),
            clean(format!("{level}: syndrome"), || {
                let code = Arc::clone(&family::ladder(family::FRAME_BITS[0])[0].code);
                let frames = secret_bits(2 * code.variables());
                run(Job::Syndrome(Syndrome::new(code, frames).expect("shape")));
            }),
            clean(format!("{level}: polyhash"), || {
                let job = PolyHash::new(secret(KEY), secret_bits(5000), 1000).expect("shape");
                run(Job::PolyHash(job));
            }),
        ];
        // Karatsuba's method, one transform, and several whose parts are put together.
        for family in [Family::Toeplitz, Family::Modified] {
            for (key_len, out_len) in [(3000, 999), (40_000, 15_001), (1_000_001, 300_003)] {
                cases.push(clean(format!("{level}: {family:?}, {key_len} to {out_len} bits"), || {
                    let seed = Arc::new(random(family.seed_len(key_len, out_len)));
                    let job = Toeplitz::new(family, secret_bits(key_len), seed, out_len).expect("shape");
                    run(Job::Toeplitz(job));
                }));
            }
        }
        cases
    }

    /// What sessions do with secrets apart from jobs.
    fn sessions() -> Vec<Case> {
        vec![
            clean("authentication: a stream of bytes", || {
                let mut stream = Stream::new(secret(KEY));
                let bytes = secret_bits(8 * 1000).to_bytes();
                bytes.chunks(77).for_each(|piece| stream.update(piece));
                black_box(stream.finish());
            }),
            clean("tags: equal, and differing in one bit", || {
                for flip in [0, 1 << 127, 1] {
                    let verdict = Box::new(u128::from(equal(secret(KEY), secret(KEY ^ flip))));
                    public(&*verdict);
                    assert_eq!(*black_box(verdict) == 1, flip == 0);
                }
            }),
            clean("bit strings: slices, sums, parts put together, bytes", || {
                let mut bits = secret(random(1000));
                let parts = [bits.slice(0..77), bits.slice(77..640), bits.slice(640..1000)];
                bits.xor_assign(&Bits::concat(&parts));
                bits.set(5, bits.get(6));
                black_box(Bits::from_bytes(&bits.to_bytes(), 999));
                black_box(bits.iter().collect::<Bits>());
            }),
        ]
    }

    fn planted() -> Vec<Case> {
        let leak = |name: &str, work: fn()| case(format!("planted: {name}"), true, work);
        vec![
            leak("a comparison that stops at the first difference", || {
                let (ours, theirs) = (secret(KEY).to_le_bytes(), secret(KEY ^ 1 << 90).to_le_bytes());
                let same = ours.iter().zip(&theirs).take_while(|(ours, theirs)| black_box(ours == theirs));
                black_box(same.count());
            }),
            leak("a table that is indexed by a key", || {
                let table: [u8; 256] = std::array::from_fn(|index| index as u8);
                black_box(black_box(table)[secret(KEY) as u8 as usize]);
            }),
            leak("the positions of the ones of a key", || {
                black_box(secret_bits(100).ones().count());
            }),
        ]
    }

    pub(crate) fn all() -> Vec<Case> {
        let levels = Level::available().into_iter().filter(|&level| level != Level::Reference);
        levels.flat_map(kernels).chain(sessions()).chain(planted()).collect()
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn main() -> std::process::ExitCode {
    if !memcheck::is_running() {
        eprintln!("constant_time: this has to run under valgrind");
        return std::process::ExitCode::FAILURE;
    }
    if attack_23_no_branch_and_no_address_depends_on_a_secret() {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}

/// Whether memcheck finds the planted leaks, and no others.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn attack_23_no_branch_and_no_address_depends_on_a_secret() -> bool {
    let mut sound = true;
    for case in cases::all() {
        let expected = case.planted == (case.reports > 0);
        println!("{} {}: {} reports", if expected { "ok  " } else { "FAIL" }, case.name, case.reports);
        sound &= expected;
    }
    sound
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn main() {
    eprintln!("SKIPPED: constant_time speaks to valgrind on x86-64 Linux only");
}
