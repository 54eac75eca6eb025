//! The test vectors of docs/protocol/recording.md section 6. They were made by an implementation of the page that
//! shares nothing with this one.

#![allow(clippy::unwrap_used)]

use kanjie_evidence::pcapng::{self, Interface, Kind, Packet};
use kanjie_evidence::{
    Ed25519Signer, Entry, Hash, Receipt, ReceiptBody, ReceiptKind, RunningHead, Signer, merkle,
};

const BODY: &str =
    r#"{"actor":"system","at":1764000000000000,"event":{"type":"recording_started"}}"#;

#[test]
fn journal() {
    let one = Entry::seal(1, Hash::ZERO, [0x11; 32], BODY.to_owned());
    assert_eq!(
        one.commit.to_string(),
        "bc6e63e289dd91b0c2590c2b3a7c573fc71077f02b5b28708399d0528f12e358"
    );
    assert_eq!(
        one.hash.to_string(),
        "b172bdaaf06d026c67541792dd7fe50c0ab0506f93c616deab4bed82961dfccd"
    );
    let two = Entry::seal(2, one.hash, [0x22; 32], BODY.to_owned());
    assert_eq!(
        two.commit.to_string(),
        "e8b871ed5cd2bf7078e9ed2642eeca373a27e73de00aff07ffe6c3f3f71ad70b"
    );
    assert_eq!(
        two.hash.to_string(),
        "ed714bdf828c2c026c667ad145e54e98f0cb09a9f0961ed9b2ad4b1ed6c44b70"
    );
}

#[test]
fn segment_and_checkpoint() {
    let segment = "0001-89abcdef".parse().unwrap();
    let interface = Interface {
        clock_rate: 48_000,
        codec: "opus".into(),
        fmtp: String::new(),
        segment,
        source: "microphone".into(),
        track: "seat-1-microphone".into(),
    };
    let mut running = RunningHead::new(&segment);
    assert_eq!(
        running.head.to_string(),
        "dd97b1ee2491de85104ce124e7ae7bb289af6cb5c5fb2bc5d4df4e24063cc45a"
    );
    let [section, description] = pcapng::header(&interface).unwrap();
    assert_eq!(
        hex::encode(&section),
        "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000"
    );
    running.push(&section, false);
    running.push(&description, false);
    assert_eq!(
        running.head.to_string(),
        "8b17c63647ead55b115c3829daac1915be2170514d53e4f464e5af1099933d7b"
    );
    let mut packet = Vec::new();
    let data = hex::decode("806f00010000000000000001fc").unwrap();
    let sent = Packet {
        kind: Kind::Rtp,
        wall_us: 1_764_000_000_000_000,
        mono_us: 5_000_000,
        recovered: true,
        data: &data,
    };
    pcapng::packet(&mut packet, &sent).unwrap();
    assert_eq!(
        hex::encode(&packet),
        "060000006400000000000000594406000040624129000000290000004500002900004000401126c20a0000010a000002138c138c00150000\
         806f00010000000000000001fc000000ad0b0d00d97e000000000000004c4b40010000000000000064000000"
    );
    running.push(&packet, true);
    assert_eq!(
        running.head.to_string(),
        "d1ec500d0168a2ba9cb11b6dce7232d2881008c8724c6c2c4957acdc9e5d9bc7"
    );
    let commitment = merkle::commitment(&[0x33; 32].into(), &running.head);
    assert_eq!(
        commitment.to_string(),
        "c1822d6c196dd4592bb532ff29fb3323fdc81b603366c7aa8097895b4d0abfd8"
    );
    assert_eq!(
        merkle::root(&[commitment]).to_string(),
        "a524a7cdac5a6ea1e9c018190ff63b1fcd22683b49d65017511ff449bcf18c77"
    );
    assert_eq!(
        merkle::root(&[commitment, [1; 32].into(), [2; 32].into()]).to_string(),
        "a3082e063580212db9991b5e47b3f6889acecf808eea9992881abc3c540473ed"
    );
}

#[test]
fn receipt() {
    let signer = Ed25519Signer::from_seed([7; 32]);
    assert_eq!(
        signer.public().to_string(),
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
    );
    let body = ReceiptBody {
        content_digest: None,
        head: "ed714bdf828c2c026c667ad145e54e98f0cb09a9f0961ed9b2ad4b1ed6c44b70"
            .parse()
            .unwrap(),
        issued_at: 1_764_000_000_000_001,
        kind: ReceiptKind::Left,
        number: 1,
        pdf_digest: None,
        previous: None,
        seq: 2,
        session: "s-1".into(),
        v: 1,
    };
    let receipt = Receipt::issue(body, &signer).unwrap();
    assert_eq!(
        receipt.text(),
        r#"{"body":{"content_digest":null,"head":"ed714bdf828c2c026c667ad145e54e98f0cb09a9f0961ed9b2ad4b1ed6c44b70","issued_at":1764000000000001,"kind":"left","number":1,"pdf_digest":null,"previous":null,"seq":2,"session":"s-1","v":1},"key":"fe812c12f3ab4ce6","signature":"3d07d37f628c9829dddea9c2319323aafedb9889c5e87febb416346f09b9e9f7526b90cc4cb5954f6fe23b823c39c0199071a007a4a9058e01368bf6c155800a"}"#
    );
    assert_eq!(
        receipt.digest().to_string(),
        "9a388794eb731667a8893df1efb1057b114b912c9a372b92e7a5fd8aa27c37da"
    );
}
