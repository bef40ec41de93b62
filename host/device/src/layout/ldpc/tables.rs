//! [`Tables`]: a code as a device takes it, TABLES.md §1 and §2.

use std::sync::{Arc, Mutex, PoisonError};

use qkdpp_kernels::ldpc::Code;

use super::order::{self, Order, Slots};
use super::places::{self, Place};
use super::split::Split;
use crate::layout::{Capabilities, Unsupported};

/// Fields of a slot.
const PRESENT: u32 = 1 << 31;
const LAST: u32 = 1 << 30;
const OTHER: u32 = 16;

/// The sizes of a device that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    lanes: usize,
    banks: usize,
    columns: usize,
    entries: usize,
    rows: usize,
}

/// Where the word of a column lies and how it is turned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Index among the words of a frame.
    pub(super) word: usize,
    /// Lane i holds variable i + `turn`.
    pub(super) turn: usize,
}

/// A code for one size of device.
#[derive(Debug)]
pub struct Tables {
    /// Lanes of the device, and how many columns come and go at once.
    pub(super) lanes: usize,
    pub(super) group: usize,
    /// Lifting factor after the split, and rows for each row of the code.
    pub(super) z: usize,
    pub(super) parts: usize,
    /// The columns after the split.
    pub(super) columns: Vec<Column>,
    /// Words of a frame.
    pub(super) words: usize,
    /// The rows after the split, as the device takes them.
    pub(super) rows: Vec<usize>,
    cycles: usize,
    header: [u32; 8],
    /// Gather, scatter, check.
    entries: [Vec<u32>; 3],
}

impl Tables {
    /// The tables of `code` for a device: compiled once, then kept as long as they are among the last [`KEPT`] used.
    pub(super) fn of(code: &Code, capabilities: &Capabilities) -> Result<Arc<Self>, Unsupported> {
        static CACHE: Mutex<Vec<Cached>> = Mutex::new(Vec::new());
        let room = Room {
            lanes: capabilities.ldpc_lanes,
            banks: capabilities.ldpc_edges_per_cycle,
            columns: capabilities.ldpc_columns,
            entries: capabilities.ldpc_entries,
            rows: capabilities.ldpc_rows,
        };
        let lock = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |cache: &mut Vec<Cached>| {
            let index = cache.iter().position(|cached| cached.room == room && cached.code == *code)?;
            // The last used stands last.
            cache[index..].rotate_left(1);
            cache.last().map(|cached| Arc::clone(&cached.tables))
        };
        if let Some(tables) = find(&mut lock()) {
            return Ok(tables);
        }
        let tables = Arc::new(Self::compile(code, room)?);
        let mut cache = lock();
        if cache.len() == KEPT {
            cache.remove(0);
        }
        cache.push(Cached { code: code.clone(), room, tables: Arc::clone(&tables) });
        Ok(tables)
    }

    fn compile(code: &Code, room: Room) -> Result<Self, Unsupported> {
        let no = |what: &str| Unsupported(format!("{what} of {code:?}"));
        if !(8..=256).contains(&room.lanes)
            || !room.lanes.is_power_of_two()
            || ![1, 2, 4].contains(&room.banks)
        {
            return Err(no("an LDPC kernel of this size cannot run any code, so none"));
        }
        let banks = room.banks;
        let split = Split::new(code, room.lanes);
        if split.rows.len() > room.rows || split.columns > room.columns {
            return Err(no("the device has no room for the columns or rows"));
        }
        let places = places::choose(&split, banks);
        let depth = places.iter().map(|place| place.address + 1).max().unwrap_or(0);
        if depth > room.columns / banks {
            return Err(no("the device has no room for the columns"));
        }
        let fits = |order: &Order| {
            let entries = |rows: &[Vec<Slots>]| rows.iter().map(Vec::len).sum::<usize>();
            entries(&order.gather) <= room.entries && entries(&order.scatter) <= room.entries
        };
        let mut order = order::plan(&split, &places, banks, true);
        if !fits(&order) {
            order = order::plan(&split, &places, banks, false);
        }
        let turns = turns(&split, &order.rows);
        let entries = [
            gather(&split, &places, &order, &turns),
            scatter(&split, &places, &order),
            check(&split, &places, &order, (&turns, banks)),
        ];
        let counts = [entries[0].len() / banks, entries[1].len() / banks, entries[2].len() / (2 * banks)];
        if counts.iter().any(|&count| count > room.entries) {
            return Err(no("the device has no room for the tables"));
        }
        let [gather, scatter, check] = counts.map(|count| count as u32);
        let columns = places.iter().zip(&turns);
        let column =
            |(place, &turn): (&Place, &usize)| Column { word: place.address * banks + place.bank, turn };
        Ok(Self {
            lanes: room.lanes,
            group: banks.min(256 / room.lanes),
            z: split.z,
            parts: split.parts,
            columns: columns.map(column).collect(),
            words: depth * banks,
            header: [gather, scatter, check, split.rows.len() as u32, depth as u32, 0, 0, 0],
            cycles: order.cycles,
            rows: order.rows,
            entries,
        })
    }

    /// Cycles of an iteration, as planned: from its first gather entry to its last posterior.
    pub fn cycles(&self) -> usize {
        self.cycles
    }

    /// Beats of the input of the load job.
    pub(super) fn load_beats(&self) -> usize {
        1 + self.entries.iter().map(|words| words.len().div_ceil(8)).sum::<usize>()
    }

    /// The input of the load job.
    pub(super) fn load(&self) -> Vec<u64> {
        let mut words = Vec::new();
        for part in [&self.header[..], &self.entries[0], &self.entries[1], &self.entries[2]] {
            words.extend(
                part.chunks(2)
                    .map(|pair| u64::from(pair[0]) | pair.get(1).map_or(0, |&high| u64::from(high) << 32)),
            );
            words.resize(words.len().next_multiple_of(4), 0);
        }
        words
    }
}

/// Tables kept by [`Tables::of`]: more than a ladder of codes for two sizes of device.
const KEPT: usize = 48;

struct Cached {
    code: Code,
    room: Room,
    tables: Arc<Tables>,
}

/// For each column its shift in the last row that has it.
fn turns(code: &Split, rows: &[usize]) -> Vec<usize> {
    let mut turns = vec![0; code.columns];
    for entry in rows.iter().flat_map(|&row| &code.rows[row]) {
        turns[entry.column] = entry.shift;
    }
    turns
}

fn gather(code: &Split, places: &[Place], order: &Order, turns: &[usize]) -> Vec<u32> {
    let mut now = turns.to_vec();
    let mut words = Vec::new();
    for (&row, entries) in order.rows.iter().zip(&order.gather) {
        push_row(&mut words, entries, |edge| {
            let entry = code.rows[row][edge];
            let shift = turn(code.z, now[entry.column], entry.shift);
            now[entry.column] = entry.shift;
            shift << OTHER | places[entry.column].address as u32
        });
    }
    words
}

fn scatter(code: &Split, places: &[Place], order: &Order) -> Vec<u32> {
    let mut words = Vec::new();
    let mut first = 0;
    for ((&row, gathered), entries) in order.rows.iter().zip(&order.gather).zip(&order.scatter) {
        let mut taken = vec![0; code.rows[row].len()];
        for (index, slots) in gathered.iter().enumerate() {
            slots.iter().flatten().for_each(|&edge| taken[edge] = first + index);
        }
        first += gathered.len();
        push_row(&mut words, entries, |edge| {
            (taken[edge] as u32) << OTHER | places[code.rows[row][edge].column].address as u32
        });
    }
    words
}

fn check(code: &Split, places: &[Place], order: &Order, (turns, banks): (&[usize], usize)) -> Vec<u32> {
    let mut words = Vec::new();
    for &row in &order.rows {
        let mut edges = vec![Vec::new(); 2 * banks];
        for (edge, entry) in code.rows[row].iter().enumerate() {
            let place = places[entry.column];
            edges[2 * place.bank + place.address % 2].push(edge);
        }
        let count = edges.iter().map(Vec::len).max().unwrap_or(0);
        let entries: Vec<Slots> =
            (0..count).map(|index| edges.iter().map(|edges| edges.get(index).copied()).collect()).collect();
        push_row(&mut words, &entries, |edge| {
            let entry = code.rows[row][edge];
            let shift = turn(code.z, turns[entry.column], entry.shift);
            shift << OTHER | (places[entry.column].address / 2) as u32
        });
    }
    words
}

/// Appends the entries of one row; `fields` makes the lower bits of a slot.
fn push_row(words: &mut Vec<u32>, entries: &[Slots], mut fields: impl FnMut(usize) -> u32) {
    for (index, slots) in entries.iter().enumerate() {
        for (bank, slot) in slots.iter().enumerate() {
            let last = if index + 1 == entries.len() && bank == 0 { LAST } else { 0 };
            words.push(last | slot.map_or(0, |edge| PRESENT | fields(edge)));
        }
    }
}

/// By how much a column turned by `from` has to be rotated for an edge with shift `to`.
fn turn(z: usize, from: usize, to: usize) -> u32 {
    ((to + z - from) % z) as u32
}
