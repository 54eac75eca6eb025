//! What must hold in every state, and of every batch.

use crate::audience::audience;
use crate::command::Command;
use crate::doors::Direction;
use crate::event::{ChatScope, DecisionKind, Ending, Event, SurveyOutcome};
use crate::people::{Participant, PersonId, SeatId};
use crate::readiness::{Act, readiness};
use crate::refusal::Code;
use crate::session::{Matter, Outcome, Presence, Session, Stage};
use crate::testing::{CHAIR, Play, STRANGER, SUPERVISOR, person};
use crate::visible::{Viewer, visible};

use super::walk::{Step, end, ends};

/// What a step found, without its journal, which is long.
pub struct Before {
    pub session: Session,
    /// R23: a device is away from the site.
    pub beyond: bool,
}

/// After an accepted step. `after` answers as with the second factor given.
pub fn after(before: &Before, step: &Step, events: &[Event], after: &Play) {
    assert!(!events.is_empty(), "{step:?}");
    quorum_when_live(after);
    lawful(&after.session);
    once_each(after);
    stage_goes_forward(&before.session, &after.session);
    together(&before.session, events, &after.session);
    evidence_stays(&before.session, &after.session);
    nothing_against_one_cut_off(&before.session, events);
    one_check(&before.session, events);
    channel_and_place(before, step, events);
    supervisors_only_watch(step, events);
    private_things_stay_private(&before.session, events, after);
    media_stays_inside(&after.session);
    readiness_agrees(after);
}

/// R13, R15, R29.
fn quorum_when_live(play: &Play) {
    if play.session.is_live() {
        let staff = play.session.live_staff(&play.facts());
        assert!(staff.len() >= 2);
        let on_site = staff.iter().filter(|who| play.session.is_on_site(who));
        let wanted = play.session.scheduled.staff_on_site();
        assert!(on_site.count() >= usize::from(wanted));
        assert!(play.session.recording.is_running());
    }
}

/// R31, R39: whatever order the events came in.
pub fn lawful(session: &Session) {
    assert_eq!(session.matters.len(), session.scheduled.cases().count());
    for matter in &session.matters {
        if matter.conclusion.is_some() {
            assert_eq!(session.unanswered(matter), Vec::<String>::new());
        }
        if let Some(Outcome::Announced { content_digest, .. }) = &matter.outcome {
            let sealed = matter.sealed().expect("announced, so sealed");
            assert_eq!(sealed.content_digest, *content_digest);
        }
    }
    // R43: the session has ended exactly when each of its cases has its outcome.
    let over = session.matters.iter().all(|of| of.outcome.is_some());
    assert_eq!(over, matches!(session.stage, Stage::Ended | Stage::Closed));
    let ids: std::collections::BTreeSet<_> = session
        .evidence
        .iter()
        .map(|taken| &taken.evidence.id)
        .collect();
    assert_eq!(ids.len(), session.evidence.len());
}

/// R43: one ending; one start, conclusion, seal, closing; each acknowledges once.
fn once_each(play: &Play) {
    let count =
        |of: &dyn Fn(&Event) -> bool| play.journal.iter().filter(|entry| of(&entry.event)).count();
    for matter in &play.session.matters {
        let name = play.session.name_of(matter);
        let of = |event: &Event| of_case(event) == Some(name.as_ref());
        assert!(count(&|event| ends(event) && of(event)) <= 1);
        assert!(count(&|event| matches!(event, Event::Concluded { .. }) && of(event)) <= 1);
        assert!(count(&|event| matches!(event, Event::DecisionSealed { .. }) && of(event)) <= 1);
    }
    assert!(count(&|event| *event == Event::Started) <= 1);
    assert!(count(&|event| *event == Event::Closed) <= 1);
    let acknowledged = count(&|event| matches!(event, Event::Acknowledged { .. }));
    let known = play.session.matters.iter().map(|of| of.acknowledged.len());
    assert_eq!(acknowledged, known.sum::<usize>());
    let suspended = count(&|event| matches!(event, Event::Suspended(_)));
    let resumed = count(&|event| *event == Event::Resumed);
    assert!(suspended == resumed || suspended == resumed + 1);
    let taken = count(&|event| matches!(event, Event::EvidenceTaken(_)));
    assert_eq!(taken, play.session.evidence.len());
}

/// Of which case an event is; absent for those that are the session's.
const fn of_case(event: &Event) -> Option<Option<&String>> {
    match event {
        Event::Concluded { case, .. }
        | Event::DecisionDrafted { case, .. }
        | Event::DecisionSealed { case, .. }
        | Event::Announced { case, .. }
        | Event::Ended { case, .. } => Some(case.as_ref()),
        _ => None,
    }
}

/// R39: what is announced is announced with one act, all that waits, and the record stands before the first seal (R33).
fn together(before: &Session, events: &[Event], after: &Session) {
    let announced = |event: &&Event| matches!(event, Event::Announced { .. });
    let announced = events.iter().filter(announced).count();
    if announced > 0 {
        assert!(!before.is_announced() && after.stage == Stage::Ended);
        assert_eq!(announced, before.to_announce().count());
    }
    if after.matters.iter().any(|of| of.sealed().is_some()) {
        let record = after.record.as_ref().expect("sealed, so read back");
        assert!(!record.signatures.is_empty());
        assert!(
            !after
                .matters
                .iter()
                .any(crate::session::Matter::is_surveyed)
        );
    }
}

fn stage_goes_forward(before: &Session, after: &Session) {
    let rank = |session: &Session| match session.stage {
        Stage::Scheduled => 0,
        Stage::Lobby => 1,
        Stage::Live(_) | Stage::Suspended { .. } => 2,
        Stage::Ended => 3,
        Stage::Closed => 4,
    };
    assert!(rank(before) <= rank(after));
}

/// R26, R27.
fn evidence_stays(before: &Session, after: &Session) {
    assert!(after.evidence.starts_with(&before.evidence));
}

/// R22, R34.
fn nothing_against_one_cut_off(before: &Session, events: &[Event]) {
    let refusing = |event: &Event| {
        let matter = of_case(event).and_then(|case| before.named(case.map(String::as_str)));
        let text = matter.and_then(|matter| matter.decision_text());
        text.is_some_and(|text| text.kind == DecisionKind::Refused)
    };
    let negative = |event: &Event| match event {
        Event::Concluded { outcome, .. } => *outcome == SurveyOutcome::Failed,
        Event::Ended { ending, .. } => matches!(ending, Ending::Rectify { .. }),
        Event::DecisionSealed { .. } | Event::Announced { .. } => refusing(event),
        _ => false,
    };
    if events.iter().any(negative) {
        assert_eq!(before.applicants_cut_off(), Vec::<PersonId>::new());
        assert!(!before.statements.is_empty());
    }
    if events
        .iter()
        .any(|event| matches!(event, Event::RecordSignatureRefused { .. }))
    {
        assert_eq!(before.applicants_cut_off(), Vec::<PersonId>::new());
    }
}

/// R20, R23: nothing is concluded over the head of who asked for the other channel, or away from the site.
fn channel_and_place(before: &Before, step: &Step, events: &[Event]) {
    let asked = before.session.on_site_asked().is_some();
    let beyond = before.beyond;
    for event in events {
        match event {
            Event::Concluded { .. } => assert!(!asked && !beyond),
            Event::DecisionSealed { .. } => assert!(!asked),
            Event::Announced { case, .. } => assert!(!asked || went_on_site(&before.session, case)),
            Event::Ended { ending, .. } => assert!(!asked || *ending == Ending::SwitchOnSite),
            Event::ItemAnswered { .. } | Event::AnnotationAdded { .. } => assert!(!beyond),
            Event::OnSiteAsked { person, .. } | Event::OnSiteWithdrawn { person } => {
                let who = before.session.participant(person).unwrap();
                assert!(who.represents_applicant(), "{step:?}");
            }
            Event::LocationOverridden { person, .. } => {
                assert!(before.session.participant(person).unwrap().is_staff());
            }
            _ => {}
        }
    }
}

/// Of several cases this one was sealed before anybody asked, and what was open then goes on site: so the request is answered.
fn went_on_site(session: &Session, case: &Option<String>) -> bool {
    let asked = session.on_site_asked().unwrap().at;
    let sealed = session.named(case.as_deref()).unwrap().sealed().unwrap();
    let since = |matter: &Matter| matches!(&matter.outcome, Some(Outcome::Ending { at, ending: Ending::SwitchOnSite, .. }) if *at >= asked);
    sealed.at <= asked && session.matters.iter().any(since)
}

/// R18.
fn one_check(before: &Session, events: &[Event]) {
    let begun = |event: &Event| matches!(event, Event::IdentityCheckBegun { .. });
    if events.iter().any(begun) {
        assert_eq!(before.identity_check, None);
    }
}

fn supervisors_only_watch(step: &Step, events: &[Event]) {
    if !matches!(step, Step::Do(SUPERVISOR, _)) {
        return;
    }
    assert!(matches!(
        events[0],
        Event::NoticeAcknowledged { .. }
            | Event::NoticeRefused { .. }
            | Event::MediaChanged { .. }
            | Event::Departed { .. }
            | Event::Acknowledged { .. }
    ));
}

/// R28, and what nobody but its readers may read.
fn private_things_stay_private(before: &Session, events: &[Event], after: &Play) {
    let scheduled = &after.session.scheduled;
    assert_eq!(Viewer::of(scheduled, &person(STRANGER)), None);
    let new = &after.journal[after.journal.len() - events.len()..];
    for participant in &scheduled.participants {
        let viewer = Viewer::of(scheduled, &participant.person).unwrap();
        for entry in new {
            let private = match &entry.event {
                Event::Said { scope, .. } => *scope == ChatScope::Deliberation,
                Event::OpinionFiled { deliberation, .. } => *deliberation,
                Event::SegmentOpened { private, .. } => *private,
                _ => false,
            };
            if before.is_deliberating() && matches!(entry.event, Event::SegmentOpened { .. }) {
                assert!(private);
            }
            if participant.is_applicant_side() {
                assert!(!(private && visible(entry, &viewer)));
                let draft = matches!(entry.event, Event::DecisionDrafted { .. });
                assert!(!(draft && visible(entry, &viewer)));
            }
        }
    }
}

/// R18, R19, R28: of every pair of seats between which media runs.
fn media_stays_inside(session: &Session) {
    let seats = session.seats();
    let checked = session.identity_check.as_ref().map(|check| {
        let seat = |who| {
            session
                .presence(who)
                .place()
                .map(|place| place.seat.clone())
        };
        [seat(&check.person), seat(&check.checker)]
    });
    for (from, publishing) in audience(session) {
        assert!(!publishing.to.contains(&from));
        let in_check = |seat| {
            checked
                .as_ref()
                .is_some_and(|pair| pair.iter().flatten().any(|of| of == seat))
        };
        if in_check(&from) {
            assert!(!publishing.record);
        }
        for to in &publishing.to {
            assert_eq!(in_check(&from), in_check(to));
            if session.media_token(&to.0).is_some() {
                players_get_what_an_applicant_gets(session, to);
            }
            let persons = |seat| seats.get(seat).into_iter().flatten();
            let of_seats = persons(&from).map(|who| (who, true));
            for ((who, presence), sends) in of_seats.chain(persons(to).map(|who| (who, false))) {
                assert!(presence.is_connected() && presence.has_acknowledged());
                if !in_check(&from) {
                    in_the_room(session, who, presence, sends);
                }
            }
        }
        if publishing.record {
            assert!(session.recording.is_running());
            let persons = seats.get(&from).into_iter().flatten();
            assert!(persons.clone().count() > 0 || is_source(session, &from));
            for (_, presence) in persons {
                assert!(presence.is_in_room());
            }
        }
    }
}

/// A machine that is there by a token that is good.
fn is_source(session: &Session, seat: &SeatId) -> bool {
    let token = session.media_token(&seat.0);
    token.is_some_and(|of| !of.revoked && of.is_source())
}

/// R28.
fn players_get_what_an_applicant_gets(session: &Session, player: &SeatId) {
    let token = session.media_token(&player.0).unwrap();
    assert!(token.direction == Direction::Play && token.connected && !token.revoked);
    assert!(!session.is_deliberating());
    assert!(matches!(
        session.stage,
        Stage::Live(_) | Stage::Suspended { .. } | Stage::Ended
    ));
}

fn in_the_room(session: &Session, who: &Participant, presence: &Presence, sends: bool) {
    assert!(presence.is_in_room());
    assert!(!matches!(
        session.stage,
        Stage::Scheduled | Stage::Lobby | Stage::Closed
    ));
    if session.is_deliberating() {
        assert!(!who.is_applicant_side());
    }
    assert!(!(sends && who.is_supervisor()));
}

/// What the panels promise is what `decide` does, for the person whose act it is.
fn readiness_agrees(play: &Play) {
    assert!(play.factor);
    let session = &play.session;
    let chair = person(CHAIR);
    let able = session.is_live_staff(&chair, &play.facts());
    for act in readiness(session, &play.facts()) {
        let command = match act.act {
            Act::Start => Command::Start {},
            Act::Conclude => {
                let matter = session.named(act.case.as_deref()).unwrap();
                play.conclude_case(act.case.as_deref(), session.judged(matter))
            }
            Act::SealDecision => Command::SealDecision {
                content_digest: play.paper_of(act.case.as_deref()),
                case: act.case.clone(),
            },
            Act::Announce => Command::Announce {},
            Act::End => end(act.case.as_deref(), Ending::SwitchOnSite),
            Act::Close => Command::Close {},
            Act::SignRecord => {
                signing_agrees(play, act.ready);
                continue;
            }
        };
        let got = play.ask(CHAIR, &command);
        if able {
            assert_eq!(
                got.is_ok(),
                act.ready,
                "{:?}: {got:?} {:?}",
                act.act,
                act.missing
            );
            if let (Err(refusal), Some(first)) = (&got, act.missing.first())
                && !matches!(session.stage, Stage::Closed)
            {
                assert_eq!(refusal, first);
            }
        }
    }
}

fn signing_agrees(play: &Play, ready: bool) {
    let sign = Command::SignRecord {
        digest: "c0".repeat(32),
    };
    let got = play.ask(CHAIR, &sign);
    let own = |code| matches!(code, Code::AlreadySigned | Code::NotAllowed);
    match got {
        Ok(_) => assert!(ready),
        Err(refusal) if ready && play.session.is_live_staff(&person(CHAIR), &play.facts()) => {
            assert!(own(refusal.code), "{refusal:?}");
        }
        Err(_) => {}
    }
}
