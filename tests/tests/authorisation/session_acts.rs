//! What is done in the session, over its WebSocket; evidence over HTTP.

use std::time::Duration;

use base64::Engine as _;
use kanjie_domain::authority::{Act, Relation, SessionAct};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::seats::{Of, Seat};
use crate::tally::{Heard, Tally};
use crate::world::{World, answer};

/// Those that leave less of the session than there was; in this order, after all others.
const LAST: [SessionAct; 6] = [
    SessionAct::Announce,
    SessionAct::Acknowledge,
    SessionAct::End,
    SessionAct::Remove,
    SessionAct::Leave,
    SessionAct::Close,
];

/// Whoever may not is refused, and nothing comes of it.
pub async fn denied(world: &mut World, tally: &mut Tally) {
    let seats = Seat::in_session();
    for seat in seats.iter().filter(|seat| !is_in(seat)) {
        let at_the_door = knocks(world, seat).await;
        let still = still(world, seat, "outside").await;
        for act in SessionAct::ALL {
            // The acts of those who are led out are in the list of cells that nobody meets.
            if tally
                .table
                .allows((Act::Session(*act), seat.role, seat.relation))
            {
                continue;
            }
            let heard = match act {
                SessionAct::TakeEvidence => still.clone(),
                SessionAct::IssueMediaToken | SessionAct::RevokeMediaToken => {
                    media_token(world, *act, seat).await
                }
                _ => at_the_door.clone(),
            };
            tally.heard(Act::Session(*act), seat, &heard);
        }
    }
    let before = head(world).await;
    for act in SessionAct::ALL {
        for seat in seats.iter().filter(|seat| is_in(seat)) {
            if !tally
                .table
                .allows((Act::Session(*act), seat.role, seat.relation))
            {
                let heard = tries(world, *act, seat).await;
                tally.heard(Act::Session(*act), seat, &heard);
            }
        }
    }
    for entry in entries(world, before).await {
        let body: Value = serde_json::from_str(entry["body"].as_str().unwrap_or("{}")).unwrap();
        if body["actor"] != "system" {
            tally.say(format!("an act that was denied is in the journal: {body}"));
        }
    }
    for seat in seats.iter().filter(|seat| is_in(seat)) {
        come(world, seat).await;
    }
}

/// By a new socket: one takes only so many commands a second, and ends when the person leaves.
async fn come(world: &mut World, seat: &Seat) {
    let api = world.office.api(seat.who).clone();
    let person = world.ids[seat.who].clone();
    world.review.come(key(seat), api, &person).await;
}

/// Whoever may is hindered by nothing but the state of things.
pub async fn allowed(world: &mut World, tally: &mut Tally) {
    let seats = Seat::in_session();
    let first = SessionAct::ALL.iter().filter(|act| !LAST.contains(act));
    for act in first.chain(&LAST) {
        for seat in seats.iter().filter(|seat| is_in(seat)) {
            if tally
                .table
                .allows((Act::Session(*act), seat.role, seat.relation))
            {
                // Removed before, or has left: back at the door.
                if matches!(
                    (act, seat.who),
                    (SessionAct::Leave, "helper") | (SessionAct::Close, _)
                ) {
                    come(world, seat).await;
                }
                if *act == SessionAct::Close {
                    chair_comes_in(world).await;
                }
                let heard = tries(world, *act, seat).await;
                tally.heard(Act::Session(*act), seat, &heard);
            }
        }
    }
}

/// By a second factor of his own, which is not the one that he came in with before.
async fn chair_comes_in(world: &mut World) {
    world.server.pass(Duration::from_secs(60));
    let notice = world.review.scheduled()["template"]["settings"]["notice_version"].take();
    let acknowledge = json!({"type": "acknowledge_notice", "notice": notice});
    let own = json!({
        "type": "confirm_identity", "person": world.ids["presiding"], "method": "second_factor",
        "last_four": "0001",
    });
    let review = &mut world.review;
    review.done("chair", acknowledge).await;
    review
        .signed(&world.server, &world.cast, "chair", own)
        .await;
}

/// Whether the person is in the live session.
fn is_in(seat: &Seat) -> bool {
    seat.of == Of::Part && seat.relation == Relation::Part
}

/// By that name the room knows the person.
fn key(seat: &Seat) -> &'static str {
    match seat.who {
        "presiding" => "chair",
        who => who,
    }
}

/// The socket as it is before it is one: who may come in is told that this is no upgrade.
async fn knocks(world: &World, seat: &Seat) -> Heard {
    let path = format!("/api/v1/sessions/{}/socket", world.sessions[&seat.of]);
    let (_, problem) = answer(world.office.api(seat.who).get(&path).await).await;
    Heard::Refused(problem["code"].as_str().unwrap().to_owned())
}

async fn tries(world: &mut World, act: SessionAct, seat: &Seat) -> Heard {
    if act == SessionAct::TakeEvidence {
        return still(world, seat, seat.who).await;
    }
    if matches!(
        act,
        SessionAct::IssueMediaToken | SessionAct::RevokeMediaToken
    ) {
        return media_token(world, act, seat).await;
    }
    let command = command(world, act, seat);
    let socket = world.review.socket(key(seat));
    match socket.try_command(command, None).await {
        Ok(_) => Heard::Done,
        Err(refused) => Heard::Refused(refused["code"].as_str().unwrap().to_owned()),
    }
}

async fn still(world: &World, seat: &Seat, id: &str) -> Heard {
    let bytes = [&[0xff, 0xd8, 0xff, 0xe0], id.as_bytes()].concat();
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes));
    let session = &world.sessions[&seat.of];
    let path = format!("/api/v1/sessions/{session}/stills/{id}?kind=photo&captured_at=1");
    let put = world.office.api(seat.who).request(Method::PUT, &path);
    let put = put.header("content-digest", format!("sha-256=:{digest}:"));
    let (status, said) = answer(put.body(bytes).send().await.unwrap()).await;
    if status.is_success() {
        return Heard::Done;
    }
    Heard::Refused(said["code"].as_str().unwrap().to_owned())
}

async fn media_token(world: &World, act: SessionAct, seat: &Seat) -> Heard {
    let path = format!("/api/v1/sessions/{}/media-tokens", world.sessions[&seat.of]);
    let api = world.office.api(seat.who);
    let answered = if act == SessionAct::IssueMediaToken {
        let body = json!({"name": "示例无人机", "direction": "publish"});
        api.post(&path, &body).await
    } else {
        let path = format!("{path}/m1");
        api.request(Method::DELETE, &path).send().await.unwrap()
    };
    let (status, said) = answer(answered).await;
    if status.is_success() {
        return Heard::Done;
    }
    Heard::Refused(said["code"].as_str().unwrap().to_owned())
}

async fn head(world: &World) -> u64 {
    let entries = entries(world, 0).await;
    entries.last().unwrap()["seq"].as_u64().unwrap()
}

async fn entries(world: &World, after: u64) -> Vec<Value> {
    let session = &world.sessions[&Of::Part];
    let path = format!("/api/v1/sessions/{session}/journal?after={after}");
    let (_, said) = answer(world.office.api("watcher").get(&path).await).await;
    said["entries"].as_array().unwrap().clone()
}

fn command(world: &World, act: SessionAct, seat: &Seat) -> Value {
    use SessionAct as Of;
    let applicant = &world.ids["applicant"];
    let me = &world.ids[seat.who];
    let zeros = "0".repeat(64);
    let another = if seat.who == "applicant" {
        "agent"
    } else {
        "applicant"
    };
    let mut command = match act {
        Of::AcknowledgeNotice => {
            let notice = &world.review.scheduled()["template"]["settings"]["notice_version"];
            json!({"notice": notice})
        }
        Of::BeginIdentityCheck | Of::StopIdentityCheck | Of::Admit => json!({"person": applicant}),
        Of::ConfirmIdentity => {
            json!({"person": applicant, "method": "id_card", "last_four": "1024"})
        }
        Of::ShowCredential => json!({"number_last_four": "1024"}),
        Of::ChangeWhereabouts => json!({"whereabouts": "on_site"}),
        Of::ReportPosition => {
            json!({"position": {"lat_e7": 399_000_000, "lon_e7": 1_163_000_000, "accuracy_m": 5}})
        }
        Of::OverrideLocation => json!({"of": applicant, "reason": "示例"}),
        Of::Remove => json!({"person": world.ids["helper"]}),
        Of::ChangeMedia => json!({"microphone": true, "camera": false, "screen": false}),
        Of::LowerOwnHand => json!({"person": me}),
        Of::LowerHandOfAnother => json!({"person": world.ids[another]}),
        Of::Suspend => json!({"reason": "示例"}),
        Of::AnswerItem => json!({"answer": {"code": "H01", "result": "met"}}),
        Of::MarkUnsuitable => json!({"code": "H02", "reason": "示例"}),
        Of::Annotate => json!({"id": seat.who, "evidence": "e", "strokes": [], "note": ""}),
        Of::FileExpertOpinion => opinion(&json!({"kind": "expert"})),
        Of::FileDepartmentOpinion => {
            opinion(&json!({"kind": "department", "department": "示例部门"}))
        }
        Of::Say => json!({"scope": "room", "text": "示例"}),
        Of::SayInDeliberation => json!({"scope": "deliberation", "text": "示例"}),
        Of::TakeStatement => json!({"text": "示例", "waived": false}),
        Of::Conclude => json!({"outcome": "passed", "text": "示例", "present": []}),
        Of::SignRecord => json!({"digest": zeros}),
        Of::NoteSignatureRefused => json!({"person": applicant, "reason": "示例"}),
        Of::DraftDecision => json!({"decision": {"kind": "granted", "result": "准予"}}),
        Of::SealDecision | Of::Acknowledge => json!({"content_digest": zeros}),
        Of::End => json!({
            "ending": {"how": "hearing"}, "reason": "示例", "next_step": "示例", "contact": "示例",
        }),
        _ => json!({}),
    };
    // One command can be two acts.
    let name = act.name().split(' ').next().unwrap();
    command["type"] = json!(name);
    command
}

fn opinion(kind: &Value) -> Value {
    json!({"opinion": kind, "stance": "agree", "text": "示例"})
}
