//! The stages of a case, each with the data that only it has.

use jiff::civil::Date;

use super::event::DecisionFacts;
use super::words::{MissingItem, Route, ServiceMethod, Slip};

/// pre_review → received → one_time_notice → accepted | not_accepted → in_review → granted | refused → served → closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No legal clock yet.
    PreReview,
    Received(Receipt),
    OneTimeNotice(Notice),
    Accepted(Acceptance),
    NotAccepted(NonAcceptance),
    InReview(Acceptance),
    Granted(Decided),
    Refused(Decided),
    Served(Decided, Service),
    Closed(Conclusion),
    Withdrawn(Withdrawal),
}

/// 收件 of one submission; times UTC µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub submission: u32,
    pub at: i64,
}

/// R01.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub receipt: Receipt,
    pub at: i64,
    pub missing: Vec<MissingItem>,
}

/// R03.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    pub receipt: Receipt,
    pub at: i64,
    /// The clock counts from the working day after it.
    pub on: Date,
    pub route: Route,
    pub slip: Slip,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonAcceptance {
    pub receipt: Receipt,
    pub at: i64,
    pub reason: String,
    pub slip: Slip,
}

/// Granted or refused, as announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Absent in a case that was made for one session alone.
    pub acceptance: Option<Acceptance>,
    pub at: i64,
    pub decision: DecisionFacts,
    pub licence: Option<Licence>,
}

/// R08.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    pub number: String,
    pub pdf_digest: String,
    pub at: i64,
}

/// 送达, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub at: i64,
    pub method: ServiceMethod,
    pub to: String,
    pub proof_digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    pub at: i64,
    pub reason: String,
    /// Whether the clock had begun.
    pub acceptance: Option<Acceptance>,
}

/// How a closed case came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    Served(Decided, Service),
    NotAccepted(NonAcceptance),
    Withdrawn(Withdrawal),
}

impl Stage {
    /// As in rules.md.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PreReview => "pre_review",
            Self::Received(_) => "received",
            Self::OneTimeNotice(_) => "one_time_notice",
            Self::Accepted(_) => "accepted",
            Self::NotAccepted(_) => "not_accepted",
            Self::InReview(_) => "in_review",
            Self::Granted(_) => "granted",
            Self::Refused(_) => "refused",
            Self::Served(..) => "served",
            Self::Closed(_) => "closed",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// The receipt that the acceptance answers, from 收件 on.
    #[must_use]
    pub const fn receipt(&self) -> Option<Receipt> {
        match self {
            Self::Received(receipt) => Some(*receipt),
            Self::OneTimeNotice(notice) => Some(notice.receipt),
            Self::NotAccepted(no) | Self::Closed(Conclusion::NotAccepted(no)) => Some(no.receipt),
            _ => match self.acceptance() {
                Some(acceptance) => Some(acceptance.receipt),
                None => None,
            },
        }
    }

    /// The acceptance, from it on.
    #[must_use]
    pub const fn acceptance(&self) -> Option<&Acceptance> {
        match self {
            Self::Accepted(acceptance) | Self::InReview(acceptance) => Some(acceptance),
            Self::Withdrawn(withdrawal) | Self::Closed(Conclusion::Withdrawn(withdrawal)) => {
                withdrawal.acceptance.as_ref()
            }
            _ => match self.decided() {
                Some(decided) => decided.acceptance.as_ref(),
                None => None,
            },
        }
    }

    /// The decision, from it on.
    #[must_use]
    pub const fn decided(&self) -> Option<&Decided> {
        match self {
            Self::Granted(decided)
            | Self::Refused(decided)
            | Self::Served(decided, _)
            | Self::Closed(Conclusion::Served(decided, _)) => Some(decided),
            _ => None,
        }
    }

    #[must_use]
    pub const fn service(&self) -> Option<&Service> {
        match self {
            Self::Served(_, service) | Self::Closed(Conclusion::Served(_, service)) => {
                Some(service)
            }
            _ => None,
        }
    }
}
