//! What is done in a case and in a bundle, and what an administrator does, over HTTP.

use futures_util::future::join_all;
use kanjie_domain::Role;
use kanjie_domain::authority::{Act, AdminAct, BundleAct, CaseAct, Relation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::expected::{not_driven, unmet};
use crate::seats::{Of, Seat};
use crate::tally::{Heard, Tally};
use crate::world::{World, answer};

/// Whoever may not is refused, and nothing comes of it.
pub async fn denied(world: &World, tally: &mut Tally) {
    let before = world.heads().await;
    for act in acts() {
        let seats = seats(act, tally, false);
        let tries = seats.iter().map(|seat| tries(world, act, seat));
        for (seat, heard) in seats.iter().zip(join_all(tries).await) {
            tally.heard(act, seat, &heard);
        }
        let after = world.heads().await;
        if after != before {
            let name = act.name();
            tally.say(format!("{name}, denied, moved {before:?} to {after:?}"));
        }
    }
}

/// Whoever may is hindered by nothing but the state of things.
pub async fn allowed(world: &World, tally: &mut Tally) {
    for act in acts() {
        for seat in seats(act, tally, true) {
            let heard = tries(world, act, &seat).await;
            tally.heard(act, &seat, &heard);
        }
    }
}

/// An administrator ends what others come in by; last, for it does.
pub async fn revocations(world: &World, tally: &mut Tally) {
    let act = Act::Administer(AdminAct::RevokeDevice);
    let mut seats = Seat::in_case();
    seats.retain(|seat| seat.relation == Relation::Stranger);
    seats.sort_by_key(|seat| seat.role == Role::Administrator);
    for seat in seats {
        let api = world.office.api(seat.who);
        let person = format!("/api/v1/people/{}/revoke", world.ids["party_b"]);
        let link =
            json!({"session": world.sessions[&Of::Recused], "person": world.ids["helper_r"]});
        let heard = [
            heard(api.post("/api/v1/links/revoke", &link).await).await,
            heard(api.post(&person, &json!({})).await).await,
        ];
        for heard in heard {
            tally.heard(act, &seat, &heard);
        }
    }
}

fn acts() -> impl Iterator<Item = Act> {
    let cases = CaseAct::ALL.iter().copied().map(Act::Case);
    let bundles = BundleAct::ALL.iter().copied().map(Act::Bundle);
    cases
        .chain(bundles)
        .filter(|act| not_driven(*act).is_none())
}

fn seats(act: Act, tally: &Tally, allowed: bool) -> Vec<Seat> {
    let mut seats = Seat::in_case();
    seats.retain(|seat| {
        let cell = (act, seat.role, seat.relation);
        tally.table.allows(cell) == allowed && unmet(cell).is_none()
    });
    seats
}

async fn heard(response: reqwest::Response) -> Heard {
    let (status, said) = answer(response).await;
    if status.is_success() {
        return Heard::Done;
    }
    let code = said["code"].as_str().unwrap().to_owned();
    // What is not there looks so by its status too.
    assert_eq!(
        code == "not_found",
        status == StatusCode::NOT_FOUND && !has_name(&code),
        "{said}"
    );
    Heard::Refused(code)
}

/// Refusals of the procedure that have the status of what is not there.
fn has_name(code: &str) -> bool {
    matches!(code, "recused" | "not_a_participant")
}

async fn tries(world: &World, act: Act, seat: &Seat) -> Heard {
    // Who comes by a link opens nothing; whoever has an account and no office may be an applicant, or his agent.
    let himself = (act, seat.relation) == (Act::Case(CaseAct::Open), Relation::Part);
    let api = world.office.api(if himself { "party" } else { seat.who });
    let case = &world.cases[&seat.of].id;
    let (path, body) = match act {
        Act::Case(CaseAct::Open) => (String::from("/api/v1/cases"), opening(world, seat)),
        Act::Case(CaseAct::ScheduleSession) => (
            String::from("/api/v1/sessions"),
            json!({"case": case, "mode": "remote", "items": ["H99"], "starts_at": 4_000_000_000_000_000_i64}),
        ),
        Act::Bundle(BundleAct::Open) => (
            String::from("/api/v1/bundles"),
            json!({"title": "示例", "lead_department": "示例", "cases": [{"case": case, "department": "示例"}]}),
        ),
        // Items are a case's: whoever may is told so, and no survey begins.
        Act::Bundle(BundleAct::ScheduleSurvey) => (
            String::from("/api/v1/sessions"),
            json!({"bundle": world.bundle(seat.of), "mode": "remote", "items": ["H99"], "starts_at": 4_000_000_000_000_000_i64}),
        ),
        Act::Bundle(act) => (
            format!("/api/v1/bundles/{}/acts", world.bundle(seat.of)),
            json!({"command": in_bundle(act)}),
        ),
        Act::Case(act) => {
            let mut command = in_case(world, act, seat);
            command["type"] = json!(act.name().split(' ').next().unwrap());
            (
                format!("/api/v1/cases/{case}/acts"),
                json!({"command": command}),
            )
        }
        _ => panic!("{act:?} is not done here"),
    };
    heard(api.post(&path, &body).await).await
}

/// For himself where he is the applicant, else for somebody known; an agent names himself.
fn opening(world: &World, seat: &Seat) -> Value {
    let own = seat.relation == Relation::Part;
    let (applicant, agents) = match seat.role {
        Role::Applicant if own => ("party", vec![]),
        Role::Agent if own => ("applicant", vec![&world.ids["party"]]),
        _ => ("applicant", vec![]),
    };
    json!({
        "item": "hygiene_beauty", "applicant": world.ids[applicant], "agents": agents,
        "brief": {
            "applicant": "示例公司", "uscc": "91000000MA0000000X", "address": "示例区示例路1号",
            "authority": "示例区行政审批局", "contact": "010-00000000",
        },
    })
}

fn in_bundle(act: BundleAct) -> Value {
    match act {
        BundleAct::Extend => json!({
            "type": "extend", "days": 0, "reason": "示例", "notice": written(),
            "government": {"name": "示例", "document": "示例"},
        }),
        _ => json!({"type": "close"}),
    }
}

fn written() -> Value {
    json!({"sha256": "3".repeat(64), "method": "electronic"})
}

/// Well formed. What would leave less of the world than there is lacks a text or names nobody, which is asked for only after
/// who asks.
fn in_case(world: &World, act: CaseAct, seat: &Seat) -> Value {
    use CaseAct as Of;
    let digest = "3".repeat(64);
    let session = world.sessions.get(&seat.of);
    let file = json!({"sha256": digest, "bytes": 1, "media_type": "image/png", "name": "示例"});
    let slot = json!({"from": 1, "until": 2});
    match act {
        Of::SubmitMaterial => json!({"material": "form", "file": file}),
        Of::TakeShared => json!({"material": "licence", "sha256": digest}),
        Of::ReviewMaterial => json!({"material": "form", "review": {"verdict": "sufficient"}}),
        Of::GiveNotice => json!({"missing": [], "contact": "示例"}),
        Of::CheckCredit => json!({"standing": "clear"}),
        Of::Undertake => json!({"material": "vent", "by": "2030-01-01"}),
        Of::Commit | Of::SignConfidentiality => json!({"sha256": digest}),
        Of::NotAccept => {
            json!({"reason": "", "basis": "示例", "next_step": "示例", "contact": "示例"})
        }
        Of::Extend => json!({"days": 1, "reason": "示例", "notice": written()}),
        Of::TellExcludedPeriod => json!({"cause": "testing", "days": 1, "notice": written()}),
        Of::StopClock => json!({"cause": "testing"}),
        Of::AssignStaff => json!({"person": "", "role": "surveyor"}),
        Of::ReleaseStaff => json!({"person": "nobody"}),
        Of::JoinDepartment => json!({"department": "", "part": "joining"}),
        Of::DrawExperts => json!({"field": "示例", "count": 0}),
        Of::RecordRecusal => json!({"person": "", "reason": ""}),
        Of::StepAside => json!({"person": world.ids[seat.who], "reason": ""}),
        Of::NoteReview | Of::State => json!({"text": "示例"}),
        Of::FlagMajor | Of::Withdraw | Of::CancelAppointment => json!({"reason": ""}),
        Of::ReviewLegally => json!({"result": "signed_off", "opinion": "示例"}),
        Of::NotifyInterestedParty => json!({"person": "", "interest": "示例"}),
        Of::NoteSilence => json!({"person": "nobody"}),
        Of::ScheduleHearing => json!({"at": 0, "place": "示例"}),
        Of::RecordHearing => json!({"record_digest": digest}),
        Of::OfferAppointment => json!({"slots": [slot]}),
        Of::ConfirmAppointment => json!({"slot": slot}),
        Of::AskAppointmentChange => json!({"wish": "示例"}),
        Of::FindFalseMaterial => json!({"material": "form", "finding": ""}),
        Of::IssueLicence => json!({"number": "示例", "pdf_digest": digest}),
        Of::Serve => json!({"method": "electronic", "to": "示例", "proof_digest": digest}),
        Of::ClaimSecret => json!({"material": "form", "passage": "示例"}),
        Of::ProposeMasking => json!({"text_digest": digest, "masked": []}),
        Of::ObjectToMasking => json!({"text": "示例"}),
        Of::Publish => json!({"text_digest": digest}),
        Of::SetRetention => json!({"class": "permanent"}),
        Of::SetRecordingRetention => json!({"session": session, "class": "permanent"}),
        Of::Rate => json!({"session": session, "rating": "satisfied"}),
        Of::GiveFeedback => json!({"session": session, "text": "示例"}),
        Of::ApproveOperator => json!({"operator": "", "purpose": "示例", "until": 1}),
        _ => json!({}),
    }
}
