//! The documents of a session as PDF: the decision (决定书), the survey record (现场勘验笔录), the receipt's slip (会审回执); and
//! those of its case: one-time notice (一次性告知书), acceptance (受理通知书) and non-acceptance (不予受理), undertaking
//! (容缺受理承诺书), rectification notice (限期整改通知书), service proof (送达回证).
//!
//! Content in, bytes out: the content is the domain's and is fixed before; here it is laid out. The same content gives the same
//! bytes (dates come from the content, never from a clock), and what people wrote is shown as text, never read as markup.
//! Output is PDF/A-2b with its fonts inside. Each paper but the receipt's slip ends with a check code and, once the server's key
//! has signed the content's digest, a QR code of digest, key id and signature ([`Attestation`]).
//!
//! What it does not do: decide what a document says, keep or send it, sign it. The seal drawn is an example and says so; a
//! licensed electronic seal is applied to the finished file by whoever holds it.

mod attestation;
mod decision;
mod engine;
mod error;
mod fonts;
mod letter;
mod letters;
mod receipt;
mod record;
mod service;
mod words;

pub use attestation::Attestation;
pub use decision::{Status, decision};
pub use error::DocumentError;
pub use letters::{
    acceptance_slip, non_acceptance_slip, one_time_notice, rectification_notice, supply_undertaking,
};
pub use receipt::{ReceiptSlip, receipt};
pub use record::survey_record;
pub use service::service_proof;
