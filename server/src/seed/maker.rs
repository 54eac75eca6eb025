//! Example cases, one at a time: the same for the same seed on the same day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kanjie_domain::calendar::day_of;
use kanjie_domain::case::{Application, Appointment, Guide, Listed};
use kanjie_domain::event::{Mode, Scheduled};
use kanjie_domain::template_set::TemplateVersion;
use kanjie_domain::{Actor, Calendar, CalendarError, CaseBrief, Event, PersonId, Role};
use kanjie_store::{AppendRequest, IndexChange, JournalId, NewEntry, Person};

use super::company::{Company, company};
use super::dice::Dice;
use super::district::{District, Named};
use super::player::{PlayError, Player, Who, office_hours};
use super::script::{Cast, Course, Plan, play};
use super::staff::{holder, staff_id};
use crate::body::entry_body;
use crate::cases::published::{Basis, Item};
use crate::cases::sessions;
use crate::error::Failure;
use crate::scheduling::participant;
use crate::services::Services;

/// Cases of one company.
const EACH: u64 = 3;
/// Where the clock shows a day of which no holiday table is loaded, examples end on this one.
const LAST: Date = jiff::civil::date(2026, 11, 24);

/// Working days after which a case is over.
const OVER_IN: usize = 18;
/// Before this day of a year there is too little of it to fill.
const FEW: i16 = 90;

/// What examples are made of.
#[derive(Debug)]
pub struct Maker {
    seed: u64,
    calendar: Calendar,
    /// Working days on which cases begin, in order; the last is today.
    days: Vec<Date>,
    /// The moment at which they all stand, UTC µs.
    now: i64,
    /// Where an item's survey is common, where it has a checklist, and all of them.
    surveyed: Vec<Item>,
    listed: Vec<Item>,
    items: Vec<Item>,
    departments: Vec<Named>,
    places: Vec<String>,
    /// Of the items with a checklist, by its key.
    versions: BTreeMap<String, TemplateVersion>,
}

/// One case as it was played.
#[derive(Debug)]
pub struct Made<'a> {
    pub id: String,
    pub applicant: Person,
    pub player: Player<'a>,
}

impl Maker {
    /// # Errors
    /// When the calendar lacks a day of this year.
    pub fn new(
        district: &District,
        calendar: Calendar,
        seed: u64,
        now: i64,
    ) -> Result<Self, Failure> {
        let today = day_of(now).map_err(PlayError::from)?;
        let (today, now) = match calendar.is_working_day(today) {
            Ok(_) if today.day_of_year() > FEW => (today, now),
            _ => (LAST, office_hours(LAST, 480).map_err(PlayError::from)?),
        };
        let items: Vec<Item> = district.items().collect();
        let some =
            |keep: fn(&Item) -> bool| items.iter().filter(|item| keep(item)).cloned().collect();
        Ok(Self {
            seed,
            days: working_days(&calendar, today).map_err(PlayError::from)?,
            calendar,
            now,
            surveyed: some(|item| item.survey),
            listed: some(|item| matches!(item.basis, Basis::Template(_))),
            items,
            departments: district.departments.clone(),
            places: district.places(),
            versions: kanjie_domain::template_versions()
                .into_iter()
                .map(|of| (of.template.key.clone(), of))
                .collect(),
        })
    }

    /// Case `number` of `of`, begun as early in the year as it is early among them.
    ///
    /// # Errors
    /// When the domain refuses a step of it.
    pub fn case(&self, number: u64, of: u64) -> Result<Made<'_>, PlayError> {
        let mut dice = Dice::new(self.seed, number);
        let from = match dice.between(1, 10) {
            1..=2 => &self.listed,
            3..=6 => &self.surveyed,
            _ => &self.items,
        };
        let item = dice.pick(from).ok_or(PlayError::Empty)?.clone();
        let days = self.days.len() as u64;
        let of = of.max(1);
        let day = usize::try_from(number % of * days / of).unwrap_or(0);
        let is_old = day + OVER_IN < self.days.len();
        let course = match dice.between(1, 100) {
            1..=4 => Course::NotAccepted,
            5..=8 => Course::Withdrawn,
            9..=50 if is_old => Course::NotAccepted,
            _ if is_old => Course::Withdrawn,
            _ => Course::Reviewed,
        };
        let notice = dice.percent(12);
        let plan = self.plan(number, &item, course, notice);
        let day = self.days.get(day).copied().unwrap_or(LAST);
        // Through the day in the order of their numbers.
        let part = number % of * days % of;
        let into = i64::try_from(u128::from(part) * 28_800_000_000 / u128::from(of)).unwrap_or(0);
        let company = Dice::new(self.seed ^ 0xE5, number).throw() % (of / EACH).max(1);
        self.play(
            number,
            company,
            &item,
            &plan,
            office_hours(day, 0)? + into,
            &mut dice,
        )
    }

    /// One case that stays at that stage, begun so many working days ago.
    ///
    /// # Errors
    /// When the domain refuses a step of it.
    pub fn staying(
        &self,
        number: u64,
        stage: &'static str,
        course: Course,
        ago: usize,
    ) -> Result<Made<'_>, PlayError> {
        let mut dice = Dice::new(self.seed, number);
        let item = dice.pick(&self.listed).ok_or(PlayError::Empty)?.clone();
        let plan = Plan {
            stays: Some(stage),
            ..self.plan(number, &item, course, stage == "one_time_notice")
        };
        let day = self.days.len().saturating_sub(ago + 1);
        let day = self.days.get(day).copied().unwrap_or(LAST);
        let begins = office_hours(day, 0)? + i64::try_from(number).unwrap_or(0);
        self.play(number, number, &item, &plan, begins, &mut dice)
    }

    fn plan(&self, number: u64, item: &Item, course: Course, notice: bool) -> Plan {
        let session = self.version(item).map(|_| format!("{}-1", self.id(number)));
        let department = self.department(&item.department);
        Plan {
            course,
            notice,
            session,
            stays: None,
            department: department.map(|of| of.name.clone()).unwrap_or_default(),
        }
    }

    fn id(&self, number: u64) -> String {
        format!("example-{}-{number:07}", self.seed)
    }

    fn play(
        &self,
        number: u64,
        company_number: u64,
        item: &Item,
        plan: &Plan,
        begins: i64,
        dice: &mut Dice,
    ) -> Result<Made<'_>, PlayError> {
        let Company {
            name,
            uscc,
            applicant,
        } = company(self.seed, company_number);
        let cast = self.cast(&applicant, item);
        let brief = CaseBrief {
            case_no: format!("SL-{}-{:03}{number:07}", day_of(begins)?.year(), self.seed),
            item_title: item.title.clone(),
            applicant: name,
            uscc,
            address: format!(
                "{}{}号",
                dice.pick(&self.places).cloned().unwrap_or_default(),
                dice.between(1, 200)
            ),
            authority: String::from("示例区行政审批局"),
            contact: String::from("示例联系人 010-00000000"),
        };
        let id = self.id(number);
        let application = Application {
            case: id.clone(),
            applicant: cast.applicant.person.clone(),
            agents: Vec::new(),
            guide: self.guide(item).ok_or(PlayError::Empty)?,
        };
        let span = (begins.min(self.now), self.now);
        let mut player = Player::open(&brief, &application, &cast.applicant, span, &self.calendar)?;
        play(&mut player, plan, &cast, dice)?;
        Ok(Made {
            id,
            applicant,
            player,
        })
    }

    /// The second surveyor comes from the next department.
    fn cast(&self, applicant: &Person, item: &Item) -> Cast {
        let mut others = self.departments.iter().cycle();
        let found = others.any(|of| of.code == item.department);
        let next = others.next().filter(|_| found);
        let next = next.map_or(item.department.as_str(), |of| of.code.as_str());
        Cast {
            applicant: Who {
                person: applicant.id.clone(),
                roles: BTreeSet::new(),
            },
            handler: staff(&item.department, "surveyor", Role::Surveyor),
            second: staff(next, "surveyor", Role::Surveyor),
            approver: staff(&item.department, "approver", Role::Approver),
        }
    }

    fn version(&self, item: &Item) -> Option<&TemplateVersion> {
        match &item.basis {
            Basis::Template(key) => self.versions.get(key),
            Basis::Guide(_) => None,
        }
    }

    fn guide(&self, item: &Item) -> Option<Guide> {
        match &item.basis {
            Basis::Template(_) => self.version(item).map(|of| of.guide.clone()),
            Basis::Guide(guide) => Some(Guide::clone(guide)),
        }
    }

    fn department(&self, code: &str) -> Option<&Named> {
        self.departments.iter().find(|of| of.code == code)
    }

    /// The session of the case as it begins, and when it was scheduled, UTC µs.
    fn scheduled(&self, made: &Made<'_>) -> Option<(i64, Scheduled)> {
        let case = &made.player.case;
        let session = case.session_order.last()?;
        let Appointment::Confirmed { slot } = &case.appointment else {
            return None;
        };
        let version = self.versions.get(&case.application.as_ref()?.guide.item)?;
        let mode = version.allows(Mode::Hybrid).map(|()| Mode::Hybrid);
        let applicant = participant(&made.applicant, [Role::Applicant]);
        let staff = case.staff.iter().filter_map(|(person, roles)| {
            let holder = self.holder(person)?;
            Some(participant(&holder, roles.iter().copied()))
        });
        let scheduled = Scheduled {
            session: session.clone(),
            case: made.id.clone(),
            brief: case.brief.clone(),
            template: version.template.clone(),
            participants: std::iter::once(applicant).chain(staff).collect(),
            joining_departments: Vec::new(),
            mode: mode.unwrap_or(Mode::OnSite),
            starts_at: slot.from,
            resurvey: None,
            site: None,
            further: Vec::new(),
        };
        Some((case.last_at, scheduled))
    }

    fn holder(&self, id: &PersonId) -> Option<Person> {
        let posts = ["surveyor", "approver"];
        let mut all = self
            .departments
            .iter()
            .flat_map(|of| posts.into_iter().filter_map(|post| holder(of, post)));
        all.find(|person| person.id == *id)
    }

    /// Its entries and what lists show of it, with its session.
    pub fn append(
        &self,
        services: &Services,
        made: &Made<'_>,
        request: &mut AppendRequest,
    ) -> Result<(), Failure> {
        let mut entries = Vec::with_capacity(made.player.journal.len());
        for recorded in &made.player.journal {
            entries.push(NewEntry {
                nonce: services.env.random(),
                body: entry_body(recorded.at, &recorded.actor, &recorded.event)?,
            });
        }
        let (case, case_no) = (made.id.clone(), made.player.case.brief.case_no.clone());
        let journal = JournalId::Case(case.clone());
        request.read.push((journal.clone(), 0));
        let head = entries.len() as u64;
        request.write.push((journal, entries));
        request.index.push(IndexChange::Case {
            id: case.clone(),
            case_no,
        });
        // No paper and no notice follows from what never was.
        let settled = case.clone();
        request.index.push(IndexChange::Settled {
            case: settled,
            head,
        });
        let listed = Box::new(Listed::of(&made.player.case, &self.calendar));
        request.index.push(IndexChange::Listed { case, listed });
        match self.scheduled(made) {
            Some((at, scheduled)) => add_session(services, request, at, scheduled),
            None => Ok(()),
        }
    }
}

/// A session's first entry, and its place in lists.
fn add_session(
    services: &Services,
    request: &mut AppendRequest,
    at: i64,
    scheduled: Scheduled,
) -> Result<(), Failure> {
    let journal = JournalId::Session(scheduled.session.clone());
    request.index.push(IndexChange::Session {
        row: sessions::row(&scheduled),
        further: Vec::new(),
        participants: scheduled.participants.clone(),
    });
    let event = Event::Scheduled(Box::new(scheduled));
    let entry = NewEntry {
        nonce: services.env.random(),
        body: entry_body(at, &Actor::System, &event)?,
    };
    request.read.push((journal.clone(), 0));
    request.write.push((journal, vec![entry]));
    Ok(())
}

/// Staff of a department, as `staff.rs` makes them.
fn staff(department: &str, post: &str, role: Role) -> Who {
    Who {
        person: staff_id(department, post),
        roles: BTreeSet::from([role]),
    }
}

/// The working days of the year up to today.
fn working_days(calendar: &Calendar, today: Date) -> Result<Vec<Date>, CalendarError> {
    let mut days = Vec::new();
    let mut day = jiff::civil::date(today.year(), 1, 1);
    loop {
        if calendar.is_working_day(day)? {
            days.push(day);
        }
        if day >= today {
            return Ok(days);
        }
        day = day.tomorrow().map_err(|_| CalendarError::NotLoaded(day))?;
    }
}

impl From<PlayError> for Failure {
    fn from(error: PlayError) -> Self {
        Self::Usage(format!("example case: {error}"))
    }
}
