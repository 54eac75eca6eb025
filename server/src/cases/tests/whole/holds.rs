//! What must hold of a case, its sessions, its papers and what people were told, however it came about.

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::case::{Case, CaseFacts, Route};
use kanjie_domain::event::Ending;
use kanjie_domain::{Actor, CaseEvent, CaseRecorded, Event, Recorded};
use kanjie_evidence::{Chain, Entry, h};
use kanjie_store::{CasePaper, JournalId};
use serde_json::Value;

use super::scene::Scene;
use crate::cases::{papers, words};

/// A case's journal, read and folded anew.
struct Read {
    entries: Vec<(Entry, CaseRecorded)>,
    /// Of each session: its entries.
    sessions: BTreeMap<String, Vec<(Entry, Recorded)>>,
    papers: Vec<CasePaper>,
}

pub async fn everything(scene: &Scene) {
    let read = Read::of(scene).await;
    folds(scene, &read).await;
    acceptance(scene, &read);
    decisions(&read);
    sessions(&read);
    recusals(&read);
    printed(scene, &read);
    told(scene, &read).await;
}

impl Read {
    async fn of(scene: &Scene) -> Self {
        let store = &scene.services.store;
        let entries = chained(scene, &JournalId::Case(scene.id.clone())).await;
        let mut sessions = BTreeMap::new();
        let case = scene.case().await;
        for session in &case.session_order {
            let journal = JournalId::Session(session.clone());
            sessions.insert(session.clone(), chained(scene, &journal).await);
        }
        Self {
            entries,
            sessions,
            papers: store.case_papers(&scene.id).await.unwrap(),
        }
    }

    /// Each entry with the case as it stood before.
    fn walk(&self, mut visit: impl FnMut(&Case, &Entry, &CaseRecorded)) {
        let mut entries = self.entries.iter();
        let mut case = Case::begin(&entries.next().unwrap().1).unwrap();
        for (entry, recorded) in entries {
            visit(&case, entry, recorded);
            case.evolve(recorded);
        }
    }
}

/// The chain holds, and time never runs back.
async fn chained<R: serde::de::DeserializeOwned + At>(
    scene: &Scene,
    journal: &JournalId,
) -> Vec<(Entry, R)> {
    let entries = scene
        .services
        .store
        .entries(journal, 0, 10_000)
        .await
        .unwrap();
    let mut chain = Chain::new();
    let mut at = i64::MIN;
    let mut read = Vec::new();
    for entry in entries {
        chain.push(&entry).unwrap();
        let recorded: R = serde_json::from_str(entry.body().unwrap()).unwrap();
        assert!(recorded.at() >= at, "{journal}: time runs back");
        at = recorded.at();
        read.push((entry, recorded));
    }
    read
}

trait At {
    fn at(&self) -> i64;
}

impl At for CaseRecorded {
    fn at(&self) -> i64 {
        self.at
    }
}

impl At for Recorded {
    fn at(&self) -> i64 {
        self.at
    }
}

/// What is kept in memory is what the journal says.
async fn folds(scene: &Scene, read: &Read) {
    let mut case = Case::begin(&read.entries[0].1).unwrap();
    for (_, recorded) in &read.entries[1..] {
        case.evolve(recorded);
    }
    assert_eq!(case, scene.case().await);
}

/// R01, R02, R03: one answer to each receipt, each with its slip or its notice.
fn acceptance(scene: &Scene, read: &Read) {
    let mut noticed = BTreeSet::new();
    let mut answers = 0;
    read.walk(|before, _, recorded| match &recorded.event {
        CaseEvent::NoticeGiven { submission, .. } => {
            assert!(noticed.insert(*submission), "R01: a second notice");
        }
        CaseEvent::Accepted { on, route, slip } => {
            answers += 1;
            let receipt = before.stage.receipt().unwrap();
            let received = kanjie_domain::calendar::day_of(receipt.at).unwrap();
            let calendar = kanjie_domain::Calendar::example().unwrap();
            let last = calendar.add_working_days(received, 5).unwrap();
            let today = kanjie_domain::calendar::day_of(recorded.at).unwrap();
            assert_eq!(*route == Route::Deemed, today > last, "R02");
            assert_eq!(*on, if today > last { received } else { today });
            slipped(scene, &slip.pdf_digest);
        }
        CaseEvent::NotAccepted { slip, .. } => {
            answers += 1;
            slipped(scene, &slip.pdf_digest);
        }
        _ => {}
    });
    assert!(answers <= 1, "R03: {answers} answers");
}

fn slipped(scene: &Scene, digest: &str) {
    let path = papers::path(&scene.services.config.data, &scene.id, digest, "pdf");
    let pdf = std::fs::read(path).unwrap();
    assert_eq!(h(&[&pdf]).to_string(), digest, "R03");
}

/// R11, R35, R36, R45: nothing stood against the decision when it was made; and it was announced in that session.
fn decisions(read: &Read) {
    let mut decided = 0;
    read.walk(|before, _, recorded| {
        let CaseEvent::Decided(decision) = &recorded.event else {
            return;
        };
        decided += 1;
        let facts: &CaseFacts = &before.facts;
        assert_eq!(facts.forbids(decision.kind, recorded.at), []);
        let entries = &read.sessions[&decision.session];
        let announced = entries
            .iter()
            .find(|(_, of)| matches!(of.event, Event::Announced { .. }));
        let (entry, announced) = announced.expect("decided, but never announced");
        assert_eq!(entry.hash.to_string(), decision.head);
        let Event::Announced { content_digest, .. } = &announced.event else {
            return;
        };
        assert_eq!(*content_digest, decision.content_digest);
        let signer = &announced.actor;
        let recused = |person| Actor::Person(person) == *signer;
        assert!(!facts.recused.iter().cloned().any(recused), "R16");
    });
    assert!(decided <= 1);
}

/// What a session's journal says of its end, the case's says too, and the other way round. R44, R60.
fn sessions(read: &Read) {
    let mut failed_before: Vec<String> = Vec::new();
    for (session, entries) in ordered(read) {
        let ends: Vec<_> = entries
            .iter()
            .filter(|(_, of)| matches!(of.event, Event::Announced { .. } | Event::Ended { .. }))
            .collect();
        let of_it = |event: &CaseEvent| match event {
            CaseEvent::SessionResult {
                session: of, head, ..
            } if *of == session => Some(head.clone()),
            _ => None,
        };
        let results: Vec<_> = read
            .entries
            .iter()
            .filter_map(|(_, of)| of_it(&of.event))
            .collect();
        let heads: Vec<_> = ends
            .iter()
            .map(|(entry, _)| entry.hash.to_string())
            .collect();
        assert_eq!(results, heads, "half-done");
        let asked = read.entries.iter().filter(|(_, of)| {
            matches!(&of.event, CaseEvent::RatingRequested { session: of } if *of == session)
        });
        assert_eq!(asked.count(), heads.len(), "R60");
        let reopened = read.entries.iter().find_map(|(_, of)| match &of.event {
            CaseEvent::ResurveyScheduled { session: of, items } if *of == session => {
                Some(items.clone())
            }
            _ => None,
        });
        assert_eq!(reopened.unwrap_or_default(), failed_before, "R44");
        let failed = read.entries.iter().find_map(|(_, of)| match &of.event {
            CaseEvent::ItemsFailed { session: of, items } if *of == session => Some(items.clone()),
            _ => None,
        });
        failed_before = failed.unwrap_or_default();
    }
}

fn ordered(read: &Read) -> Vec<(String, &Vec<(Entry, Recorded)>)> {
    let scheduled = read.entries.iter().filter_map(|(_, of)| match &of.event {
        CaseEvent::SessionScheduled { session } => Some(session.clone()),
        _ => None,
    });
    scheduled
        .map(|session| {
            let entries = &read.sessions[&session];
            (session, entries)
        })
        .collect()
}

/// R16: who stepped aside does nothing more.
fn recusals(read: &Read) {
    read.walk(|before, _, recorded| {
        if let Actor::Person(person) = &recorded.actor {
            assert!(!before.facts.recused.contains(person), "R16: {recorded:?}");
        }
    });
}

/// Each paper that an entry asks for, once, and no other.
fn printed(scene: &Scene, read: &Read) {
    let mut asked = Vec::new();
    read.walk(|_, entry, recorded| {
        let kind = match &recorded.event {
            CaseEvent::NoticeGiven { .. } => "one_time_notice",
            CaseEvent::UndertakingGiven { .. } => "undertaking",
            CaseEvent::Accepted { .. } => "acceptance",
            CaseEvent::NotAccepted { .. } => "non_acceptance",
            CaseEvent::Decided(_) => "decision",
            CaseEvent::Served { .. } => "service_proof",
            CaseEvent::ItemsFailed { session, .. } if is_rectified(&read.sessions[session]) => {
                "rectification"
            }
            _ => return,
        };
        asked.push((i64::try_from(entry.seq).unwrap(), kind.to_owned()));
    });
    let made: Vec<_> = read
        .papers
        .iter()
        .map(|paper| (paper.seq, paper.kind.clone()))
        .collect();
    assert_eq!(made, asked);
    for paper in &read.papers {
        slipped(scene, &paper.pdf_digest);
    }
}

fn is_rectified(entries: &[(Entry, Recorded)]) -> bool {
    entries.iter().any(|(_, of)| {
        matches!(
            of.event,
            Event::Ended {
                ending: Ending::Rectify { .. },
                ..
            }
        )
    })
}

/// Each notice and each personal link, once, and no other; as those who got them saw it.
async fn told(scene: &Scene, read: &Read) {
    let mut expected: Vec<(String, String)> = Vec::new();
    let store = &scene.services.store;
    let mut words_said = Vec::new();
    read.walk(|before, _, recorded| {
        words_said.extend(words::of(before, &recorded.event));
    });
    for word in words_said {
        for person in word.to {
            let known = store.person(&person).await.unwrap().unwrap();
            expected.push((known.phone, word.text.clone()));
        }
    }
    let mut side = Vec::new();
    read.walk(|before, _, recorded| {
        if let CaseEvent::ApplicationOpened(of) = &recorded.event {
            let people = std::iter::once(&of.applicant).chain(&of.agents);
            side.extend(people.map(|person| (person.clone(), before.brief.clone())));
        }
    });
    for (person, brief) in side {
        if store.account_of(&person).await.unwrap().is_none() {
            let known = store.person(&person).await.unwrap().unwrap();
            expected.push((known.phone, without_link(&words::opened(&brief, ""))));
        }
    }
    for entries in read.sessions.values() {
        let Event::Scheduled(scheduled) = &entries[0].1.event else {
            panic!("a session begins otherwise");
        };
        for participant in &scheduled.participants {
            if store
                .account_of(&participant.person)
                .await
                .unwrap()
                .is_none()
            {
                let known = store.person(&participant.person).await.unwrap().unwrap();
                let text = words::invitation(&scheduled.brief, scheduled.starts_at, "");
                expected.push((known.phone, without_link(&text)));
            }
        }
    }
    while scene.services.notices.deliver_due().await.unwrap() > 0 {}
    let outbox = scene.services.config.data.join("outbox.jsonl");
    let lines = std::fs::read_to_string(outbox).unwrap_or_default();
    let mut got: Vec<(String, String)> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            (text("to"), without_link(&text("text")))
        })
        .collect();
    expected.sort();
    got.sort();
    assert_eq!(got, expected);
}

fn without_link(text: &str) -> String {
    let mut marks = ["进入：", "查收文书："].into_iter();
    let found = marks.find_map(|mark| text.split_once(mark));
    found.map_or(text, |(before, _)| before).to_owned()
}
