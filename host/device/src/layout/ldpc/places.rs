//! Places for base columns, such that each row's edges are spread evenly over the banks: TABLES.md §1.

use super::split::Split;

/// Where a column lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bank: usize,
    pub(super) address: usize,
}

/// Rounds of improvement; more bring nothing for the codes of the family.
const ROUNDS: usize = 8;

/// A place for each column, in `banks` banks.
pub(super) fn choose(code: &Split, banks: usize) -> Vec<Place> {
    let rows = code.rows_of_columns();
    let all: Vec<usize> = (0..code.columns).collect();
    let mut places = vec![Place { bank: 0, address: 0 }; code.columns];
    for (bank, columns) in spread(&rows, &all, banks).into_iter().enumerate() {
        // The check unit takes an edge at an even and one at an odd address of each bank.
        for (parity, columns) in spread(&rows, &columns, 2).into_iter().enumerate() {
            for (index, column) in columns.into_iter().enumerate() {
                places[column] = Place { bank, address: 2 * index + parity };
            }
        }
    }
    places
}

/// Deals `columns` out to `bins` bins of equal size (the first may have more), so that the edges of each row are spread.
fn spread(rows: &[Vec<usize>], columns: &[usize], bins: usize) -> Vec<Vec<usize>> {
    let most = columns.len().div_ceil(bins);
    let count = rows.iter().flatten().max().map_or(0, |last| last + 1);
    // Edges of each row in each bin.
    let mut edges = vec![vec![0_usize; count]; bins];
    let mut sizes = vec![0; bins];
    let mut bin_of = vec![0; columns.len()];
    let cost = |edges: &[usize], rows: &[usize]| rows.iter().map(|&row| edges[row]).sum::<usize>();

    // Those with the most edges first.
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(rows[columns[index]].len()));
    for &index in &order {
        let rows = &rows[columns[index]];
        let open = (0..bins).filter(|&bin| sizes[bin] < most);
        let best = open.min_by_key(|&bin| (cost(&edges[bin], rows), sizes[bin])).unwrap_or(0);
        bin_of[index] = best;
        sizes[best] += 1;
        for &row in rows {
            edges[best][row] += 1;
        }
    }
    // Then exchanges of two columns that help.
    for _ in 0..ROUNDS {
        let mut better = false;
        for a in 0..columns.len() {
            for b in 0..a {
                better |= exchange(&mut bin_of, &mut edges, (a, b), [&rows[columns[a]], &rows[columns[b]]]);
            }
        }
        if !better {
            break;
        }
    }
    let mut dealt = vec![Vec::new(); bins];
    columns.iter().zip(bin_of).for_each(|(&column, bin)| dealt[bin].push(column));
    dealt
}

/// Exchanges the bins of two columns if that makes the sum of the squares of `edges` smaller.
fn exchange(
    bin_of: &mut [usize],
    edges: &mut [Vec<usize>],
    (a, b): (usize, usize),
    rows: [&[usize]; 2],
) -> bool {
    let bins = [bin_of[a], bin_of[b]];
    if bins[0] == bins[1] {
        return false;
    }
    let sum = |bin: usize, rows: &[usize]| rows.iter().map(|&row| edges[bin][row] as isize).sum::<isize>();
    // Moving an edge of a row from x to y edges changes the sum of squares by 2·(y − x + 1); rows of both do not change.
    let common = rows[0].iter().filter(|row| rows[1].binary_search(row).is_ok()).count() as isize;
    let moved =
        |rows: &[usize], from: usize, to: usize| sum(to, rows) - sum(from, rows) + rows.len() as isize;
    if moved(rows[0], bins[0], bins[1]) + moved(rows[1], bins[1], bins[0]) - 2 * common >= 0 {
        return false;
    }
    for (rows, from, to) in [(rows[0], bins[0], bins[1]), (rows[1], bins[1], bins[0])] {
        for &row in rows {
            edges[from][row] -= 1;
            edges[to][row] += 1;
        }
    }
    bin_of.swap(a, b);
    true
}
