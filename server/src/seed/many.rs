//! Example cases, as many as asked for, in few transactions.

use std::collections::BTreeSet;

use kanjie_domain::PersonId;
use kanjie_store::{AppendRequest, Person};

use super::district::District;
use super::maker::{Made, Maker};
use super::script::Course;
use crate::cases::published;
use crate::error::Failure;
use crate::services::Services;

/// Cases in one transaction.
const BATCH: u64 = 200;

/// Each stage before a decision, and each end without one, with the course that leads to it, and how many working days ago the case
/// began. The last is late.
const STAGES: [(&str, Course, usize); 10] = [
    ("pre_review", Course::Reviewed, 1),
    ("received", Course::Reviewed, 2),
    ("one_time_notice", Course::Reviewed, 4),
    ("accepted", Course::Reviewed, 6),
    ("in_review", Course::Reviewed, 9),
    ("not_accepted", Course::NotAccepted, 8),
    ("withdrawn", Course::Withdrawn, 12),
    ("closed", Course::Withdrawn, 40),
    ("closed", Course::NotAccepted, 30),
    ("in_review", Course::Reviewed, 45),
];

/// Makes so many cases, the people who apply and the sessions that are to come. The staff must be there.
///
/// # Errors
/// When one of them is there already: a seed serves a store once.
pub async fn make(
    services: &Services,
    district: &District,
    cases: u64,
    seed: u64,
) -> Result<(), Failure> {
    let calendar = published::working_days(services).await?;
    let maker = Maker::new(district, calendar, seed, services.env.now())?;
    let mut known = BTreeSet::new();
    let mut first = 0;
    while first < cases {
        let next = cases.min(first + BATCH);
        let made: Result<Vec<_>, _> = (first..next)
            .map(|number| maker.case(number, cases))
            .collect();
        keep(services, &maker, &made?, &mut known).await?;
        first = next;
    }
    Ok(())
}

/// One case, and more where they differ, for each stage that needs no survey held; says how many. The staff must be there.
///
/// # Errors
/// As [`make`].
pub async fn every_stage(services: &Services, district: &District) -> Result<u64, Failure> {
    let calendar = published::working_days(services).await?;
    let maker = Maker::new(district, calendar, 0, services.env.now())?;
    let mut made = Vec::new();
    for (number, (stage, course, ago)) in (1..).zip(STAGES) {
        made.push(maker.staying(number, stage, course, ago)?);
    }
    keep(services, &maker, &made, &mut BTreeSet::new()).await?;
    Ok(made.len() as u64)
}

async fn keep(
    services: &Services,
    maker: &Maker,
    made: &[Made<'_>],
    known: &mut BTreeSet<PersonId>,
) -> Result<(), Failure> {
    let people = made.iter().map(|made| &made.applicant);
    let people: Vec<Person> = people
        .filter(|person| known.insert(person.id.clone()))
        .cloned()
        .collect();
    services.store.add_people(&people).await?;
    let mut request = AppendRequest::default();
    for made in made {
        maker.append(services, made, &mut request)?;
    }
    services.store.append(request).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kanjie_domain::Calendar;
    use kanjie_store::CaseFilter;

    use super::*;
    use crate::seed::staff::{self, SeededStaff};
    use crate::testing::TestApp;

    /// 2026-11-24 17:00 in Shanghai.
    const NOW: i64 = 1_795_510_800_000_000;

    fn told(seed: u64, number: u64) -> Vec<kanjie_domain::CaseRecorded> {
        let district = District::example().unwrap();
        let maker = Maker::new(&district, Calendar::example().unwrap(), seed, NOW).unwrap();
        maker.case(number, 500).unwrap().player.journal
    }

    #[test]
    fn the_same_seed_tells_the_same_cases() {
        assert_eq!(told(7, 123), told(7, 123));
        assert_ne!(told(7, 123), told(8, 123));
        assert_ne!(told(7, 123), told(7, 124));
    }

    /// Every step of every course is one that the domain takes; most old cases are over, the newest are on their way.
    #[test]
    fn cases_are_plausible() {
        let district = District::example().unwrap();
        let maker = Maker::new(&district, Calendar::example().unwrap(), 3, NOW).unwrap();
        let made: Vec<_> = (0..2_400)
            .map(|number| maker.case(number, 2_400).unwrap())
            .collect();
        let stage = |made: &Made<'_>| made.player.case.stage.name();
        let old = made[..1_200]
            .iter()
            .filter(|made| stage(made) == "closed")
            .count();
        assert!(old > 1_140, "{old}");
        let stages: BTreeSet<_> = made[2_000..].iter().map(stage).collect();
        for expected in ["pre_review", "received", "accepted", "in_review", "closed"] {
            assert!(stages.contains(expected), "{stages:?}");
        }
        let began: Vec<_> = made.iter().map(|made| made.player.case.began_at).collect();
        assert!(began.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|made| made.player.case.last_at <= NOW));
        let departments: BTreeSet<_> = made
            .iter()
            .map(|made| &made.player.case.brief.item_title)
            .collect();
        assert!(departments.len() > 150, "{}", departments.len());
    }

    #[tokio::test]
    async fn there_is_a_case_at_every_stage_that_needs_no_survey_held() {
        let app = TestApp::new().await;
        let district = District::example().unwrap();
        staff::load(&app.services, &district).await.unwrap();
        let made = every_stage(&app.services, &district).await.unwrap();
        assert_eq!(made, 10);
        let counts = app.services.store.case_counts("2026-11-24").await.unwrap();
        let stages: BTreeSet<_> = counts
            .stages
            .values()
            .flat_map(BTreeMap::keys)
            .cloned()
            .collect();
        let all = [
            "accepted",
            "closed",
            "in_review",
            "not_accepted",
            "one_time_notice",
            "pre_review",
            "received",
            "withdrawn",
        ];
        assert_eq!(stages.iter().map(String::as_str).collect::<Vec<_>>(), all);
        let late = counts.late.values().sum::<i64>();
        assert!((1..=4).contains(&late), "{late} are late");
        app.services.store.verify_journals().await.unwrap();
        // Nothing is owed to anybody of an example.
        let waiting = app.services.store.case_work_waiting("", 100).await.unwrap();
        assert!(
            waiting
                .iter()
                .all(|work| !work.case_id.starts_with("example-")),
            "{waiting:?}"
        );
    }

    /// Signed in as staff of that name.
    async fn sign_in(app: &TestApp, seeded: &SeededStaff, user: &str) -> String {
        let body = serde_json::json!({
            "user": user, "password": seeded.password, "totp": app.totp(user).await,
        });
        let answer = app.post("/api/v1/sign-in", "", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.cookie()
    }

    /// What a member of staff and a supervisor see of the seeded cases: each opens, its journal is whole, and whatever it names is
    /// there: its session for those who are called to it, its people, its papers.
    #[tokio::test]
    async fn nothing_that_a_seeded_case_names_is_missing() {
        let app = TestApp::new().await;
        let district = District::example().unwrap();
        let staff = staff::load(&app.services, &district).await.unwrap();
        every_stage(&app.services, &district).await.unwrap();
        make(&app.services, &district, 150, 4).await.unwrap();
        let supervisor = app.sign_in("supervisor").await;
        let mut cookies = BTreeMap::new();
        let (all, mut opened) = (CaseFilter::default(), 0);
        let page = app.services.store.cases(&all, None, 200).await.unwrap();
        let rows = page.rows.iter();
        let seeded: Vec<_> = rows.filter(|row| row.id.starts_with("example-")).collect();
        assert_eq!(seeded.len(), 10 + 150);
        for row in seeded {
            let path = format!("/api/v1/cases/{}", row.id);
            let view = opens(&app, &supervisor, &path, row.stage.as_str()).await;
            let papers = app.get(&format!("{path}/papers"), &supervisor).await;
            assert_eq!(papers.json()["papers"], serde_json::json!([]));
            let course = &view["course"];
            let mut people = vec![course["applicant"].as_str().unwrap()];
            people.extend(
                course["staff"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(String::as_str),
            );
            for person in &people {
                let id = PersonId((*person).to_owned());
                let known = app.services.store.person(&id).await.unwrap();
                assert!(known.is_some(), "{person}");
            }
            let sessions = course["sessions"].as_array().unwrap();
            opened += sessions.len();
            for session in sessions {
                // Under review, and not held yet.
                assert_eq!(
                    (row.stage.as_str(), &session["head"]),
                    ("in_review", &serde_json::Value::Null)
                );
                for person in &people[1..] {
                    let user = person.strip_prefix("example-").unwrap().to_owned();
                    if !cookies.contains_key(&user) {
                        let cookie = sign_in(&app, &staff, &user).await;
                        cookies.insert(user.clone(), cookie);
                    }
                    let cookie = &cookies[&user];
                    let session =
                        format!("/api/v1/sessions/{}", session["session"].as_str().unwrap());
                    let shown = app.get(&session, cookie).await;
                    assert_eq!(shown.status, 200, "{user} {shown:?}");
                    let journal = app.get(&format!("{session}/journal"), cookie).await;
                    assert_eq!(journal.json()["entries"].as_array().unwrap().len(), 1);
                    opens(&app, cookie, &path, "in_review").await;
                }
            }
        }
        assert!(opened >= 2, "{opened} sessions");
        app.services.store.verify_journals().await.unwrap();
    }

    /// The case, and its whole journal.
    async fn opens(app: &TestApp, cookie: &str, path: &str, stage: &str) -> serde_json::Value {
        let view = app.get(path, cookie).await;
        assert_eq!(view.status, 200, "{path} {view:?}");
        let view = view.json();
        assert_eq!(view["course"]["stage"], stage);
        let journal = app.get(&format!("{path}/journal"), cookie).await.json();
        let mut chain = kanjie_evidence::journal::Chain::new();
        for entry in journal["entries"].as_array().unwrap() {
            let entry = serde_json::from_value(entry.clone()).unwrap();
            chain.push(&entry).unwrap();
        }
        assert_eq!(view["head"], chain.seq());
        view
    }

    #[tokio::test]
    async fn many_are_made_and_found_and_a_seed_serves_once() {
        let app = TestApp::new().await;
        let district = District::example().unwrap();
        staff::load(&app.services, &district).await.unwrap();
        make(&app.services, &district, 450, 5).await.unwrap();
        let store = &app.services.store;
        let indexed = store.case_counts("2026-11-24").await.unwrap();
        let all: i64 = indexed.stages.values().flat_map(BTreeMap::values).sum();
        assert_eq!(all, 450 + 3);
        let page = store.cases(&CaseFilter::default(), None, 5).await.unwrap();
        let question = Some(page.rows[3].uscc.clone());
        let of_company = CaseFilter {
            question,
            ..CaseFilter::default()
        };
        assert!(
            !store
                .cases(&of_company, None, 50)
                .await
                .unwrap()
                .rows
                .is_empty()
        );
        // What was written beside the journals is what they say.
        store
            .rebuild_case_index(&Calendar::example().unwrap())
            .await
            .unwrap();
        assert_eq!(store.case_counts("2026-11-24").await.unwrap(), indexed);
        assert!(make(&app.services, &district, 1, 5).await.is_err());
    }
}
