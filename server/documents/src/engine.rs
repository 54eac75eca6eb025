//! From a view (plain data) and a template to PDF bytes.

use std::sync::OnceLock;

use serde::Serialize;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Dict, IntoValue, Smart};
use typst_as_lib::TypstEngine;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::DocumentError;
use crate::fonts::fonts;

const TEMPLATES: [(&str, &str); 6] = [
    ("common.typ", include_str!("../templates/common.typ")),
    ("decision.typ", include_str!("../templates/decision.typ")),
    ("record.typ", include_str!("../templates/record.typ")),
    ("letter.typ", include_str!("../templates/letter.typ")),
    ("service.typ", include_str!("../templates/service.typ")),
    ("receipt.typ", include_str!("../templates/receipt.typ")),
];

/// `code`: an SVG picture for the template, where it shows one.
pub(crate) fn render(
    template: &'static str,
    view: &impl Serialize,
    code: Option<String>,
) -> Result<Vec<u8>, DocumentError> {
    let data = serde_json::to_string(view).map_err(DocumentError::Content)?;
    let mut inputs = Dict::new();
    inputs.insert("data".into(), data.into_value());
    if let Some(code) = code {
        inputs.insert("code".into(), code.into_value());
    }
    let document: PagedDocument = engine()?
        .compile_with_input(template, inputs)
        .output
        .map_err(|error| DocumentError::Layout(error.to_string()))?;
    let options = PdfOptions {
        // No version of a library in the bytes.
        creator: Smart::Custom(Some("Kanjie".to_owned())),
        standards: PdfStandards::new(&[PdfStandard::A_2b])
            .map_err(|error| DocumentError::Layout(error.message().to_string()))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| DocumentError::Layout(messages(&errors)))
}

fn engine() -> Result<&'static TypstEngine, DocumentError> {
    static ENGINE: OnceLock<TypstEngine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine);
    }
    let fonts = fonts()?;
    Ok(ENGINE.get_or_init(|| {
        TypstEngine::builder()
            .fonts(fonts.iter().cloned())
            .with_static_source_file_resolver(TEMPLATES)
            .build()
    }))
}

fn messages(errors: &[SourceDiagnostic]) -> String {
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    messages.join("; ")
}
