//! The documents of a session as PDF: the decision (决定书), the survey record (现场勘验笔录), the receipt's slip (会审回执).
//!
//! Content in, bytes out: the content is the domain's and is fixed before; here it is laid out. The same content gives the same
//! bytes (dates come from the content, never from a clock), and what people wrote is shown as text, never read as markup.
//! Output is PDF/A-2b with its fonts inside.
//!
//! What it does not do: decide what a document says, keep or send it, sign it. The seal drawn is an example and says so; a
//! licensed electronic seal is applied to the finished file by whoever holds it.

mod decision;
mod engine;
mod error;
mod fonts;
mod receipt;
mod record;
mod words;

pub use decision::{Status, decision};
pub use error::DocumentError;
pub use receipt::{ReceiptSlip, receipt};
pub use record::survey_record;
