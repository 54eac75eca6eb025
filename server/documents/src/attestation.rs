//! What stands at the end of each paper: check code, and the server's signature over the content's digest as a QR code.

use kanjie_domain::papers::{CheckCode, PaperTexts};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::Serialize;

use crate::DocumentError;
use crate::words::clean;

/// The digest of a paper's content (SHA-256 of its canonical JSON), with the key's signature over it or, before there is one,
/// without. The signature is Ed25519 over [`Attestation::message`]; it is printed, not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    digest: String,
    code: CheckCode,
    signature: Option<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    key: String,
    signature: String,
}

/// The text of the QR code; the fields in the order of canonical JSON.
#[derive(Debug, Serialize)]
struct Code<'a> {
    digest: &'a str,
    key: &'a str,
    signature: &'a str,
    v: u8,
}

/// As the templates show it.
#[derive(Debug, Serialize)]
pub(crate) struct Proof {
    heading: String,
    code: String,
    digest: String,
    /// Empty without a signature: then there is no picture either.
    key: String,
    explanation: String,
}

impl Attestation {
    /// # Errors
    /// When the digest is not 64 lower-case hex digits.
    pub fn unsigned(digest: &str) -> Result<Self, DocumentError> {
        let code = CheckCode::of_digest(digest)
            .map_err(|_| DocumentError::Attestation { part: "digest" })?;
        Ok(Self {
            digest: digest.to_owned(),
            code,
            signature: None,
        })
    }

    /// `key`: the key's id, 16 hex digits; `signature`: 128.
    ///
    /// # Errors
    /// When one of them is not lower-case hex of its length.
    pub fn signed(digest: &str, key: &str, signature: &str) -> Result<Self, DocumentError> {
        hex("key", key, 16)?;
        hex("signature", signature, 128)?;
        Ok(Self {
            signature: Some(Signature {
                key: key.to_owned(),
                signature: signature.to_owned(),
            }),
            ..Self::unsigned(digest)?
        })
    }

    /// What the key signs: no signature over a digest of another kind can stand for it.
    #[must_use]
    pub fn message(digest: &str) -> Vec<u8> {
        format!("kanjie paper v1\n{digest}").into_bytes()
    }

    pub(crate) const fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Digest, key id and signature and nothing else, as SVG; `None` without a signature.
    pub(crate) fn picture(&self) -> Result<Option<String>, DocumentError> {
        let Some(Signature { key, signature }) = &self.signature else {
            return Ok(None);
        };
        let code = Code {
            digest: &self.digest,
            key,
            signature,
            v: 1,
        };
        let text = serde_json::to_string(&code).map_err(DocumentError::Content)?;
        qr(&text).map(Some)
    }

    pub(crate) fn proof(&self, texts: &PaperTexts) -> Result<Proof, DocumentError> {
        let words = &texts.verification;
        let (key, explanation) = match &self.signature {
            Some(signature) => (signature.key.clone(), &words.signed),
            None => (String::new(), &words.unsigned),
        };
        Ok(Proof {
            heading: clean(&words.heading)?,
            code: self.code.to_string(),
            digest: self.digest.clone(),
            key,
            explanation: clean(explanation)?,
        })
    }
}

fn hex(part: &'static str, text: &str, digits: usize) -> Result<(), DocumentError> {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(hex) {
        return Err(DocumentError::Attestation { part });
    }
    Ok(())
}

/// Level M: a fold or a drop of water may cost 15 % of the code.
pub(crate) fn qr(text: &str) -> Result<String, DocumentError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(DocumentError::ReceiptTooLong)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .quiet_zone(true)
        .module_dimensions(4, 4)
        .build())
}
