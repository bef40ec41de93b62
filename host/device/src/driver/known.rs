//! Known answers for the self-test: small cases of the committed test vectors, for each kernel.

use std::sync::Arc;

use qkdpp_kernels::ldpc::{Code, Decoded, LdpcDecode, Syndrome};
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits, Job, Output, ShapeError, Shared};

/// A job and what it must give.
pub(super) type Answer = (Job, Output);

/// All of them; none is lost to an error, which the tests see to.
pub(super) fn answers() -> Vec<Answer> {
    [sift(), parities(), syndrome(), ldpc_decode(), polyhash(), toeplitz(), modified_toeplitz()]
        .into_iter()
        .flatten()
        .collect()
}

/// sift/random-65.
fn sift() -> Result<Answer, ShapeError> {
    let planes = [0x6428_eb54_698b_6f7c, 0x0001_5557_6ba4_ff92_3e47, 0xde31_712f_c277_5bb2];
    let mask = shared(0x38e7_bcfb_5c65_2e9f, 65);
    let job = Sift::new(mask, planes.map(|plane| shared(plane, 65)).to_vec())?;
    let kept = [0x0042_34a2_87dc, 0x0025_d543_c3c7, 0x0032_585e_3d72].map(|plane| bits(plane, 39));
    Ok((Job::Sift(job), Output::Sift(kept.to_vec())))
}

/// parities/permuted-65.
fn parities() -> Result<Answer, ShapeError> {
    let seed = bytes("5714fc710999e85c7a4622ef1172dc5fe052e80436076df747d575c66e6e3f16");
    let frames = string("3867c7769679d299cf1362cfcb6a0d98540db99b3d6f352401", 195);
    let permutation = Permutation::new(&std::array::from_fn(|at| seed[at]), 65)?;
    let job = Parities::new(Arc::new(frames), Arc::new(permutation))?;
    let parities = string("1d7327a53e24c94466bbe8822ac20c1cd053e5e3c99de5ac01", 195);
    Ok((Job::Parities(job), Output::Parities(parities)))
}

/// syndrome/frames-not-aligned.
fn syndrome() -> Result<Answer, ShapeError> {
    let base = [[3, -1, 6, 4, 0], [5, 3, -1, -1, 2], [-1, 0, 7, 6, -1]];
    let frames = string("ec17efff0ad7cf72ddecdd588c41047e4b4f392a8a77a78ccc1951101d139f3a351cff", 280);
    let job = Syndrome::new(code(&base, 8), Arc::new(frames))?;
    let syndromes = string("d70737027c5c99e4444b1031cb890aa12605194420", 168);
    Ok((Job::Syndrome(job), Output::Syndrome(syndromes)))
}

/// ldpc_decode/one-error.
fn ldpc_decode() -> Result<Answer, ShapeError> {
    let base = [[0, -1, 3, 7, -1, 3], [6, 6, -1, 1, 4, -1], [-1, 1, 5, -1, 6, 6]];
    let (word, syndrome) = (shared(0x9cb6_27bb_ba5a, 48), shared(0x28_3be0, 24));
    let job = LdpcDecode::new(code(&base, 8), word, syndrome, None, 28, 10)?;
    let decoded = Decoded { word: bits(0x9cb6_27bb_ba4a, 48), iterations: 1, converged: true };
    Ok((Job::LdpcDecode(job), Output::LdpcDecode(decoded)))
}

/// polyhash/random-65.
fn polyhash() -> Result<Answer, ShapeError> {
    let key = 0x6f6e_1b62_8836_50a0_4a3a_33bd_aaa9_7a12;
    let job = PolyHash::new(key, shared(0x0001_a079_9b77_a2b3_92f0, 65), 65)?;
    Ok((Job::PolyHash(job), Output::PolyHash(vec![0x3ac3_c6f0_92a1_40f0_414b_f1a6_a092_66e4])))
}

/// toeplitz/toeplitz-65-64.
fn toeplitz() -> Result<Answer, ShapeError> {
    let key = shared(0x0001_a1a2_defa_15ca_183c, 65);
    let seed = Arc::new(string("91c9580b4c455767e934d8fd0be507d5", 128));
    let job = Toeplitz::new(Family::Toeplitz, key, seed, 64)?;
    Ok((Job::Toeplitz(job), Output::Toeplitz(bits(0x0e86_dd05_7a56_1406, 64))))
}

/// toeplitz/known-answer-modified.
fn modified_toeplitz() -> Result<Answer, ShapeError> {
    let job = Toeplitz::new(Family::Modified, shared(0xf1cd, 16), shared(0x45cb, 15), 6)?;
    Ok((Job::Toeplitz(job), Output::Toeplitz(bits(0x2c, 6))))
}

fn code<const N: usize>(base: &[[i32; N]], z: usize) -> Arc<Code> {
    Arc::new(Code::new(ndarray::arr2(base), z).expect("a code of the test vectors"))
}

/// The lowest `len` bits of `number`.
fn bits(number: u128, len: usize) -> Bits {
    Bits::from_words(vec![number as u64, (number >> 64) as u64], len)
}

fn shared(number: u128, len: usize) -> Shared {
    Arc::new(bits(number, len))
}

/// `len` bits in hexadecimal, first byte first.
fn string(hexadecimal: &str, len: usize) -> Bits {
    Bits::from_bytes(&bytes(hexadecimal), len)
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.chars().filter_map(|digit| digit.to_digit(16)).collect::<Vec<_>>();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

#[cfg(test)]
mod tests {
    use qkdpp_kernels::Level;

    use super::*;

    #[test]
    fn the_answers_are_those_of_the_reference_and_all_there() {
        let answers = answers();
        assert_eq!(answers.len(), 7);
        for (job, output) in answers {
            assert!(Level::Reference.run(&job) == output, "{job:?}");
        }
    }
}
