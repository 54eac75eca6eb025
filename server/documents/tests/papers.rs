//! The papers of a case, as the applicant reads them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod samples;

use common::{DIGEST, KEY, codes, decision_content, pages, record_content, squeeze, text};
use ed25519_dalek::{Signer, SigningKey, Verifier};
use kanjie_documents::{Attestation, DocumentError, Status, decision, survey_record};
use kanjie_domain::event::DecisionKind;
use kanjie_domain::papers::CheckCode;
use kanjie_domain::refusal::Code;
use samples::{All, digest_of};
use serde::Serialize;
use serde_json::json;

/// The key of the recording protocol's test vectors.
fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// As the server would: the digest of the content's canonical JSON, signed.
fn attested(content: &impl Serialize) -> (String, Attestation) {
    let digest = digest_of(content);
    let signature = key().sign(&Attestation::message(&digest));
    let signature = hex::encode(signature.to_bytes());
    let attestation = Attestation::signed(&digest, KEY, &signature).unwrap();
    (digest, attestation)
}

fn snapshot(name: &str, pdf: &[u8]) {
    insta::assert_snapshot!(name, common::lines(pdf));
}

#[test]
fn every_word_of_every_paper() {
    let all = All::new();
    for (name, pdf) in all.render(attested) {
        snapshot(name, &pdf);
    }
}

#[test]
fn every_paper_prints_its_digest_and_check_code_on_each_page_and_its_signature_verifies() {
    let all = All::new();
    for ((name, pdf), digest) in all.render(attested).into_iter().zip(all.digests()) {
        let printed = text(&pdf);
        let code = CheckCode::of_digest(&digest).unwrap();
        assert_eq!(printed.matches(&digest).count(), pages(&pdf), "{name}");
        let times = printed.matches(code.digits()).count();
        assert_eq!(
            times,
            pages(&pdf) + 1,
            "{name}: {code} at the foot and at the end"
        );

        let read: Vec<serde_json::Value> = codes(&pdf)
            .iter()
            .map(|code| serde_json::from_str(code).unwrap())
            .collect();
        let [read] = read.as_slice() else {
            panic!("{name}: {} codes", read.len());
        };
        let signature = read["signature"].as_str().unwrap();
        let whole = json!({"digest": digest, "key": KEY, "signature": signature, "v": 1});
        assert_eq!(*read, whole, "{name}: nothing else is in the code");
        let bytes: [u8; 64] = hex::decode(signature).unwrap().try_into().unwrap();
        let signature = ed25519_dalek::Signature::from_bytes(&bytes);
        key()
            .verifying_key()
            .verify(&Attestation::message(&digest), &signature)
            .unwrap();
    }
}

#[test]
fn every_paper_is_pdf_a_2b_and_the_same_twice() {
    let all = All::new();
    for ((name, pdf), (_, again)) in all.render(attested).iter().zip(all.render(attested)) {
        assert!(*pdf == again, "{name}");
        let raw = String::from_utf8_lossy(pdf);
        assert!(raw.contains("<pdfaid:part>2</pdfaid:part>"), "{name}");
        assert!(
            raw.contains("<pdfaid:conformance>B</pdfaid:conformance>"),
            "{name}"
        );
        assert!(pdf.len() < 2_000_000, "{name}: {} bytes", pdf.len());
    }
}

#[test]
fn r01_every_missing_material_stands_in_the_notice_however_many() {
    let all = All::new();
    let content = all.notice_of(40);
    let (_, attestation) = attested(&content);
    let pdf = kanjie_documents::one_time_notice(&content, &all.texts, &attestation).unwrap();
    let printed = text(&pdf);
    assert!(pages(&pdf) > 2);
    assert!(printed.contains("共40项"));
    for missing in &content.demand.materials {
        for said in [
            &missing.material,
            &missing.fault,
            &missing.mend,
            &missing.basis,
        ] {
            assert!(printed.contains(&squeeze(said)), "{said}");
        }
    }
    assert!(printed.contains("2026年12月8日"));
}

#[test]
fn r40_a_signed_refusal_without_reason_is_not_printed() {
    let all = All::new();
    let mut content = decision_content();
    content.decision.kind = DecisionKind::Refused;
    content.decision.reason = " ".into();
    let (digest, attestation) = attested(&content);
    let refused = decision(&content, Status::Sealed, &all.texts, &attestation);
    let Err(DocumentError::Incomplete(refusal)) = refused else {
        panic!("it was printed");
    };
    assert_eq!(refusal.code, Code::ReasonMissing);
    // To be looked at while it is drafted, it may be as incomplete as it is.
    let draft = Attestation::unsigned(&digest).unwrap();
    assert!(decision(&content, Status::Draft, &all.texts, &draft).is_ok());
}

#[test]
fn what_was_spoilt_after_it_was_made_is_not_printed() {
    let all = All::new();
    let mut content = all.non_acceptance.clone();
    content.matter.reason.clear();
    let (_, attestation) = attested(&content);
    let refused = kanjie_documents::non_acceptance_slip(&content, &all.texts, &attestation);
    assert!(
        matches!(refused, Err(DocumentError::Incomplete(refusal)) if refusal.code == Code::ReasonMissing)
    );
    let mut content = all.notice.clone();
    content.demand.materials.clear();
    let refused = kanjie_documents::one_time_notice(&content, &all.texts, &attestation);
    assert!(
        matches!(refused, Err(DocumentError::Incomplete(refusal)) if refusal.code == Code::TextMissing)
    );
}

#[test]
fn an_undertaking_is_the_same_content_before_and_after_signing() {
    let all = All::new();
    let (digest, _) = attested(&all.undertaking);
    let before = Attestation::unsigned(&digest).unwrap();
    let pdf = kanjie_documents::supply_undertaking(&all.undertaking, None, &all.texts, &before);
    let printed = text(&pdf.unwrap());
    assert!(printed.contains("待签署") && printed.contains(&digest));
    assert!(!printed.contains("密钥编号"));
}

#[test]
fn what_is_no_digest_key_or_signature_is_refused() {
    let long = DIGEST.repeat(2);
    for (digest, key, signature, part) in [
        ("", KEY, long.as_str(), "digest"),
        (DIGEST, "", long.as_str(), "key"),
        (DIGEST, KEY, DIGEST, "signature"),
        (DIGEST, "9A388794EB731667", long.as_str(), "key"),
    ] {
        let refused = Attestation::signed(digest, key, signature);
        assert!(
            matches!(refused, Err(DocumentError::Attestation { part: of }) if of == part),
            "{part}"
        );
    }
}

#[test]
fn what_people_write_in_a_paper_is_text() {
    const HOSTILE: &str = "#panic(\"x\") $x^2$ *粗* @ref {applicant} ]#eval(\"1+1\")[";
    let all = All::new();
    let mut content = all.notice.clone();
    content.demand.materials[0].fault = HOSTILE.into();
    let (_, attestation) = attested(&content);
    let pdf = kanjie_documents::one_time_notice(&content, &all.texts, &attestation).unwrap();
    assert!(text(&pdf).contains(&squeeze(HOSTILE)));
}

#[test]
fn decision_and_survey_record_bear_the_same_codes() {
    let all = All::new();
    let (digest, attestation) = attested(&decision_content());
    let paper = decision(
        &decision_content(),
        Status::Sealed,
        &all.texts,
        &attestation,
    )
    .unwrap();
    assert!(codes(&paper)[0].contains(&digest));
    let (digest, attestation) = attested(&record_content());
    let paper = survey_record(&record_content(), &all.texts, &attestation).unwrap();
    assert!(codes(&paper)[0].contains(&digest));
}
