//! Every command of a case, with arguments by chance, and what usually comes next.

use jiff::civil::Date;
use kanjie_domain::calendar::day_of;
use kanjie_domain::case::{
    Appointment, Case, CreditStanding, ExcludedCause, FileFacts, Hearing, MissingItem, Part,
    Publication, Rating, RatingState, Retention, ReviewResult, ServiceMethod, Slot, Stage, Verdict,
    Written,
};
use kanjie_domain::testing::{APPLICANT, CHAIR, SURVEYOR_1, SURVEYOR_2, person};
use kanjie_domain::{CaseCommand, PersonId, Role};
use kanjie_evidence::h;

use super::scene::{EVERYBODY, LEGAL, NEIGHBOUR};

const MATERIALS: [&str; 6] = ["form", "design", "safety", "right", "licence", "poem"];
/// Whatever is handed in.
pub const MATERIAL: &[u8] = b"%PDF-1.7\n";
const DAY_US: i64 = 24 * 3_600_000_000;

fn digest(of: u8) -> String {
    format!("{of:02x}").repeat(32)
}

pub fn submit(material: &str) -> CaseCommand {
    CaseCommand::SubmitMaterial {
        material: material.to_owned(),
        file: FileFacts {
            sha256: h(&[MATERIAL]).to_string(),
            bytes: MATERIAL.len() as u64,
            media_type: String::from("application/pdf"),
            name: String::from("材料.pdf"),
        },
    }
}

fn notice(missing: &[String]) -> CaseCommand {
    CaseCommand::GiveNotice {
        missing: missing
            .iter()
            .map(|material| MissingItem {
                material: material.clone(),
                what: String::from("请补交。"),
            })
            .collect(),
        contact: String::from("010-00000000"),
    }
}

fn draw() -> CaseCommand {
    CaseCommand::DrawExperts {
        field: String::from("结构"),
        count: 1,
        instead_of: Vec::new(),
        reason: String::from("示例。"),
    }
}

fn written() -> Written {
    Written {
        sha256: digest(2),
        method: ServiceMethod::Electronic,
    }
}

/// What usually comes next outside of a session, and by whom; `None` where a session does.
pub fn natural(case: &Case) -> Option<(&'static str, CaseCommand)> {
    let text = |text: &str| text.to_owned();
    Some(match &case.stage {
        Stage::PreReview | Stage::OneTimeNotice(_) => match case.missing().first() {
            Some(material) => (APPLICANT, submit(material)),
            None => (SURVEYOR_1, CaseCommand::Receive {}),
        },
        Stage::Received(_) if case.facts.truth != kanjie_domain::case::Truth::Unquestioned => {
            let reason = text("在限制申请期内。");
            let refuse = CaseCommand::NotAccept {
                reason,
                basis: text("《行政许可法》第七十八条"),
                next_step: text("期满后再申请。"),
                contact: text("010-00000000"),
            };
            (SURVEYOR_1, refuse)
        }
        Stage::Received(_) => match case.missing() {
            missing if missing.is_empty() => (SURVEYOR_1, CaseCommand::Accept {}),
            missing => (SURVEYOR_1, notice(&missing)),
        },
        Stage::Accepted(_) | Stage::InReview(_) => return staffing(case),
        Stage::Granted(decided) if decided.licence.is_none() => {
            let number = text("示例-1");
            let pdf_digest = digest(5);
            (SURVEYOR_1, CaseCommand::IssueLicence { number, pdf_digest })
        }
        Stage::Granted(_) | Stage::Refused(_) => {
            let serve = CaseCommand::Serve {
                method: ServiceMethod::Courier,
                to: text("示例公司"),
                proof_digest: digest(6),
            };
            (SURVEYOR_1, serve)
        }
        Stage::Served(decided, _) if decided.licence.is_some() => published(case),
        _ => (SURVEYOR_1, CaseCommand::Close {}),
    })
}

fn staffing(case: &Case) -> Option<(&'static str, CaseCommand)> {
    let assign = |who: &str, role| CaseCommand::AssignStaff {
        person: person(who),
        role,
    };
    let holds = |who: &str, role| {
        let held = case.staff.get(&person(who));
        held.is_some_and(|held| held.contains(&role))
    };
    let staff = [
        (CHAIR, Role::Chair),
        (CHAIR, Role::Approver),
        (SURVEYOR_1, Role::Surveyor),
        (SURVEYOR_2, Role::Surveyor),
    ];
    let mut missing = staff
        .iter()
        .filter(|(who, role)| !holds(who, *role) && !case.facts.recused.contains(&person(who)));
    missing
        .next()
        .map(|(who, role)| (CHAIR, assign(who, *role)))
}

fn published(case: &Case) -> (&'static str, CaseCommand) {
    let text_digest = digest(7);
    match &case.publication {
        Publication::NotBegun | Publication::Objected { .. } => {
            let masked = vec![String::from("配方")];
            let propose = CaseCommand::ProposeMasking {
                text_digest,
                masked,
            };
            (SURVEYOR_1, propose)
        }
        Publication::Proposed { .. } => (APPLICANT, CaseCommand::AcceptMasking {}),
        Publication::Agreed { text_digest } => {
            let text_digest = text_digest.clone();
            (SURVEYOR_1, CaseCommand::Publish { text_digest })
        }
        Publication::Published { .. } => {
            let sessions = case.sessions.iter();
            let mut bad = sessions
                .filter(|(_, of)| matches!(of.rating, RatingState::TaskOpen(_)))
                .map(|(session, _)| session.clone());
            match bad.next() {
                Some(session) => {
                    let text = String::from("已整改。");
                    (CHAIR, CaseCommand::GiveFeedback { session, text })
                }
                None => (SURVEYOR_1, CaseCommand::Close {}),
            }
        }
    }
}

/// What makes a case a special one: gaps, false material, a neighbour, a legal review, an expert.
pub fn chapter(which: u8, today: Date) -> Vec<(&'static str, CaseCommand)> {
    let text = |text: &str| text.to_owned();
    match which % 6 {
        5 => vec![(
            SURVEYOR_2,
            CaseCommand::RecordRecusal {
                person: person(SURVEYOR_2),
                reason: text("有利害关系。"),
            },
        )],
        0 => vec![
            (
                SURVEYOR_1,
                CaseCommand::CheckCredit {
                    standing: CreditStanding::Clear,
                },
            ),
            (
                APPLICANT,
                CaseCommand::Undertake {
                    material: text("right"),
                    by: today.saturating_add(jiff::Span::new().days(10)),
                },
            ),
        ],
        1 => vec![(
            CHAIR,
            CaseCommand::FindFalseMaterial {
                material: text("form"),
                finding: text("伪造。"),
            },
        )],
        2 => vec![(
            SURVEYOR_1,
            CaseCommand::NotifyInterestedParty {
                person: person(NEIGHBOUR),
                interest: text("相邻。"),
            },
        )],
        3 => vec![(
            SURVEYOR_1,
            CaseCommand::FlagMajor {
                reason: text("重大。"),
            },
        )],
        _ => vec![(SURVEYOR_1, draw())],
    }
}

/// The `what`th command with an argument by chance; most are refused most of the time.
pub fn any(case: &Case, now: i64, what: u8, arg: u8) -> CaseCommand {
    let material = MATERIALS[usize::from(arg) % MATERIALS.len()];
    let who = person(EVERYBODY[usize::from(arg) % EVERYBODY.len()]);
    match what % 3 {
        0 => of_intake(case, now, what / 3, material, arg),
        1 => of_people(what / 3, who, now, arg),
        _ => of_the_rest(case, now, what / 3, arg),
    }
}

fn of_intake(case: &Case, now: i64, what: u8, material: &str, arg: u8) -> CaseCommand {
    let material = material.to_owned();
    let today = day_of(now).unwrap();
    let by: Date = today.saturating_add(jiff::Span::new().days(i64::from(arg % 20)));
    match what % 12 {
        0 => submit(&material),
        1 => CaseCommand::TakeShared {
            material,
            sha256: digest(9),
        },
        2 | 3 => CaseCommand::ReviewMaterial {
            material,
            review: match arg % 2 {
                0 => Verdict::Sufficient,
                _ => Verdict::Insufficient {
                    reason: String::from("不清晰。"),
                },
            },
        },
        4 => CaseCommand::Receive {},
        5 => notice(&case.missing()),
        6 => CaseCommand::CheckCredit {
            standing: match arg % 4 {
                0 => CreditStanding::Marked,
                _ => CreditStanding::Clear,
            },
        },
        7 => CaseCommand::Undertake {
            material: String::from("right"),
            by,
        },
        8 => CaseCommand::Accept {},
        9 => CaseCommand::Commit { sha256: digest(3) },
        10 => CaseCommand::BeginReview {},
        _ if arg > 240 => CaseCommand::Withdraw {
            reason: String::from("不办了。"),
        },
        _ => CaseCommand::NoteReview {
            text: String::from("内部意见。"),
        },
    }
}

fn of_people(what: u8, who: PersonId, now: i64, arg: u8) -> CaseCommand {
    let text = |text: &str| text.to_owned();
    match what % 13 {
        0 => draw(),
        1 if arg > 200 => CaseCommand::RecordRecusal {
            person: who,
            reason: text("有利害关系。"),
        },
        1 | 2 => CaseCommand::ReleaseStaff { person: who },
        3 => CaseCommand::FlagMajor {
            reason: text("重大。"),
        },
        4 => CaseCommand::ReviewLegally {
            result: match arg % 3 {
                0 => ReviewResult::Objected,
                _ => ReviewResult::SignedOff,
            },
            opinion: text("意见。"),
        },
        5 => CaseCommand::NotifyInterestedParty {
            person: person(NEIGHBOUR),
            interest: text("相邻。"),
        },
        6 => CaseCommand::State {
            text: text("不同意。"),
        },
        7 => CaseCommand::NoteSilence {
            person: person(NEIGHBOUR),
        },
        8 => CaseCommand::RequestHearing {},
        9 => CaseCommand::WithdrawHearing {},
        10 => CaseCommand::ScheduleHearing {
            at: now + 8 * DAY_US,
            place: text("示例会议室"),
        },
        11 => CaseCommand::RecordHearing {
            record_digest: digest(4),
        },
        _ => CaseCommand::JoinDepartment {
            department: format!("示例局{}", arg % 2),
            part: Part::Lead,
        },
    }
}

fn of_the_rest(case: &Case, now: i64, what: u8, arg: u8) -> CaseCommand {
    let text = |text: &str| text.to_owned();
    let session = case.session_order.last().cloned().unwrap_or_default();
    let slot = Slot {
        from: now + DAY_US,
        until: now + DAY_US + 3_600_000_000,
    };
    match what % 16 {
        0 => CaseCommand::Extend {
            days: u32::from(arg % 12),
            reason: text("案情复杂。"),
            notice: written(),
        },
        1 => CaseCommand::TellExcludedPeriod {
            cause: ExcludedCause::Testing,
            days: 5,
            notice: written(),
        },
        2 => CaseCommand::StopClock {
            cause: ExcludedCause::Testing,
        },
        3 => CaseCommand::ResumeClock {},
        4 => CaseCommand::OfferAppointment { slots: vec![slot] },
        5 => match &case.appointment {
            Appointment::Offered { slots } => CaseCommand::ConfirmAppointment { slot: slots[0] },
            _ => CaseCommand::ConfirmAppointment { slot },
        },
        6 => CaseCommand::AskAppointmentChange {
            wish: text("改期")
        },
        7 if arg > 220 => CaseCommand::FindFalseMaterial {
            material: text("form"),
            finding: text("伪造。"),
        },
        8 => CaseCommand::Serve {
            method: ServiceMethod::InPerson,
            to: text("示例公司"),
            proof_digest: digest(6),
        },
        9 => CaseCommand::ClaimSecret {
            material: text("form"),
            passage: text("配方"),
        },
        10 => CaseCommand::ObjectToMasking {
            text: text("不同意隐去。"),
        },
        11 => CaseCommand::Publish {
            text_digest: digest(7),
        },
        12 => CaseCommand::Rate {
            session,
            rating: match arg % 2 {
                0 => Rating::Dissatisfied,
                _ => Rating::Satisfied,
            },
            text: String::new(),
        },
        13 => CaseCommand::GiveFeedback {
            session,
            text: text("已整改。"),
        },
        14 => CaseCommand::SetRetention {
            class: Retention::Permanent,
        },
        _ => CaseCommand::Close {},
    }
}

/// What lets a case go on that waits for somebody: statement, hearing, legal review.
pub fn unblock(case: &Case, now: i64) -> Option<(&'static str, CaseCommand)> {
    use kanjie_domain::case::{LegalReview, Statement};
    let awaited = |of: &kanjie_domain::case::NotifiedParty| of.statement == Statement::Awaited;
    if case.facts.parties.values().any(awaited) {
        return Some((NEIGHBOUR, CaseCommand::WaiveStatement {}));
    }
    if matches!(
        case.facts.legal_review,
        LegalReview::Needed | LegalReview::Objected
    ) {
        let sign_off = CaseCommand::ReviewLegally {
            result: ReviewResult::SignedOff,
            opinion: String::from("同意。"),
        };
        return Some((LEGAL, sign_off));
    }
    match &case.facts.hearing {
        Hearing::Requested { .. } => {
            let place = String::from("示例会议室");
            let at = now + 8 * DAY_US;
            Some((SURVEYOR_1, CaseCommand::ScheduleHearing { at, place }))
        }
        Hearing::Scheduled { at, .. } if now >= *at => {
            let record_digest = digest(4);
            Some((SURVEYOR_1, CaseCommand::RecordHearing { record_digest }))
        }
        _ => None,
    }
}
