//! The family's degree distributions: how many of 256 base columns have how many entries.
//!
//! Sixteen *anchors* are the ladder's rungs; in between, columns change from the one's degrees to the other's row by row. The anchors
//! were found by density evolution, of a decoder with messages of 1/8 nat and posteriors of 16 bits that came before that of
//! SPEC §5.3, as distributions with large thresholds under limits that finite codes need: columns of degree 2 no more than 0.75
//! of the base rows (more of them make low-weight words), degrees up to 54, and few enough pairs of entries that 4-cycles can
//! be avoided. The last limit binds the lowest leak rates, and shorter frames have distributions of their own there; the five
//! lowest of 2^14 bits have no columns of degree 2, because in so few rows these keep a few frames in a hundred from ever
//! converging, and four of them were adjusted by hand after simulation. How far each can correct at best with the rule of
//! today, `cargo xtask ldpc-thresholds` computes. `cargo xtask ldpc-degrees` searches for better ones; its table is of the earlier
//! decoder. With the rule of today, frames of 2^16 bits could save a third of the work and more at the two lowest anchors, and at most
//! 2 % at those of 21, 25, 51 and 61 rows. The rungs' `max_qber` is measured. The first search began with the distributions of
//! Martinez-Mateo, Elkouss and Martin (Quantum Inf. Comput. 12, 2012) and of Elkouss et al. (IEEE ISIT 2009).

use std::collections::BTreeMap;

use super::design::Design;

/// Rows, and (degree, columns with it), ascending; the columns are 256 in all.
type Anchor = (usize, &'static [(usize, usize)]);

/// (base rows for 256 base columns, their degrees) for frames of 2^18 bits and more.
#[rustfmt::skip]
const LONG: [Anchor; 16] = [
    (13, &[(3, 163), (9, 39), (10, 32), (18, 1), (19, 21)]),
    (15, &[(2, 8), (3, 157), (9, 45), (11, 9), (12, 13), (16, 24)]),
    (18, &[(2, 11), (3, 148), (9, 44), (10, 18), (11, 7), (13, 3), (28, 17), (47, 8)]),
    (21, &[(2, 14), (3, 149), (9, 33), (10, 25), (11, 9), (12, 4), (27, 8), (34, 2), (44, 6), (52, 6)]),
    (25, &[(2, 18), (3, 146), (9, 49), (10, 11), (11, 7), (12, 3), (16, 1), (28, 5), (44, 16)]),
    (30, &[(2, 22), (3, 146), (8, 4), (9, 37), (10, 18), (11, 4), (12, 3), (29, 12), (53, 10)]),
    (36, &[(2, 27), (3, 147), (9, 48), (10, 6), (12, 2), (13, 4), (26, 4), (27, 8), (43, 6), (54, 4)]),
    (43, &[(2, 32), (3, 145), (9, 32), (10, 24), (12, 4), (16, 1), (33, 3), (36, 4), (41, 4), (45, 7)]),
    (51, &[(2, 38), (3, 144), (9, 39), (12, 19), (28, 6), (44, 10)]),
    (61, &[(2, 45), (3, 141), (8, 2), (9, 46), (26, 1), (28, 21)]),
    (73, &[(2, 54), (3, 137), (4, 1), (9, 42), (25, 4), (26, 18)]),
    (87, &[(2, 63), (3, 131), (8, 26), (10, 17), (24, 4), (28, 15)]),
    (104, &[(2, 78), (3, 121), (9, 40), (28, 17)]),
    (124, &[(2, 93), (3, 108), (8, 25), (9, 14), (25, 9), (27, 7)]),
    (148, &[(2, 103), (3, 103), (5, 5), (7, 4), (9, 27), (25, 14)]),
    (160, &[(2, 112), (3, 92), (4, 9), (9, 32), (28, 11)]),
];

/// Those of frames of 2^16 bits, where they differ: in few rows, heavy columns would meet in 4-cycles.
#[rustfmt::skip]
const MIDDLE: [Anchor; 4] = [
    (18, &[(2, 10), (3, 152), (9, 58), (13, 10), (14, 3), (24, 2), (26, 1), (28, 20)]),
    (21, &[(2, 14), (3, 152), (9, 35), (10, 20), (11, 11), (28, 24)]),
    (25, &[(2, 18), (3, 147), (9, 51), (10, 16), (12, 2), (30, 11), (39, 11)]),
    (30, &[(2, 22), (3, 146), (8, 8), (9, 53), (11, 2), (21, 5), (28, 13), (44, 7)]),
];

/// Those of frames of 2^14 bits, where they differ.
#[rustfmt::skip]
const SHORT: [Anchor; 9] = [
    (13, &[(3, 130), (5, 90), (8, 36)]),
    (15, &[(3, 150), (5, 66), (9, 40)]),
    (18, &[(3, 191), (8, 5), (9, 14), (10, 39), (11, 3), (12, 4)]),
    (21, &[(3, 180), (8, 9), (9, 35), (10, 10), (12, 22)]),
    (25, &[(3, 182), (9, 45), (14, 29)]),
    (30, &[(2, 21), (3, 155), (9, 62), (19, 2), (20, 5), (21, 11)]),
    (36, &[(2, 26), (3, 149), (5, 3), (9, 56), (25, 22)]),
    (43, &[(2, 32), (3, 148), (8, 6), (9, 23), (10, 25), (28, 22)]),
    (51, &[(2, 38), (3, 145), (9, 46), (10, 5), (17, 1), (28, 21)]),
];

/// What the designs for a frame length have in common.
struct Shape {
    anchors: [Anchor; 16],
    /// Base columns for each column of an anchor, and base rows for each row.
    factor: usize,
    lifting: usize,
}

/// The shape for frames of `frame_bits` bits, if the family has them.
fn shape(frame_bits: usize) -> Option<Shape> {
    let (own, factor, lifting) = match frame_bits {
        0x4000 => (&SHORT[..], 1, 64),
        0x1_0000 => (&MIDDLE[..], 2, 128),
        0x4_0000 => (&[][..], 4, 256),
        0x10_0000 => (&[][..], 4, 1024),
        _ => return None,
    };
    let own_or = |long: Anchor| own.iter().copied().find(|&(rows, _)| rows == long.0).unwrap_or(long);
    Some(Shape { anchors: LONG.map(own_or), factor, lifting })
}

/// The designs of the family's ladder for frames of `frame_bits` bits, ascending in leak rate.
pub fn ladder(frame_bits: usize) -> Vec<Design> {
    let Some(shape) = shape(frame_bits) else { return Vec::new() };
    shape.anchors.iter().filter_map(|&(rows, _)| design(frame_bits, shape.factor * rows)).collect()
}

/// The designs of least and of most leak for frames of `frame_bits` bits, `None` if the family has no such frames.
pub fn extremes(frame_bits: usize) -> Option<[Design; 2]> {
    let Shape { anchors, factor, .. } = shape(frame_bits)?;
    let of = |(rows, _): Anchor| design(frame_bits, factor * rows);
    Some([of(anchors[0])?, of(anchors[15])?])
}

/// A design of the family with `rows` base rows: of each degree as many columns as a straight line between the two nearest
/// anchors says. `None` if the family has no such frames, or none with as few or as many rows.
pub fn design(frame_bits: usize, rows: usize) -> Option<Design> {
    let Shape { anchors, factor, lifting } = shape(frame_bits)?;
    let above = anchors.iter().position(|&(anchor, _)| rows <= factor * anchor)?;
    let (high, many) = anchors[above];
    let (low, few) = if rows == factor * high { (high, many) } else { anchors[above.checked_sub(1)?] };
    // Numbers of columns, all multiplied by the distance of the anchors.
    let (distance, beyond) = (factor * (high - low).max(1), rows - factor * low);
    let mut shares = BTreeMap::new();
    for (table, weight) in [(few, distance - beyond), (many, beyond)] {
        for &(degree, columns) in table {
            *shares.entry(degree).or_insert(0) += factor * columns * weight;
        }
    }
    // Rounding the sums, rather than each number, keeps their total.
    let (mut sum, mut columns) = (0, 0);
    let degrees = shares.into_iter().map(|(degree, share)| {
        sum += share;
        let before = std::mem::replace(&mut columns, (2 * sum + distance) / (2 * distance));
        (degree, columns - before)
    });
    Some(Design { rows, degrees: degrees.filter(|&(_, columns)| columns > 0).collect(), lifting })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designs_lie_between_the_anchors() {
        for (frame_bits, columns) in [(1 << 14, 256), (1 << 16, 512), (1 << 18, 1024), (1 << 20, 1024)] {
            let ladder = ladder(frame_bits);
            assert_eq!(ladder.len(), 16);
            for pair in ladder.windows(2) {
                for rows in pair[0].rows..=pair[1].rows {
                    let design = design(frame_bits, rows).expect("between two rungs");
                    assert_eq!((design.rows, design.columns()), (rows, columns));
                    assert_eq!(design.columns() * design.lifting, frame_bits);
                    let edges = |design: &Design| design.degrees.iter().map(|(d, c)| d * c).sum::<usize>();
                    let bounds = [edges(&pair[0]), edges(&pair[1])];
                    let slack = 28;
                    assert!(edges(&design) + slack >= bounds[0].min(bounds[1]), "{design:?}");
                    assert!(edges(&design) <= bounds[0].max(bounds[1]) + slack, "{design:?}");
                }
            }
            let outside = [0, ladder[0].rows - 1, ladder[15].rows + 1];
            assert!(outside.into_iter().all(|rows| design(frame_bits, rows).is_none()));
        }
        assert!(design(1000, 79).is_none() && ladder(1000).is_empty());
    }

    #[test]
    fn a_quarter_of_the_way_takes_a_quarter_of_the_columns() {
        let design = design(1 << 16, 2 * 104 + 10).expect("a design");
        // A quarter of the way from 104 to 124: columns of degree 2 from 156 to 186, of degree 3 from 242 to 216.
        assert_eq!(design.degrees[..2], [(2, 164), (3, 235)]);
    }
}
