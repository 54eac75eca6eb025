//! What the server itself must remember of a session beside the domain's fold: seats given, recording, receipts owed.
//!
//! Folded from the journal alone, so that a restart knows what was still owed (effects are idempotent).

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::event::{DepartureCause, Scheduled};
use kanjie_domain::{Event, PersonId, Recorded, Role, SeatId};
use kanjie_evidence::{Hash, Receipt, ReceiptKind};

/// A receipt that the applicant's side is owed: over entry `seq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub kind: ReceiptKind,
    pub seq: u64,
    pub head: Hash,
    pub content: Option<Hash>,
    pub pdf: Option<Hash>,
}

#[derive(Clone, Debug)]
pub struct Ledger {
    /// Persons for whom leaving is receipted.
    applicant_side: BTreeSet<PersonId>,
    seats: BTreeMap<PersonId, SeatId>,
    /// Wall clock of the first recorded segment: the zero of the recording's time line, UTC µs.
    pub recording_since: Option<i64>,
    /// Journalled as opened and not yet as closed: segment → track.
    pub open_segments: BTreeMap<String, String>,
    /// Number of the last checkpoint journalled.
    pub checkpoint: u64,
    /// Further devices on personal links, by their number.
    pub devices: BTreeSet<(PersonId, u32)>,
    /// Content and PDF of each sealed decision.
    sealed: BTreeMap<Hash, Hash>,
    /// Contents.
    announced: Vec<Hash>,
    pub receipts: Vec<Receipt>,
    owed: Vec<Owed>,
    /// Entries that a receipt refers to and the events that still want something rendered.
    pub closed: bool,
}

/// Whether a receipt is made over this event's entry, so that a checkpoint must stand right before it.
#[must_use]
pub fn is_receipted(event: &Event, applicant_side: impl Fn(&PersonId) -> bool) -> bool {
    match event {
        Event::Announced { .. } | Event::Ended { .. } | Event::Closed => true,
        Event::Departed { person, .. } => applicant_side(person),
        _ => false,
    }
}

impl Ledger {
    #[must_use]
    pub fn new(scheduled: &Scheduled) -> Self {
        let applicant_side = scheduled
            .participants
            .iter()
            .filter(|p| p.roles.contains(&Role::Applicant) || p.roles.contains(&Role::Agent))
            .map(|p| p.person.clone())
            .collect();
        Self {
            applicant_side,
            seats: BTreeMap::new(),
            recording_since: None,
            open_segments: BTreeMap::new(),
            checkpoint: 0,
            devices: BTreeSet::new(),
            sealed: BTreeMap::new(),
            announced: Vec::new(),
            receipts: Vec::new(),
            owed: Vec::new(),
            closed: false,
        }
    }

    #[must_use]
    pub fn is_applicant_side(&self, person: &PersonId) -> bool {
        self.applicant_side.contains(person)
    }

    pub fn fold(&mut self, seq: u64, head: Hash, recorded: &Recorded) {
        if is_receipted(&recorded.event, |person| self.is_applicant_side(person)) {
            self.owe(seq, head, &recorded.event);
        }
        match &recorded.event {
            Event::Arrived { person, seat, .. } => {
                self.seats.insert(person.clone(), seat.clone());
            }
            Event::DeviceAdded { person, number, .. } => {
                self.devices.insert((person.clone(), *number));
            }
            Event::SegmentOpened { segment, track, .. } => {
                self.recording_since.get_or_insert(recorded.at);
                self.open_segments.insert(segment.clone(), track.clone());
            }
            Event::SegmentClosed { segment, .. } => {
                self.open_segments.remove(segment);
            }
            Event::Checkpoint { number, .. } => self.checkpoint = *number,
            Event::DecisionSealed {
                content_digest,
                pdf_digest,
                ..
            } => {
                let sealed: Option<(Hash, Hash)> =
                    content_digest.parse().ok().zip(pdf_digest.parse().ok());
                self.sealed.extend(sealed);
            }
            Event::ReceiptIssued { receipt } => {
                if let Ok(receipt) = Receipt::from_value(receipt) {
                    self.owed.retain(|owed| owed.seq != receipt.body().seq);
                    self.receipts.push(receipt);
                }
            }
            Event::Closed => self.closed = true,
            _ => {}
        }
    }

    fn owe(&mut self, seq: u64, head: Hash, event: &Event) {
        let kind = match event {
            Event::Announced { .. } => ReceiptKind::Announced,
            Event::Ended { .. } => ReceiptKind::Ended,
            Event::Departed {
                cause: DepartureCause::Left | DepartureCause::Removed | DepartureCause::Revoked,
                ..
            } => ReceiptKind::Left,
            _ => ReceiptKind::Closed,
        };
        let told = match event {
            Event::Announced { content_digest, .. } => content_digest.parse().ok(),
            _ => None,
        };
        self.announced.extend(told);
        // A later receipt names the one decision there is; of several it commits to all by its head, and names none.
        let only = match self.announced.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let content = told.or(only);
        self.owed.push(Owed {
            kind,
            seq,
            head,
            content,
            pdf: content.and_then(|content| self.sealed.get(&content).copied()),
        });
    }

    /// The receipts not yet issued, oldest first.
    #[must_use]
    pub fn owed(&self) -> &[Owed] {
        &self.owed
    }

    /// A person's seat: the one held before unless another has it by now, else the next free name (`s1`, `s2`, …).
    /// `taken`: seats of others that the journal may not know yet.
    #[must_use]
    pub fn seat_for(&self, person: &PersonId, taken: &BTreeSet<&SeatId>) -> SeatId {
        if let Some(seat) = self.seats.get(person).filter(|seat| !taken.contains(seat)) {
            return seat.clone();
        }
        let last = self
            .seats
            .values()
            .chain(taken.iter().copied())
            .filter_map(|seat| seat.0.strip_prefix('s')?.parse::<u32>().ok())
            .max()
            .unwrap_or(0);
        SeatId(format!("s{}", last + 1))
    }

    /// Persons whose last seat is `seat`.
    pub fn at_seat<'a>(&'a self, seat: &'a SeatId) -> impl Iterator<Item = &'a PersonId> {
        self.seats
            .iter()
            .filter(move |(_, s)| *s == seat)
            .map(|(person, _)| person)
    }
}
