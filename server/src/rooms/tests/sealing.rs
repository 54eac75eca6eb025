//! Sealing by a passkey: what is signed is the digest of the very content.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kanjie_store::NewPasskey;
use serde_json::{Value, json};

use super::house::House;
use super::journey;
use crate::auth::passkey::act::{self, Bound};
use crate::auth::passkey::cose::PublicKey;
use crate::auth::passkey::soft::{Authenticator, text};

/// The factor that a page sends for this act over this content.
async fn factor(house: &House, soft: &mut Authenticator, bound: &Bound<'_>) -> Value {
    let chair = house.person("chair");
    let (nonce, challenge) = act::challenge(&house.services, &chair, bound)
        .await
        .unwrap();
    json!({"nonce": text(&nonce), "assertion": soft.get(&text(&challenge.0))})
}

async fn passkey(house: &House, who: &str) -> Authenticator {
    let soft = Authenticator::new(who);
    let new = NewPasskey {
        credential: soft.credential.clone(),
        person: house.person(who),
        name: String::from("test"),
        public_key: soft.public_key(),
        sign_count: 0,
        created_at: 1,
    };
    house.services.store.add_passkey(&new).await.unwrap();
    soft
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_seals_the_content_it_signed_and_no_other() {
    let house = House::open().await;
    let session = house.session("crash");
    let mut cast = journey::live(&house, &session).await;
    journey::concluded(&house, &session, &mut cast).await;
    let seal = journey::drafted(&house, &session, &mut cast).await;
    let digest = seal["content_digest"].as_str().unwrap().to_owned();
    let right = Bound {
        session: &session,
        act: "seal_decision",
        digest: &digest,
    };
    let mut soft = passkey(&house, "chair").await;
    let mut foreign = passkey(&house, "surveyor_1").await;
    let other = "0".repeat(64);
    let wrong = [
        factor(
            &house,
            &mut soft,
            &Bound {
                digest: &other,
                ..right
            },
        )
        .await,
        factor(
            &house,
            &mut soft,
            &Bound {
                act: "sign_record",
                ..right
            },
        )
        .await,
        factor(
            &house,
            &mut soft,
            &Bound {
                session: "another",
                ..right
            },
        )
        .await,
        factor(&house, &mut foreign, &right).await,
        {
            let mut unverified = factor(&house, &mut soft, &right).await;
            unverified["nonce"] = json!(text(&[0; 32]));
            unverified
        },
    ];
    for factor in wrong {
        let refused = cast.chair.act_with(seal.clone(), factor).await.unwrap_err();
        assert_eq!(refused["code"], "passkey_refused");
    }
    let proof = factor(&house, &mut soft, &right).await;
    cast.chair.act_with(seal, proof).await.unwrap();
    let sealed = cast.applicant.event("decision_sealed").await;
    assert_eq!(sealed["factor"]["kind"], "passkey");
    checks_out(&sealed["factor"]["signed"], &session, &digest);
}

/// As anybody can who has the journal: the key's signature is over a challenge made of nonce, session, act and digest.
fn checks_out(signed: &Value, session: &str, digest: &str) {
    use sha2::{Digest as _, Sha256};
    let bytes = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(signed[name].as_str().unwrap())
            .unwrap()
    };
    let mut message = bytes("authenticator_data");
    message.extend_from_slice(&Sha256::digest(bytes("client_data")));
    let key = PublicKey::from_cbor(&bytes("public_key")).unwrap();
    key.verify(&message, &bytes("signature")).unwrap();
    let mut challenge = Sha256::new();
    challenge.update(b"kanjie act v1");
    challenge.update(bytes("nonce"));
    for part in [session, "seal_decision", digest] {
        challenge.update(Sha256::digest(part));
    }
    let client_data: Value = serde_json::from_slice(&bytes("client_data")).unwrap();
    assert_eq!(client_data["challenge"], text(&challenge.finalize()));
}
