//! Reads the documents' content out of a session.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{
    Attendee, CaseLine, ConclusionLine, DecisionContent, DeviationLine, EvidenceLine, GapLine,
    ItemLine, OnSiteLine, OpinionLine, PlaceLines, SignatureLine, StatementLine, StayLine,
    SurveyLine, SurveyRecordContent, Tally, TemplateRef,
};
use crate::event::{CheckResult, SurveyOutcome};
use crate::session::{
    Attendance, Conclusion, Decision, LocationOverride, Matter, Outcome, Session,
};

/// The survey record as it stands; `None` before every case is concluded or has left the session.
#[must_use]
pub fn survey_record(session: &Session) -> Option<SurveyRecordContent> {
    let conclusion = session.last_conclusion()?;
    if session.matters.iter().any(Matter::is_surveyed) {
        return None;
    }
    let scheduled = &session.scheduled;
    let items = items(session);
    Some(SurveyRecordContent {
        v: 1,
        session: scheduled.session.clone(),
        case: scheduled.brief_of_all(),
        template: TemplateRef::from(&scheduled.template),
        mode: scheduled.mode,
        clock: session.clock.clone(),
        resurvey_of: scheduled.resurvey.as_ref().map(|before| before.of.clone()),
        started_at: session.started_at,
        concluded_at: conclusion.at,
        outcome: outcome_of_all(session),
        text: text_of_all(session),
        participants: attendees(session),
        present: conclusion.present.clone(),
        tally: tally(&items),
        items,
        evidence: evidence(session),
        opinions: opinions(session),
        statements: statements(session),
        gaps: gaps(session),
        signers: session.signers(),
        signatures: signatures(session),
        place: place(session),
        cases: case_lines(session),
    })
}

fn conclusions(session: &Session) -> impl Iterator<Item = (&Matter, &Conclusion)> {
    let matters = session.matters.iter();
    matters.filter_map(|matter| matter.conclusion.as_ref().map(|of| (matter, of)))
}

fn outcome_of_all(session: &Session) -> SurveyOutcome {
    if conclusions(session).all(|(_, of)| of.outcome == SurveyOutcome::Passed) {
        SurveyOutcome::Passed
    } else {
        SurveyOutcome::Failed
    }
}

fn text_of_all(session: &Session) -> String {
    let named = |(matter, of): (&Matter, &Conclusion)| match session.name_of(matter) {
        None => of.text.clone(),
        Some(case) => {
            let case = session.scheduled.case(&case);
            let title = case.map(|case| case.brief.item_title.as_str());
            format!("{}：{}", title.unwrap_or_default(), of.text)
        }
    };
    conclusions(session)
        .map(named)
        .collect::<Vec<_>>()
        .join("\n")
}

fn case_lines(session: &Session) -> Vec<CaseLine> {
    if session.matters.len() == 1 {
        return Vec::new();
    }
    let cases = session.scheduled.cases().zip(&session.matters);
    cases
        .map(|(of, matter)| CaseLine {
            case: of.brief.clone(),
            template: TemplateRef::from(of.template),
            resurvey_of: of.resurvey.map(|before| before.of.clone()),
            items: of.template.items.iter().map(|i| i.code.clone()).collect(),
            conclusion: matter.conclusion.as_ref().map(|of| ConclusionLine {
                at: of.at,
                outcome: of.outcome,
                text: of.text.clone(),
            }),
            ended: match &matter.outcome {
                Some(Outcome::Ending { ending, .. }) => Some(ending.clone()),
                _ => None,
            },
        })
        .collect()
}

/// The decision of one case as drafted, under this number; `None` without a conclusion and a draft.
#[must_use]
pub fn decision_content(session: &Session, case: &str, number: &str) -> Option<DecisionContent> {
    let of = session.scheduled.case(case)?;
    let matter = session.named(Some(case))?;
    let conclusion = matter.conclusion.as_ref()?;
    let (decision, at) = match &conclusion.decision {
        Decision::None => return None,
        Decision::Drafted { text, .. } => (text, session.last_at),
        Decision::Sealed(sealed) => (&sealed.text, sealed.at),
    };
    Some(DecisionContent {
        v: 1,
        number: number.to_owned(),
        dated: civil_date(at)?,
        session: session.scheduled.session.clone(),
        case: of.brief.clone(),
        template: TemplateRef::from(of.template),
        decision: decision.clone(),
        approver: matter.drafter().cloned(),
        survey: SurveyLine {
            concluded_at: conclusion.at,
            outcome: conclusion.outcome,
            text: conclusion.text.clone(),
            record_digest: session.record.as_ref().map(|record| record.digest.clone()),
        },
        statements: statements(session),
        participants: attendees(session),
    })
}

/// In Asia/Shanghai, which keeps one offset all year.
pub(crate) fn civil_date(at: i64) -> Option<String> {
    let at = Timestamp::from_microsecond(at).ok()?;
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    Some(at.to_zoned(zone).date().to_string())
}

fn attendees(session: &Session) -> Vec<Attendee> {
    let attended = |person| {
        let attendance: Option<&Attendance> = session.attendance.get(person);
        attendance.filter(|attendance| !attendance.stays.is_empty())
    };
    let participants = session.scheduled.participants.iter();
    participants
        .filter_map(|who| attended(&who.person).map(|attendance| (who, attendance)))
        .map(|(who, attendance)| {
            let last = attendance.stays.last();
            Attendee {
                person: who.person.clone(),
                name: who.name.clone(),
                roles: who.roles.clone(),
                organisation: who.organisation.clone(),
                department: who.department.clone(),
                identity: last.map(|stay| stay.identity.method),
                authorisation: last.and_then(|stay| stay.identity.authorisation.clone()),
                credential_last_four: attendance
                    .stays
                    .iter()
                    .rev()
                    .find_map(|stay| stay.credential.as_ref())
                    .map(|credential| credential.number_last_four.clone()),
                stays: attendance
                    .stays
                    .iter()
                    .map(|stay| StayLine {
                        from: stay.from,
                        until: stay.until,
                    })
                    .collect(),
            }
        })
        .collect()
}

fn items(session: &Session) -> Vec<ItemLine> {
    let items = session.scheduled.items();
    items
        .map(|item| {
            let answered = session.answers.get(&item.code);
            let answer = answered.map(|answered| &answered.answer);
            ItemLine {
                code: item.code.clone(),
                group: item.group.clone(),
                text: item.text.clone(),
                level: item.level,
                remote: item.remote,
                result: answer.map(|answer| answer.result),
                note: answer.map(|answer| answer.note.clone()).unwrap_or_default(),
                measurement: answer.and_then(|answer| answer.measurement.clone()),
                evidence: answer
                    .map(|answer| answer.evidence.clone())
                    .unwrap_or_default(),
                unsuitable: session.unsuitable.get(&item.code).cloned(),
                carried: !session.scheduled.is_open(&item.code),
                person: answered.and_then(|answered| answered.person.clone()),
                at: answered.map(|answered| answered.at),
            }
        })
        .collect()
}

fn tally(items: &[ItemLine]) -> Tally {
    let mut tally = Tally::default();
    for item in items {
        let count = match item.result {
            Some(CheckResult::Met) => &mut tally.met,
            Some(CheckResult::Mended) => &mut tally.mended,
            Some(CheckResult::NotMet) => &mut tally.not_met,
            Some(CheckResult::NotApplicable) => &mut tally.not_applicable,
            Some(CheckResult::OnSiteOnly) => &mut tally.on_site_only,
            None => &mut tally.unanswered,
        };
        *count += 1;
    }
    tally
}

fn evidence(session: &Session) -> Vec<EvidenceLine> {
    let layers = |id: &str| {
        let on = session
            .annotations
            .iter()
            .filter(|layer| layer.evidence == id);
        u32::try_from(on.count()).unwrap_or(u32::MAX)
    };
    let taken = session.evidence.iter();
    taken
        .map(|taken| {
            let evidence = &taken.evidence;
            EvidenceLine {
                id: evidence.id.clone(),
                kind: evidence.kind,
                item: evidence.item.clone(),
                person: evidence.person.clone(),
                device: evidence.device.clone(),
                sha256: evidence.sha256.clone(),
                bytes: evidence.bytes,
                media_type: evidence.media_type.clone(),
                captured_at: evidence.captured_at,
                taken_at: taken.at,
                position: evidence.position.clone(),
                annotations: layers(&evidence.id),
            }
        })
        .collect()
}

fn opinions(session: &Session) -> Vec<OpinionLine> {
    let opinions = session.standing_opinions().into_iter();
    opinions
        .filter(|opinion| !opinion.deliberation)
        .map(|opinion| OpinionLine {
            person: opinion.person.clone(),
            kind: opinion.kind.clone(),
            stance: opinion.stance,
            text: opinion.text.clone(),
            at: opinion.at,
        })
        .collect()
}

fn statements(session: &Session) -> Vec<StatementLine> {
    let statements = session.statements.iter();
    statements
        .map(|statement| StatementLine {
            person: statement.person.clone(),
            text: statement.text.clone(),
            waived: statement.waived,
            at: statement.at,
        })
        .collect()
}

fn place(session: &Session) -> PlaceLines {
    let present = session.last_conclusion().into_iter();
    let present = present.flat_map(|conclusion| &conclusion.present);
    let requests = session.on_site_requests.iter();
    let deviations = session.deviations.iter();
    PlaceLines {
        on_site: present
            .filter(|person| session.was_on_site(person))
            .cloned()
            .collect(),
        requests: requests
            .map(|request| OnSiteLine {
                person: request.person.clone(),
                reason: request.reason.clone(),
                at: request.at,
                withdrawn_at: request.withdrawn_at,
            })
            .collect(),
        deviations: deviations
            .map(|deviation| DeviationLine {
                person: deviation.person.clone(),
                metres: deviation.metres,
                since: deviation.since,
                until: deviation.until,
                overrides: reasons(&deviation.overrides),
            })
            .collect(),
    }
}

fn reasons(overrides: &[LocationOverride]) -> Vec<StatementLine> {
    let given = overrides.iter().map(|given| StatementLine {
        person: given.person.clone(),
        text: given.reason.clone(),
        waived: false,
        at: given.at,
    });
    given.collect()
}

fn gaps(session: &Session) -> Vec<GapLine> {
    let limit = session.scheduled.recording_gap_limit_ms();
    let limit = i64::try_from(limit.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let gaps = session.gaps.iter();
    gaps.filter(|gap| gap.until.saturating_sub(gap.from) > limit)
        .map(|gap| GapLine {
            track: gap.track.clone(),
            cause: gap.cause.clone(),
            from: gap.from,
            until: gap.until,
        })
        .collect()
}

fn signatures(session: &Session) -> Vec<SignatureLine> {
    let Some(record) = &session.record else {
        return Vec::new();
    };
    let signed = record.signatures.iter().map(|signature| SignatureLine {
        person: signature.person.clone(),
        at: signature.at,
        refused: None,
    });
    let refused = record.refusals.iter().map(|refusal| SignatureLine {
        person: refusal.person.clone(),
        at: refusal.at,
        refused: Some(refusal.reason.clone()),
    });
    signed.chain(refused).collect()
}
