//! What the letters of a case have in common: head, addressee, numbered parts, and who stands under it.

use kanjie_domain::papers::{PaperHead, PaperTexts};
use serde::Serialize;

use crate::DocumentError;
use crate::attestation::{Attestation, Proof};
use crate::engine::render;
use crate::words::{DateParts, Fact, chinese_date, clean, clean_line, date_parts, parse_date};

#[derive(Debug, Serialize)]
pub(crate) struct Letter {
    title: String,
    authority: String,
    number: String,
    /// Whether it opens under the authority's red head; a party's own letter does not.
    official: bool,
    addressee: String,
    opening: String,
    blocks: Vec<Block>,
    date: String,
    date_parts: DateParts,
    close: Close,
    proof: Proof,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Block {
    Heading {
        text: String,
    },
    Paragraph {
        text: String,
    },
    /// `widths`: shares of the line; the first column of a numbered table is its numbering.
    Table {
        columns: Vec<String>,
        widths: Vec<u8>,
        rows: Vec<Vec<String>>,
    },
}

/// Who stands under it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Close {
    /// The authority with its seal.
    Sealed,
    /// A party, by a code.
    Signed { facts: Vec<Fact> },
}

/// Gathers the parts of a letter in their order.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<Block>);

impl Parts {
    pub(crate) fn heading(mut self, text: &str) -> Result<Self, DocumentError> {
        self.0.push(Block::Heading {
            text: clean_line(text)?,
        });
        Ok(self)
    }

    pub(crate) fn paragraph(mut self, text: &str) -> Result<Self, DocumentError> {
        if !text.trim().is_empty() {
            self.0.push(Block::Paragraph { text: clean(text)? });
        }
        Ok(self)
    }

    pub(crate) fn paragraphs(self, texts: &[String]) -> Result<Self, DocumentError> {
        texts
            .iter()
            .try_fold(self, |parts, text| parts.paragraph(text))
    }

    /// Numbered where there is more than one.
    pub(crate) fn list(self, texts: &[String]) -> Result<Self, DocumentError> {
        if let [text] = texts {
            return self.paragraph(text);
        }
        texts
            .iter()
            .enumerate()
            .try_fold(self, |parts, (index, text)| {
                parts.paragraph(&format!("{}．{text}", index + 1))
            })
    }

    pub(crate) fn table(
        mut self,
        columns: &[String],
        widths: &[u8],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<Self, DocumentError> {
        let cells = |row: &[String]| row.iter().map(|cell| clean(cell)).collect();
        let rows = rows.into_iter().map(|row| cells(&row));
        self.0.push(Block::Table {
            columns: cells(columns)?,
            widths: widths.to_vec(),
            rows: rows.collect::<Result<_, _>>()?,
        });
        Ok(self)
    }
}

/// The letter's words besides its head.
pub(crate) struct Body<'a> {
    pub opening: &'a str,
    pub parts: Parts,
    pub close: Close,
}

/// Lays out an official letter to the applicant, or the applicant's own letter where it is signed by him.
pub(crate) fn letter(
    head: &PaperHead,
    body: Body<'_>,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    let date = parse_date(&head.dated)?;
    let official = matches!(body.close, Close::Sealed);
    let addressee = if official {
        &head.case.applicant
    } else {
        &head.case.authority
    };
    let view = Letter {
        title: clean_line(&head.title)?,
        authority: clean_line(&head.case.authority)?,
        number: clean_line(&head.number)?,
        official,
        addressee: clean_line(addressee)?,
        opening: clean(body.opening)?,
        blocks: body.parts.0,
        date: chinese_date(date),
        date_parts: date_parts(date),
        close: body.close,
        proof: attestation.proof(texts)?,
    };
    render("letter.typ", &view, attestation.picture()?)
}
