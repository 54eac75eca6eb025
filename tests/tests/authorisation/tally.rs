//! Which cells were driven, and what the surface said otherwise than the table.

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::authority::Act;

use crate::expected::{Answer, Cell, Table, is_denial};
use crate::seats::Seat;

pub struct Tally {
    pub table: Table,
    driven: BTreeSet<Cell>,
    done: BTreeSet<Cell>,
    otherwise: Vec<String>,
}

/// What a caller heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Done,
    /// With this code.
    Refused(String),
}

impl Tally {
    pub fn new() -> Self {
        Self {
            table: Table::read(),
            driven: BTreeSet::new(),
            done: BTreeSet::new(),
            otherwise: Vec::new(),
        }
    }

    /// Compares what was heard of an act with the cell, and counts it.
    pub fn heard(&mut self, act: Act, seat: &Seat, heard: &Heard) {
        let expected = self.table.answer((act, seat.role, seat.relation));
        let same = match (&expected, heard) {
            (Answer::Open, Heard::Done) => true,
            (Answer::Open, Heard::Refused(code)) => !is_denial(code),
            (Answer::Denied(code), Heard::Refused(said)) => code == said,
            (Answer::Hidden, Heard::Refused(said)) => said == "not_found",
            (Answer::Denied(_) | Answer::Hidden, Heard::Done) => false,
        };
        if *heard == Heard::Done {
            self.done.insert((act, seat.role, seat.relation));
        }
        self.count(act, seat, same, &format!("{expected:?}, heard {heard:?}"));
    }

    /// The same of something read: a refusal of whatever kind is none of the table's.
    pub fn read(&mut self, act: Act, seat: &Seat, read: &Answer) {
        let expected = self.table.answer((act, seat.role, seat.relation));
        let same = expected == *read;
        self.count(act, seat, same, &format!("{expected:?}, read {read:?}"));
    }

    fn count(&mut self, act: Act, seat: &Seat, same: bool, what: &str) {
        self.driven.insert((act, seat.role, seat.relation));
        if !same {
            let (area, name) = (act.area(), act.name());
            self.say(format!(
                "{area} {name}: {:?} {:?} ({} toward {:?}): {what}",
                seat.role, seat.relation, seat.who, seat.of
            ));
        }
    }

    pub fn say(&mut self, what: String) {
        self.otherwise.push(what);
    }

    /// Every cell was driven, or it stands in a list with a reason; never both.
    #[allow(clippy::print_stdout, reason = "the figures, for who asks")]
    pub fn assert_complete(&self, why_not: impl Fn(Cell) -> Option<&'static str>) {
        let mut areas: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        let mut wrong = self.otherwise.clone();
        for cell in self.table.cells() {
            let why = why_not(*cell);
            let driven = self.driven.contains(cell);
            areas.entry(cell.0.area()).or_default()[usize::from(driven)] += 1;
            if driven == why.is_some() {
                wrong.push(format!("{cell:?} driven: {driven}, left out: {why:?}"));
            }
        }
        let done = self.done.len();
        println!("cells left out and driven: {areas:?}; acts done: {done}");
        assert!(
            wrong.is_empty(),
            "{} cells:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}
