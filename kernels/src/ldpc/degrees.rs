//! The family's degree distributions: how many of 256 base columns have how many entries.
//!
//! Found for each leak rate by density evolution of the decoder of SPEC §5.3 (messages of 1/8 nat, at most 78), as the
//! distribution with the largest error rate that it still corrects in the limit of long codes, under limits that finite
//! codes need: columns of degree 2 no more than 0.75 of the base rows (more of them make low-weight words), degrees up
//! to 28, and few enough pairs of entries that 4-cycles can be avoided. The last limit binds the lowest leak rates, and
//! short frames have distributions of their own there; the five lowest of those have no columns of degree 2, because
//! in so few rows these keep a few frames in a hundred from ever converging, and four of them were adjusted by hand after
//! simulation. How far each could correct at best, [`evolution`](super::evolution) finds (`cargo xtask ldpc-thresholds`); the
//! rungs' `max_qber` is measured. The search that chose them is not part of this repository yet. It started from the
//! distributions of Martinez-Mateo, Elkouss and Martin (Quantum Inf. Comput. 12, 2012) and of Elkouss et al. (IEEE ISIT 2009).

use super::design::Design;

/// (degree, columns with it), ascending; the columns are 256 in all.
type Degrees = &'static [(usize, usize)];

/// Rungs of a ladder.
const RUNGS: usize = 16;

/// (base rows for 256 base columns, their degrees) for frames of 2^16 bits and more.
#[rustfmt::skip]
const LONG: [(usize, Degrees); RUNGS] = [
    (13, &[(3, 163), (9, 39), (10, 32), (18, 1), (19, 21)]),
    (15, &[(2, 8), (3, 157), (9, 45), (11, 9), (12, 13), (16, 24)]),
    (18, &[(2, 8), (3, 160), (9, 45), (11, 8), (15, 18), (24, 17)]),
    (21, &[(2, 14), (3, 152), (9, 35), (10, 20), (11, 11), (28, 24)]),
    (25, &[(2, 18), (3, 148), (7, 11), (9, 33), (10, 20), (28, 26)]),
    (30, &[(2, 22), (3, 146), (5, 4), (6, 5), (9, 50), (25, 29)]),
    (36, &[(2, 27), (3, 149), (9, 54), (24, 4), (25, 1), (28, 21)]),
    (43, &[(2, 32), (3, 148), (8, 6), (9, 23), (10, 25), (28, 22)]),
    (51, &[(2, 34), (3, 152), (4, 2), (9, 38), (19, 13), (25, 17)]),
    (61, &[(2, 45), (3, 141), (8, 2), (9, 46), (26, 1), (28, 21)]),
    (73, &[(2, 54), (3, 137), (4, 1), (9, 42), (25, 4), (26, 18)]),
    (87, &[(2, 63), (3, 131), (8, 26), (10, 17), (24, 4), (28, 15)]),
    (104, &[(2, 78), (3, 121), (9, 40), (28, 17)]),
    (124, &[(2, 93), (3, 108), (8, 25), (9, 14), (25, 9), (27, 7)]),
    (148, &[(2, 103), (3, 103), (5, 5), (7, 4), (9, 27), (25, 14)]),
    (160, &[(2, 112), (3, 92), (4, 9), (9, 32), (28, 11)]),
];

/// The same for frames of 2^14 bits, where they differ: the lowest rungs.
#[rustfmt::skip]
const SHORT: [(usize, Degrees); 7] = [
    (13, &[(3, 130), (5, 90), (8, 36)]),
    (15, &[(3, 150), (5, 66), (9, 40)]),
    (18, &[(3, 191), (8, 5), (9, 14), (10, 39), (11, 3), (12, 4)]),
    (21, &[(3, 180), (8, 9), (9, 35), (10, 10), (12, 22)]),
    (25, &[(3, 182), (9, 45), (14, 29)]),
    (30, &[(2, 21), (3, 155), (9, 62), (19, 2), (20, 5), (21, 11)]),
    (36, &[(2, 26), (3, 149), (5, 3), (9, 56), (25, 22)]),
];

/// The designs of frames of 2^14 bits, ascending in leak rate: 256 columns lifted by 64.
pub fn short_frames() -> Vec<Design> {
    let tables = SHORT.iter().chain(&LONG[SHORT.len()..]);
    tables.map(|&(rows, degrees)| Design { rows, degrees: degrees.to_vec(), lifting: 64 }).collect()
}

/// The designs of frames of 2^16 bits, ascending in leak rate: 512 columns lifted by 128.
pub fn long_frames() -> Vec<Design> {
    enlarged(2, 128)
}

/// The designs of frames of 2^18 bits, ascending in leak rate: 1024 columns lifted by 256. Frames of this length are for
/// error rates from 0.8 % on, so the three lowest rungs are left out.
pub fn longest_frames() -> Vec<Design> {
    enlarged(4, 256).split_off(3)
}

/// The long frames' distributions in `factor` times as many columns.
fn enlarged(factor: usize, lifting: usize) -> Vec<Design> {
    let columns =
        |degrees: Degrees| degrees.iter().map(|&(degree, columns)| (degree, factor * columns)).collect();
    LONG.iter()
        .map(|&(rows, degrees)| Design { rows: factor * rows, degrees: columns(degrees), lifting })
        .collect()
}
