//! A session's papers are worded as the version with which its case began says.

use std::process::Command;
use std::sync::Arc;

use kanjie_domain::Session;
use kanjie_domain::testing::{self, Play};
use kanjie_evidence::{Receipt, ReceiptBody, ReceiptKind, h};

use super::papers::{Wanted, decision_draft, draft, render};
use super::slips;
use crate::cases::published;
use crate::services::Services;
use crate::testing::TestApp;

const TITLES: [&str; 3] = ["本区勘验笔录", "本区准予许可决定书", "本区会审回执"];

/// What a reader can select and copy, without white space.
fn said(pdf: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("paper.pdf");
    std::fs::write(&path, pdf).unwrap();
    let done = Command::new("pdftotext").arg(&path).arg("-").output();
    let text = String::from_utf8(done.unwrap().stdout).unwrap();
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// A session that announced a grant, of a case that began with that version.
fn announced(version: &str) -> Session {
    let Play { mut session, .. } = testing::announced().unwrap();
    session.scheduled.template.version = version.to_owned();
    session
}

/// A version of the bureau's own beside the example.
async fn own_texts(services: &Services) {
    let mut own = kanjie_domain::template_versions().swap_remove(0);
    own.from = "2026-11-01".parse().unwrap();
    own.template.version = String::from("本区-1");
    own.guide.version = String::from("本区-1");
    own.texts.survey_record.title = TITLES[0].to_owned();
    own.texts.decision.granted_title = TITLES[1].to_owned();
    own.texts.receipt.title = TITLES[2].to_owned();
    let row = published::row(&own).unwrap();
    services.store.put_catalogue(&[row]).await.unwrap();
}

fn receipt(services: &Services) -> Receipt {
    let body = ReceiptBody {
        content_digest: None,
        head: h(&[b"head"]),
        issued_at: 1_795_510_800_000_000,
        kind: ReceiptKind::Announced,
        number: 1,
        pdf_digest: None,
        previous: None,
        seq: 7,
        session: String::from("session-1"),
        v: 1,
    };
    Receipt::issue(body, services.signer.as_ref()).unwrap()
}

/// Record, decision, its preview and the slip of its receipt, as text.
async fn papers(services: &Services, session: &Session) -> [String; 4] {
    let dir = tempfile::tempdir().unwrap();
    let mut texts = Vec::new();
    for wanted in [Wanted::Record, Wanted::Decision(String::from("case-1"))] {
        let draft = draft(&wanted, session, "示例〔2026〕1号").unwrap();
        let digest = draft.digest.to_string();
        let signer = Arc::clone(&services.signer);
        let place = dir.path().to_owned();
        render(&services.store, place.clone(), draft, signer)
            .await
            .unwrap();
        let path = super::papers::path(&place, wanted.kind(), &digest, "pdf");
        texts.push(said(&std::fs::read(path).unwrap()));
        if wanted != Wanted::Record {
            let preview = decision_draft(&services.store, place, digest).await;
            texts.push(said(&preview.unwrap()));
        }
    }
    let receipt = receipt(services);
    let place = dir.path().to_owned();
    let slip = slips::slip(&services.store, place, session, &[receipt], 1).await;
    texts.push(said(&slip.unwrap().unwrap()));
    texts.try_into().unwrap()
}

#[tokio::test]
async fn a_sessions_papers_are_worded_by_the_version_of_its_case() {
    let app = TestApp::new().await;
    own_texts(&app.services).await;
    let [record, decision, preview, slip] = papers(&app.services, &announced("本区-1")).await;
    let own = [&record, &decision, &preview, &slip];
    for (text, title) in own.iter().zip([TITLES[0], TITLES[1], TITLES[1], TITLES[2]]) {
        assert!(text.contains(title), "{title} is not in {text}");
    }
    // The example goes on as it was, and so does whatever has no version in the catalogue.
    for version in ["示例-1", "示例-0"] {
        let texts = papers(&app.services, &announced(version)).await;
        let titles = [
            "现场勘验笔录",
            "准予行政许可决定书",
            "准予行政许可决定书",
            "会审回执",
        ];
        for (text, title) in texts.iter().zip(titles) {
            assert!(text.contains(title), "{title} is not in {text}");
            assert!(TITLES.iter().all(|own| !text.contains(own)));
        }
    }
}
