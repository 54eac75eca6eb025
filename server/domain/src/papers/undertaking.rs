//! 容缺受理承诺书: what the applicant promises to hand in later, until when, and what follows if not (R11, R12).

use serde::{Deserialize, Serialize};

use super::texts::filled;
use super::{Issue, PaperHead, UndertakingWords, needed, not_before, some_of};
use crate::refusal::Refusal;

/// What is promised. The digest of this content is what the applicant signs, so the signature stands beside it, not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyUndertaking {
    #[serde(flatten)]
    pub head: PaperHead,
    pub items: Vec<UndertakenItem>,
    pub words: UndertakingWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndertakenItem {
    pub material: String,
    /// What is lacking of it.
    pub lacking: String,
    /// Civil date.
    pub due: String,
}

/// Who signed the digest, in what capacity, when (UTC µs) and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBy {
    pub name: String,
    /// `法定代表人`, `经办人`.
    pub capacity: String,
    pub at: i64,
    pub how: SignedHow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedHow {
    /// A one-time code sent to the registered phone.
    PhoneCode,
    Totp,
    Passkey,
    /// With a pen on the printed sheet, which is kept.
    Pen,
}

impl SupplyUndertaking {
    /// # Errors
    /// Nothing promised, an item without material or lack, a date before the undertaking's.
    pub fn new(issue: &Issue<'_>, items: Vec<UndertakenItem>) -> Result<Self, Refusal> {
        let texts = &issue.texts.undertaking;
        let undertaking = Self {
            head: PaperHead::new(issue, &texts.title),
            words: filled(texts, &issue.values()?)?,
            items,
        };
        undertaking.check()?;
        Ok(undertaking)
    }

    /// # Errors
    /// As for [`SupplyUndertaking::new`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.head.check()?;
        some_of("items", &self.items)?;
        for (index, item) in self.items.iter().enumerate() {
            needed(&format!("items/{index}/material"), &item.material)?;
            needed(&format!("items/{index}/lacking"), &item.lacking)?;
            not_before(&format!("items/{index}/due"), &item.due, &self.head.dated)?;
        }
        Ok(())
    }
}
