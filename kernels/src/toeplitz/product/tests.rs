//! Every level's products against the definition, Karatsuba, the schoolbook, and remainders.

use super::*;
use crate::clmul::clmul;
use crate::toeplitz::portable::Portable;
use crate::toeplitz::tests::random;

macro_rules! at_every_level {
    ($($test:ident),* $(,)?) => {
        mod portable {
            $(#[test] fn $test() { super::$test(super::Portable); })*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            $(#[test] fn $test() { super::on(crate::simd::Avx2::detect(), "AVX2", super::$test); })*
        }

        #[cfg(target_arch = "x86_64")]
        mod gfni {
            $(#[test] fn $test() { super::on(crate::simd::Gfni::detect(), "GFNI", super::$test); })*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            $(#[test] fn $test() { super::on(crate::simd::Avx512::detect(), "AVX-512", super::$test); })*
        }
    };
}

#[cfg(target_arch = "x86_64")]
fn on<A: Arithmetic>(level: Option<A>, instructions: &str, test: impl Fn(A)) {
    match level {
        Some(level) => test(level),
        None => eprintln!("SKIPPED: this machine has no {instructions}"),
    }
}

at_every_level!(
    every_method_agrees_with_the_definition,
    transforms_of_every_size_agree_with_karatsuba,
    large_products_have_the_right_remainder,
    a_few_bits_too_many_are_corrected,
    every_tile_is_corrected,
    sizes_above_a_power_of_two_agree_with_karatsuba,
    wanted_words_come_alone,
    short_polynomials_have_the_values_of_long_ones,
    tiles_cover_very_unequal_operands,
    products_agree_with_the_schoolbook,
    a_pool_gives_the_same_bits,
    the_largest_products_have_the_right_remainder,
);

fn by_definition(key: &Bits, seed: &Bits, out_len: usize) -> Bits {
    let c = key.len();
    (0..out_len).map(|i| (0..c).fold(false, |sum, j| sum ^ (key.get(j) & seed.get(i + c - 1 - j)))).collect()
}

/// The remainder of a polynomial modulo x^64 + x^4 + x^3 + x + 1, from the last word to the first; bits beyond the end are 0.
fn remainder(bits: &Bits) -> u64 {
    let times_x_64 = |f: u64| clmul(f, 0b1_1011);
    bits.words().iter().rev().fold(0, |sum, word| {
        let product = times_x_64(sum);
        word ^ product as u64 ^ times_x_64((product >> 64) as u64) as u64
    })
}

fn every_method_agrees_with_the_definition<A: Arithmetic>(arithmetic: A) {
    for (key_len, out_len) in
        [(1, 1), (1, 200), (200, 1), (63, 64), (64, 63), (65, 65), (700, 300), (1000, 129)]
    {
        let (key, seed) = (random(key_len, 1), random(key_len + out_len - 1, 2));
        let expected = by_definition(&key, &seed, out_len);
        for tile in [1, 2, 3, 5, 8, 12, 16, 20, 32] {
            let product = by_karatsuba(arithmetic, &key, &seed, out_len, tile);
            assert!(product == expected, "{key_len} × {out_len}, Karatsuba in tiles of {tile} words");
        }
        for tile in [(key_len, out_len), (key_len.div_ceil(3), out_len.div_ceil(2))] {
            let product = by_transform(arithmetic, &key, &seed, out_len, *A::LOG_LENS.start(), tile);
            assert!(product == expected, "{key_len} × {out_len}, transforms in tiles of {tile:?}");
        }
    }
}

/// Every size up to 2^20, for each has a modulus of its own, completely filled.
fn transforms_of_every_size_agree_with_karatsuba<A: Arithmetic>(arithmetic: A) {
    for log_len in *A::LOG_LENS.start()..=20 {
        let len = 1_usize << log_len;
        for out_len in [1, 1000, len / 2, len / 2 + 1, len - 999, len] {
            let key_len = len + 1 - out_len;
            let (key, seed) = (random(key_len, 3), random(len, 4));
            let product = by_transform(arithmetic, &key, &seed, out_len, log_len, (key_len, out_len));
            let tile = karatsuba::padded(words_for(key_len.min(out_len)));
            let expected = by_karatsuba(arithmetic, &key, &seed, out_len, tile);
            assert!(product == expected, "2^{log_len} bits, {out_len} of them wanted");
        }
    }
}

/// The excess δ is from 1 bit to half of the transform.
fn a_few_bits_too_many_are_corrected(arithmetic: impl Arithmetic) {
    for (log_len, excess) in [
        (17, 1),
        (17, 64),
        (17, 4097),
        (17, 1 << 13),
        (17, 1 << 16),
        (18, 1 << 14),
        (19, 1 << 17),
        (20, 99_999),
    ] {
        let len = (1_usize << log_len) + excess;
        for out_len in [excess + 1, len / 2, len.div_ceil(2), 1 << log_len] {
            let key_len = len + 1 - out_len;
            let (key, seed) = (random(key_len, 15), random(len, 16));
            let product = by_transform(arithmetic, &key, &seed, out_len, log_len, (key_len, out_len));
            let tile = karatsuba::padded(words_for(key_len.min(out_len)));
            let expected = by_karatsuba(arithmetic, &key, &seed, out_len, tile);
            assert!(product == expected, "2^{log_len} + {excess} bits, {out_len} of them wanted");
        }
    }
}

fn every_tile_is_corrected(arithmetic: impl Arithmetic) {
    for (tile, (key_len, out_len)) in [
        ((100_000, 90_000), (360_000, 240_001)),
        ((65_537, 131_072), (65_537, 262_000)),
        ((120_000, 40_000), (180_001, 9)),
    ] {
        let (key, seed) = (random(key_len, 19), random(key_len + out_len - 1, 20));
        for log_len in 17..=18 {
            let product = by_transform(arithmetic, &key, &seed, out_len, log_len, tile);
            let expected = by_karatsuba(arithmetic, &key, &seed, out_len, 64);
            assert!(product == expected, "{key_len} × {out_len} in tiles of {tile:?}, 2^{log_len} bits");
        }
    }
}

fn wanted_words_come_alone<A: Arithmetic>(arithmetic: A) {
    for log_len in *A::LOG_LENS.start()..=21 {
        let (polynomial, len) = (random(1 << log_len, 13), 1 << (log_len - 6));
        let mut words = vec![0; len];
        for (room, wanted) in [(len, len), (len / 2, len / 2), (len, len / 2 + len / 20), (len / 2, 1)] {
            let spectrum = arithmetic.spectrum(&mut polynomial.words().to_vec(), len);
            arithmetic.polynomial(spectrum, &mut words[len - room..], wanted);
            let (got, expected) = (&words[len - wanted..], &polynomial.words()[len - wanted..]);
            assert!(got == expected, "{wanted} words of 2^{log_len} bits");
            words.fill(0);
        }
    }
}

fn short_polynomials_have_the_values_of_long_ones(arithmetic: impl Arithmetic) {
    for (log_len, used) in [(17, 0), (17, 1), (17, 511), (17, 513), (20, 33), (20, 3000), (20, 9000)] {
        let polynomial = random(64 * used, 14);
        let mut words = polynomial.words().to_vec();
        words.resize(1 << (log_len - 6), 0);
        let spectrum = arithmetic.spectrum(&mut words, used);
        words.fill(1);
        let len = words.len();
        arithmetic.polynomial(spectrum, &mut words, len);
        assert!(words[..used] == *polynomial.words(), "{used} words of 2^{log_len} bits");
        assert!(words[used..].iter().all(|&word| word == 0), "{used} words of 2^{log_len} bits");
    }
}

/// Whichever method is the cheapest.
fn sizes_above_a_power_of_two_agree_with_karatsuba(arithmetic: impl Arithmetic) {
    for (log_len, sixteenths) in [17, 20].into_iter().flat_map(|m| [16, 17, 18, 20, 24].map(|part| (m, part)))
    {
        let len = (sixteenths << (log_len - 4)) + 1;
        for out_len in [len / 2, len / 3] {
            let key_len = len + 1 - out_len;
            let (key, seed) = (random(key_len, 17), random(len, 18));
            let tile = karatsuba::padded(words_for(out_len));
            let expected = by_karatsuba(arithmetic, &key, &seed, out_len, tile);
            assert!(
                middle(arithmetic, &key, &seed, out_len) == expected,
                "{len} bits, {out_len} of them wanted"
            );
        }
    }
}

/// A whole product: a seed between zeros. Its remainder must be the product of the remainders.
fn large_products_have_the_right_remainder(arithmetic: impl Arithmetic) {
    for lens in [(1 << 20, 1 << 20), (3_000_001, 700_003), (1 << 21, 1_000_000), (1 << 22, (1 << 22) + 1)] {
        has_the_right_remainder(arithmetic, lens);
    }
}

fn has_the_right_remainder(arithmetic: impl Arithmetic, (a_len, b_len): (usize, usize)) {
    let (a, b) = (random(a_len, 5), random(b_len, 6));
    let out_len = a_len + b_len - 1;
    let seed = Bits::concat(&[Bits::zeros(a_len - 1), b.clone(), Bits::zeros(a_len - 1)]);
    let product = middle(arithmetic, &a, &seed, out_len);
    let expected = by_definition(
        &Bits::from_words(vec![remainder(&a)], 64),
        &Bits::concat(&[Bits::zeros(63), Bits::from_words(vec![remainder(&b)], 64), Bits::zeros(63)]),
        127,
    );
    assert_eq!(remainder(&product), remainder(&expected), "{a_len} × {b_len} bits");
}

fn tiles_cover_very_unequal_operands(arithmetic: impl Arithmetic) {
    for (key_len, out_len) in [(70_000, 900_001), (900_001, 70_000), (100, 300_000), (300_000, 100)] {
        let (key, seed) = (random(key_len, 7), random(key_len + out_len - 1, 8));
        let expected = by_karatsuba(arithmetic, &key, &seed, out_len, 64);
        for method in Method::transforms(arithmetic, key_len, out_len).step_by(3) {
            assert!(
                method.run(arithmetic, &key, &seed, out_len) == expected,
                "{key_len} × {out_len} by {method:?}"
            );
        }
    }
}

/// For each bit of the key that is 1, the window of the seed that it sees.
fn by_schoolbook(key: &Bits, seed: &Bits, out_len: usize) -> Bits {
    let mut sum = Bits::zeros(out_len);
    for one in key.ones() {
        let first = key.len() - 1 - one;
        sum.xor_assign(&seed.slice(first..first + out_len));
    }
    sum
}

fn products_agree_with_the_schoolbook(arithmetic: impl Arithmetic) {
    for (key_len, out_len) in
        [(4095, 4097), (8192, 8192), (12_289, 9_000), (30_000, 35_537), (65_536, 65_536)]
    {
        let (key, seed) = (random(key_len, 9), random(key_len + out_len - 1, 10));
        let product = middle(arithmetic, &key, &seed, out_len);
        assert!(product == by_schoolbook(&key, &seed, out_len), "{key_len} × {out_len} bits");
    }
}

fn a_pool_gives_the_same_bits(arithmetic: impl Arithmetic) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads start");
    for (key_len, out_len) in [(40_000, 30_000), (600_000, 500_000), (200_000, 900_000)] {
        let (key, seed) = (random(key_len, 11), random(key_len + out_len - 1, 12));
        let alone = middle(arithmetic, &key, &seed, out_len);
        assert!(pool.install(|| middle(arithmetic, &key, &seed, out_len)) == alone, "{key_len} × {out_len}");
    }
}

/// Of 2^26 bits, and of nearly 2^27.
fn the_largest_products_have_the_right_remainder(arithmetic: impl Arithmetic) {
    for lens in [(1 << 25, 1 << 25), ((1 << 26) - 12_345, (1 << 26) + 77)] {
        has_the_right_remainder(arithmetic, lens);
    }
}
