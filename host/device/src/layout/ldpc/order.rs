//! The order of rows and edges in which the interlocks of the device seldom wait: TABLES.md §2.
//!
//! The compiler plays one iteration cycle by cycle, as the hardware would run it, and decides on the way. In each cycle and
//! bank it gathers an edge whose column has been written back, and scatters the edge whose column is needed soonest.

use super::places::Place;
use super::split::Split;

/// Cycles from the last gather entry of a row to its first scatter entry, and from that to the next gather of a column.
const GATHER_LATENCY: usize = 4;
const SCATTER_LATENCY: usize = 6;

/// How many rows ahead the next one to gather is chosen from.
const WINDOW: usize = 64;

/// An entry: for each bank the index of an edge in the row, if any.
pub(super) type Slots = Vec<Option<usize>>;

/// The order of everything.
#[derive(Debug)]
pub(super) struct Order {
    /// The rows as the device takes them.
    pub(super) rows: Vec<usize>,
    /// The gather entries of each row, in this order of rows.
    pub(super) gather: Vec<Vec<Slots>>,
    /// The scatter entries of each row.
    pub(super) scatter: Vec<Vec<Slots>>,
    /// Cycles of one iteration, from the first gather entry to the last posterior.
    pub(super) cycles: usize,
}

/// Orders the edges of `code` for `banks` banks. `eager`: an entry is made as soon as a bank has an edge, which is faster
/// but makes more entries; otherwise when all banks have one that have any left.
pub(super) fn plan(code: &Split, places: &[Place], banks: usize, eager: bool) -> Order {
    let mut plan = Plan::new(code, places, banks, eager);
    while plan.scattered < code.rows.len() {
        plan.gather();
        plan.scatter();
        plan.now += 1;
    }
    plan.order.cycles = plan.now + SCATTER_LATENCY;
    plan.order
}

struct Plan<'a> {
    code: &'a Split,
    places: &'a [Place],
    banks: usize,
    eager: bool,
    now: usize,
    order: Order,
    /// Rows of each column, and how many of them have been gathered.
    rows_of: Vec<Vec<usize>>,
    gathered_of: Vec<usize>,
    /// When each column may be gathered; `usize::MAX` while it waits to be scattered.
    ready: Vec<usize>,
    /// The longest chain of rows from each row on, each sharing a column with the next.
    chain: Vec<usize>,
    waiting: Vec<usize>,
    /// Edges left of the row that is being gathered, and of the one that is being scattered.
    gathering: Vec<usize>,
    scattering: Vec<usize>,
    /// When the sums of each row of the order are complete.
    complete: Vec<usize>,
    scattered: usize,
}

impl<'a> Plan<'a> {
    fn new(code: &'a Split, places: &'a [Place], banks: usize, eager: bool) -> Self {
        let rows_of = code.rows_of_columns();
        let mut chain = vec![1; code.rows.len()];
        for rows in (0..code.rows.len()).rev() {
            let next = code.rows[rows].iter().filter_map(|entry| after(&rows_of[entry.column], rows));
            chain[rows] = 1 + next.map(|next| chain[next]).max().unwrap_or(0);
        }
        Self {
            code,
            places,
            banks,
            eager,
            now: 0,
            order: Order { rows: Vec::new(), gather: Vec::new(), scatter: Vec::new(), cycles: 0 },
            gathered_of: vec![0; code.columns],
            ready: vec![0; code.columns],
            chain,
            waiting: (0..code.rows.len()).collect(),
            gathering: Vec::new(),
            scattering: Vec::new(),
            complete: Vec::new(),
            scattered: 0,
            rows_of,
        }
    }

    fn column(&self, row: usize, edge: usize) -> usize {
        self.code.rows[row][edge].column
    }

    /// How urgently the column of an edge is needed after its row: smaller is sooner.
    fn urgency(&self, row: usize, edge: usize) -> (isize, usize) {
        let next = after(&self.rows_of[self.column(row, edge)], row);
        next.map_or((0, usize::MAX), |next| (-(self.chain[next] as isize), next))
    }

    /// A row that may be gathered next: all earlier rows of its columns are, and a column of it is ready.
    fn open_row(&mut self) {
        let eligible = |&row: &usize| {
            let columns = self.code.rows[row].iter().map(|entry| entry.column);
            let mut ready = false;
            for column in columns {
                if self.rows_of[column].get(self.gathered_of[column]) != Some(&row) {
                    return false;
                }
                ready |= self.ready[column] <= self.now;
            }
            ready
        };
        let ahead = self.waiting.iter().take(WINDOW).copied().filter(eligible);
        let Some(row) = ahead.min_by_key(|&row| (-(self.chain[row] as isize), row)) else { return };
        self.waiting.retain(|&other| other != row);
        self.order.rows.push(row);
        self.order.gather.push(Vec::new());
        self.gathering = (0..self.code.rows[row].len()).collect();
    }

    fn gather(&mut self) {
        if self.gathering.is_empty() {
            self.open_row();
        }
        let Some(&row) = self.order.rows.last().filter(|_| !self.gathering.is_empty()) else { return };
        let mut entry: Slots = vec![None; self.banks];
        let mut short = false;
        for (bank, slot) in entry.iter_mut().enumerate() {
            let left = self.gathering.iter().copied();
            let of_bank = left.filter(|&edge| self.places[self.column(row, edge)].bank == bank);
            let ready = of_bank.clone().filter(|&edge| self.ready[self.column(row, edge)] <= self.now);
            *slot = ready.min_by_key(|&edge| self.urgency(row, edge));
            short |= slot.is_none() && of_bank.count() > 0;
        }
        if entry.iter().all(Option::is_none) || (short && !self.eager) {
            return;
        }
        for &edge in entry.iter().flatten() {
            let column = self.column(row, edge);
            self.ready[column] = usize::MAX;
            self.gathered_of[column] += 1;
            self.gathering.retain(|&other| other != edge);
        }
        self.order.gather.last_mut().expect("a row is open").push(entry);
        if self.gathering.is_empty() {
            self.complete.push(self.now + GATHER_LATENCY);
        }
    }

    fn scatter(&mut self) {
        if self.complete.get(self.scattered).is_none_or(|&complete| self.now < complete) {
            return;
        }
        let row = self.order.rows[self.scattered];
        if self.scattering.is_empty() {
            self.order.scatter.push(Vec::new());
            self.scattering = (0..self.code.rows[row].len()).collect();
        }
        let mut entry: Slots = vec![None; self.banks];
        for (bank, slot) in entry.iter_mut().enumerate() {
            let left = self.scattering.iter().copied();
            let of_bank = left.filter(|&edge| self.places[self.column(row, edge)].bank == bank);
            *slot = of_bank.min_by_key(|&edge| self.urgency(row, edge));
        }
        for &edge in entry.iter().flatten() {
            let column = self.column(row, edge);
            self.ready[column] = self.now + SCATTER_LATENCY;
            self.scattering.retain(|&other| other != edge);
        }
        self.order.scatter.last_mut().expect("a row is open").push(entry);
        if self.scattering.is_empty() {
            self.scattered += 1;
        }
    }
}

/// The first of the ascending `rows` behind `row`.
fn after(rows: &[usize], row: usize) -> Option<usize> {
    rows.get(rows.partition_point(|&other| other <= row)).copied()
}
