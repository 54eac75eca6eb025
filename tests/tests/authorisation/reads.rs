//! What is read, over HTTP: once there is a deliberation, a still, a record and a sealed decision to be read.

use futures_util::future::join_all;
use kanjie_domain::authority::{Act, ReadAct};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::expected::{Answer, not_driven, unmet};
use crate::seats::{Of, Seat};
use crate::tally::Tally;
use crate::world::{World, answer};

/// Said in the deliberation and nowhere else.
const SECRET: &str = "只在合议中";

/// Surveyed, deliberated, concluded, signed and drafted.
pub async fn prepare(world: &mut World) {
    let review = &mut world.review;
    world.still = review
        .still(&world.server, "surveyor", "exterior", "")
        .await;
    let measured = |_: &str| json!({"value": "4.2", "unit": "m", "how": "measurement"});
    review.answer_all("surveyor", &[], measured).await;
    for command in [
        json!({"type": "begin_deliberation"}),
        json!({"type": "say", "scope": "deliberation", "text": SECRET}),
        json!({"type": "end_deliberation"}),
    ] {
        review.done("chair", command).await;
    }
    let present = ["chair", "surveyor", "approver", "reviewer", "applicant"];
    review.conclude("passed", &present).await;
    let signers = ["chair", "surveyor", "approver", "reviewer", "applicant"];
    review
        .sign_record(&world.server, &world.cast, &signers)
        .await;
    let decision = json!({
        "kind": "granted", "result": "准予许可", "reason": "符合法定条件。", "basis": ["《行政许可法》第三十八条"],
        "next_step": "领取许可证件。", "contact": "010-00000000",
    });
    let draft = json!({"type": "draft_decision", "decision": decision});
    review.done("approver", draft).await;
}

/// What sealing would seal, as long as there is something to seal.
pub async fn preview(world: &World, tally: &mut Tally) {
    everybody(world, tally, ReadAct::PreviewDecision).await;
}

pub async fn seal(world: &mut World) {
    let session = &world.sessions[&Of::Part];
    let path = format!("/api/v1/sessions/{session}/documents/preview");
    let (_, preview) = answer(world.office.api("approver").get(&path).await).await;
    let seal = json!({"type": "seal_decision", "content_digest": preview["content_digest"]});
    let review = &mut world.review;
    review
        .signed(&world.server, &world.cast, "approver", seal)
        .await;
}

pub async fn all(world: &World, tally: &mut Tally) {
    for read in ReadAct::ALL {
        let elsewhere = matches!(read, ReadAct::PreviewDecision | ReadAct::ViewRecording);
        if !elsewhere && not_driven(Act::Read(*read)).is_none() {
            everybody(world, tally, *read).await;
        }
    }
}

/// R59: once the session is closed, with a purpose.
pub async fn recording(world: &World, tally: &mut Tally) {
    let act = Act::Read(ReadAct::ViewRecording);
    for seat in Seat::in_session() {
        let api = world.office.api(seat.who);
        let path = format!("/api/v1/sessions/{}/recording", world.sessions[&seat.of]);
        let purpose = json!({"purpose": "review"});
        let looks = api.post(&format!("{path}/looks"), &purpose).await;
        for response in [api.get(&path).await, looks] {
            let (status, said) = answer(response).await;
            let answer = match status {
                StatusCode::CREATED => Answer::Open,
                _ => read_as(status, &said),
            };
            tally.read(act, &seat, &answer);
        }
    }
}

async fn everybody(world: &World, tally: &mut Tally, read: ReadAct) {
    let seats = match read {
        ReadAct::FindCases | ReadAct::ReadCase | ReadAct::ReadMaterial | ReadAct::ReadBundle => {
            Seat::in_case()
        }
        _ => Seat::in_session(),
    };
    let met = |seat: &Seat| unmet((Act::Read(read), seat.role, seat.relation)).is_none();
    let seats: Vec<_> = seats.into_iter().filter(met).collect();
    let tries = seats.iter().map(|seat| reads(world, read, seat));
    for (seat, answers) in seats.iter().zip(join_all(tries).await) {
        for answer in answers {
            tally.read(Act::Read(read), seat, &answer);
        }
    }
}

/// By every way there is.
async fn reads(world: &World, read: ReadAct, seat: &Seat) -> Vec<Answer> {
    let case = &world.cases[&seat.of].id;
    let session = &world.sessions[&seat.of];
    let in_case = |tail: &str| format!("/api/v1/cases/{case}{tail}");
    let in_session = |tail: &str| format!("/api/v1/sessions/{session}{tail}");
    let paths = match read {
        ReadAct::FindCases => return vec![finds(world, seat).await],
        ReadAct::ReadMaterial => {
            let names = |body: &str| body.contains("\"material_submitted\"");
            return vec![entry(world, seat, &in_case("/journal"), names).await];
        }
        ReadAct::ReadDeliberation => {
            let names = |body: &str| body.contains(SECRET);
            return vec![entry(world, seat, &in_session("/journal"), names).await];
        }
        ReadAct::ReadCase => vec![in_case(""), in_case("/journal"), in_case("/papers")],
        ReadAct::ReadBundle => {
            let bundle = world.bundle(seat.of);
            let at = |tail: &str| format!("/api/v1/bundles/{bundle}{tail}");
            vec![at(""), at("/journal")]
        }
        ReadAct::ReadSession => vec![in_session("/journal")],
        ReadAct::ReadStill => vec![in_session(&format!("/stills/{}", world.still))],
        ReadAct::ReadPaper => vec![in_session("/documents/record.pdf")],
        ReadAct::ReadSealedDecision => vec![in_session("/documents/decision.pdf")],
        ReadAct::PreviewDecision => vec![
            in_session("/documents/preview"),
            in_session("/documents/decision.pdf?preview=1"),
        ],
        _ => panic!("{read:?} is not read here"),
    };
    let mut answers = Vec::new();
    for path in paths {
        let (status, said) = answer(world.office.api(seat.who).get(&path).await).await;
        answers.push(read_as(status, &said));
    }
    answers
}

fn read_as(status: StatusCode, said: &Value) -> Answer {
    let code = said["code"].as_str();
    match (status, code) {
        (StatusCode::OK, _) => Answer::Open,
        (_, Some("not_found")) => Answer::Hidden,
        (_, code) => Answer::Denied(code.unwrap_or_default().to_owned()),
    }
}

/// Whether the case is in the caller's list. A link has no list.
async fn finds(world: &World, seat: &Seat) -> Answer {
    let list = world.office.api(seat.who).get("/api/v1/cases?limit=200");
    let (status, said) = answer(list.await).await;
    let id = world.cases[&seat.of].id.as_str();
    let mut lines = said["items"].as_array().into_iter().flatten();
    if status == StatusCode::OK && lines.any(|line| line["case"] == id) {
        return Answer::Open;
    }
    Answer::Hidden
}

/// Whether the body of such an entry is there.
async fn entry(world: &World, seat: &Seat, path: &str, is: impl Fn(&str) -> bool) -> Answer {
    let (status, said) = answer(world.office.api(seat.who).get(path).await).await;
    if status != StatusCode::OK {
        return read_as(status, &said);
    }
    let mut entries = said["entries"].as_array().unwrap().iter();
    if entries.any(|entry| entry["body"].as_str().is_some_and(&is)) {
        return Answer::Open;
    }
    Answer::Hidden
}
