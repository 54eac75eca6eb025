//! What one session may hold, so that nobody can bloat a journal. Lengths in characters.

use crate::refusal::{Code, Refusal};

/// Ids, devices, units: what is not prose.
pub const TOKEN: usize = 128;
/// Names, notes, one-line reasons.
pub const SHORT: usize = 500;
/// A line of the chat.
pub const CHAT: usize = 1_000;
/// Statements, opinions, conclusions, reasons.
pub const LONG: usize = 8_000;
/// Legal bases of one decision.
pub const BASES: usize = 20;
/// Pieces of evidence.
pub const EVIDENCE: usize = 2_000;
/// Bytes of one still.
pub const EVIDENCE_BYTES: u64 = 20 * 1024 * 1024;
/// Annotations.
pub const ANNOTATIONS: usize = 2_000;
/// Strokes of one annotation, and points of all of them.
pub const STROKES: usize = 64;
pub const POINTS: usize = 4_096;
/// Pieces of evidence under one answer.
pub const EVIDENCE_PER_ANSWER: usize = 50;
/// Opinions, statements.
pub const OPINIONS: usize = 500;
pub const STATEMENTS: usize = 50;
/// Times that an on-site survey is asked for.
pub const ON_SITE_REQUESTS: usize = 50;
/// Lines of chat in all.
pub const SAID: u32 = 5_000;
/// Entries one person may cause; acts that are his right (leaving, signing, acknowledging) are beside it.
pub const ENTRIES_STAFF: u32 = 20_000;
pub const ENTRIES_OTHERS: u32 = 4_000;
/// Media tokens that are good at once, and ever issued; characters of a source's name.
pub const MEDIA_TOKENS: usize = 20;
pub const MEDIA_TOKENS_EVER: usize = 500;
pub const SOURCE_NAME: usize = 64;
/// Admissions of one person.
pub const STAYS: usize = 200;

/// Of a case: lines of a guide's list, files of one material, bytes of a file.
pub const MATERIALS: usize = 200;
pub const SUBMISSIONS: usize = 50;
pub const MATERIAL_BYTES: u64 = 200 * 1024 * 1024;
/// Of a case: agents, staff, departments, experts, interested parties.
pub const PEOPLE: usize = 200;
/// Times offered at once.
pub const SLOTS: usize = 20;
/// Sessions of a case, excluded periods, failed items named, cases of a bundle.
pub const SESSIONS: usize = 50;
pub const PERIODS: usize = 50;
pub const CASES: usize = 50;
/// Draws from the expert pool, approvals of operators.
pub const DRAWS: usize = 50;
pub const APPROVALS: usize = 200;
/// Passages claimed as, or masked for, a trade secret.
pub const PASSAGES: usize = 500;

/// Refuses what is longer than `most` characters.
///
/// # Errors
/// `text_too_long`.
pub fn text(text: &str, most: usize) -> Result<(), Refusal> {
    if text.chars().nth(most).is_some() {
        return Err(Code::TextTooLong.into());
    }
    Ok(())
}

/// Refuses what is empty or too long.
pub(crate) fn needed(value: &str, most: usize) -> Result<(), Refusal> {
    if value.trim().is_empty() {
        return Err(Code::TextMissing.into());
    }
    text(value, most)
}

/// Refuses a list that has reached its limit.
pub(crate) fn room_for_more(have: usize, most: usize) -> Result<(), Refusal> {
    if have >= most {
        return Err(Code::LimitReached.into());
    }
    Ok(())
}
