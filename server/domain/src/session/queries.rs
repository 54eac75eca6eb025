//! What the rules ask of a state.

use std::collections::BTreeMap;

use crate::case::Facts;
use crate::event::{Answer, CheckResult, MeasuredHow, Mode, OpinionKind, SurveyOutcome};
use crate::people::{Participant, PersonId, Role, SeatId};
use crate::site::Whereabouts;
use crate::template::{CheckItem, Level, Remote};

use super::{
    Conclusion, Matter, Opinion, Presence, Run, SealedDecision, Session, Stage, TakenEvidence, Talk,
};

static ABSENT: Presence = Presence::Absent;

impl Session {
    /// `scheduled`, `lobby`, `live`, `suspended`, `ended` or `closed`.
    #[must_use]
    pub const fn stage_name(&self) -> &'static str {
        match self.stage {
            Stage::Scheduled => "scheduled",
            Stage::Lobby => "lobby",
            Stage::Live(_) => "live",
            Stage::Suspended { .. } => "suspended",
            Stage::Ended => "ended",
            Stage::Closed => "closed",
        }
    }

    #[must_use]
    pub fn participant(&self, person: &PersonId) -> Option<&Participant> {
        self.scheduled
            .participants
            .iter()
            .find(|participant| participant.person == *person)
    }

    #[must_use]
    pub fn presence(&self, person: &PersonId) -> &Presence {
        self.attendance
            .get(person)
            .map_or(&ABSENT, |attendance| &attendance.presence)
    }

    /// Participants with where they stand.
    pub fn people(&self) -> impl Iterator<Item = (&Participant, &Presence)> {
        self.scheduled
            .participants
            .iter()
            .map(|participant| (participant, self.presence(&participant.person)))
    }

    /// Who holds each taken seat, at the door or admitted.
    #[must_use]
    pub fn seats(&self) -> BTreeMap<&SeatId, Vec<(&Participant, &Presence)>> {
        let mut seats: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (participant, presence) in self.people() {
            if let Some(place) = presence.place() {
                seats
                    .entry(&place.seat)
                    .or_default()
                    .push((participant, presence));
            }
        }
        seats
    }

    /// Live or suspended.
    #[must_use]
    pub const fn run(&self) -> Option<&Run> {
        match &self.stage {
            Stage::Live(run) | Stage::Suspended { run, .. } => Some(run),
            _ => None,
        }
    }

    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Live(_))
    }

    /// A deliberation outlasts a suspension, and stays as private (R28).
    #[must_use]
    pub fn is_deliberating(&self) -> bool {
        self.run()
            .is_some_and(|run| matches!(run.talk, Talk::Deliberation { .. }))
    }

    /// The matter of the case so named; without a name, of the only one.
    #[must_use]
    pub fn named(&self, case: Option<&str>) -> Option<&Matter> {
        match (case, self.matters.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(case), matters) => matters.iter().find(|matter| matter.case == case),
        }
    }

    /// As events and commands name it: not at all where there is no other.
    #[must_use]
    pub fn name_of(&self, matter: &Matter) -> Option<String> {
        (self.matters.len() > 1).then(|| matter.case.clone())
    }

    /// Whether a case has neither a sealed decision nor an ending.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        let mut matters = self.matters.iter();
        matters.any(|of| of.outcome.is_none() && of.sealed().is_none())
    }

    /// Whether anything was announced. It all is, in one act.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.matters.iter().any(|of| of.announcement().is_some())
    }

    /// Sealed, and neither announced nor ended.
    pub fn to_announce(&self) -> impl Iterator<Item = (&Matter, &SealedDecision)> {
        let waiting = self.matters.iter().filter(|of| of.outcome.is_none());
        waiting.filter_map(|matter| matter.sealed().map(|sealed| (matter, sealed)))
    }

    /// The last conclusion there was: at it the chair confirmed who is there.
    #[must_use]
    pub fn last_conclusion(&self) -> Option<&Conclusion> {
        let concluded = self.matters.iter().filter_map(|of| of.conclusion.as_ref());
        concluded.max_by_key(|conclusion| conclusion.at)
    }

    /// Live, identified staff: admitted, credential shown, reachable, not recused (R13, R14, R16, R17).
    #[must_use]
    pub fn live_staff(&self, cases: &Facts<'_>) -> Vec<PersonId> {
        self.people()
            .filter(|(participant, _)| self.is_live_staff(&participant.person, cases))
            .map(|(participant, _)| participant.person.clone())
            .collect()
    }

    #[must_use]
    pub fn is_live_staff(&self, person: &PersonId, cases: &Facts<'_>) -> bool {
        let presence = self.presence(person);
        self.participant(person).is_some_and(Participant::is_staff)
            && !cases.is_recused(person)
            && presence.is_in_room()
            && presence
                .admitted()
                .is_some_and(|admitted| admitted.credential.is_some())
    }

    /// Whether the person said, with the credential or since, to be on the site.
    #[must_use]
    pub fn is_on_site(&self, person: &PersonId) -> bool {
        let admitted = self.presence(person).admitted();
        let credential = admitted.and_then(|admitted| admitted.credential.as_ref());
        credential.is_some_and(|credential| credential.whereabouts == Whereabouts::OnSite)
    }

    /// Of the last stay, over or not.
    #[must_use]
    pub fn was_on_site(&self, person: &PersonId) -> bool {
        let stay = self.attendance.get(person);
        let stay = stay.and_then(|attendance| attendance.stays.last());
        let credential = stay.and_then(|stay| stay.credential.as_ref());
        credential.is_some_and(|credential| credential.whereabouts == Whereabouts::OnSite)
    }

    /// Everybody admitted and reachable.
    #[must_use]
    pub fn in_room(&self) -> Vec<PersonId> {
        self.people()
            .filter(|(_, presence)| presence.is_in_room())
            .map(|(participant, _)| participant.person.clone())
            .collect()
    }

    /// R22: who of applicant and agents is kept away by the network.
    #[must_use]
    pub fn applicants_cut_off(&self) -> Vec<PersonId> {
        self.people()
            .filter(|(participant, presence)| {
                participant.represents_applicant() && presence.is_cut_off()
            })
            .map(|(participant, _)| participant.person.clone())
            .collect()
    }

    #[must_use]
    pub fn item(&self, code: &str) -> Option<&CheckItem> {
        self.scheduled.items().find(|item| item.code == code)
    }

    #[must_use]
    pub fn evidence(&self, id: &str) -> Option<&TakenEvidence> {
        self.evidence.iter().find(|taken| taken.evidence.id == id)
    }

    /// R31.
    #[must_use]
    pub fn unanswered(&self, matter: &Matter) -> Vec<String> {
        self.codes(matter, |item| !self.answers.contains_key(&item.code))
    }

    /// R21: items whose answer cannot be concluded on in this mode.
    #[must_use]
    pub fn unsuitably_answered(&self, matter: &Matter) -> Vec<String> {
        self.codes(matter, |item| {
            self.answers
                .get(&item.code)
                .is_some_and(|answered| !self.suits(item, &answered.answer))
        })
    }

    /// R21: whether this answer to this item can be concluded on in this mode.
    #[must_use]
    pub fn suits(&self, item: &CheckItem, answer: &Answer) -> bool {
        let on_site_only = item.remote == Remote::N || self.unsuitable.contains_key(&item.code);
        if answer.result == CheckResult::OnSiteOnly {
            return false;
        }
        if !on_site_only || !self.scheduled.is_open(&item.code) {
            return true;
        }
        let read_on_site = answer
            .measurement
            .as_ref()
            .is_some_and(|measurement| measurement.how == MeasuredHow::OnSiteReading);
        match self.scheduled.mode {
            Mode::Remote => false,
            Mode::Hybrid => read_on_site || answer.result == CheckResult::NotApplicable,
            Mode::OnSite => true,
        }
    }

    /// Failed items of a level.
    #[must_use]
    pub fn failed(&self, matter: &Matter, level: Level) -> Vec<String> {
        self.codes(matter, |item| {
            item.level == level
                && self
                    .answers
                    .get(&item.code)
                    .is_some_and(|answered| answered.answer.result == CheckResult::NotMet)
        })
    }

    /// How many failures of each level the case's template lets pass (R32).
    #[must_use]
    pub fn allowed(&self, matter: &Matter) -> [(Level, u16); 3] {
        let rule = self.scheduled.case(&matter.case);
        let rule = rule.map(|of| of.template.judgement);
        let (major, minor) = rule.map_or((0, 0), |rule| {
            (rule.major_failures_allowed, rule.minor_failures_allowed)
        });
        [
            (Level::Key, 0),
            (Level::Major, major),
            (Level::Minor, minor),
        ]
    }

    /// R32: what the template's judgement rule makes of the answers.
    #[must_use]
    pub fn judged(&self, matter: &Matter) -> SurveyOutcome {
        let mut levels = self.allowed(matter).into_iter();
        if levels.all(|(level, most)| self.failed(matter, level).len() <= usize::from(most)) {
            SurveyOutcome::Passed
        } else {
            SurveyOutcome::Failed
        }
    }

    /// Of the case's own checklist.
    fn codes(&self, matter: &Matter, wanted: impl Fn(&CheckItem) -> bool) -> Vec<String> {
        let of = self.scheduled.case(&matter.case);
        let items = of.into_iter().flat_map(|of| &of.template.items);
        items
            .filter(|item| wanted(item))
            .map(|item| item.code.clone())
            .collect()
    }

    /// The latest opinion of each person in each capacity.
    #[must_use]
    pub fn standing_opinions(&self) -> Vec<&Opinion> {
        let replaced = |index: usize, opinion: &Opinion| {
            self.opinions
                .iter()
                .skip(index + 1)
                .any(|later| later.person == opinion.person && later.kind == opinion.kind)
        };
        self.opinions
            .iter()
            .enumerate()
            .filter(|(index, opinion)| !replaced(*index, opinion))
            .map(|(_, opinion)| opinion)
            .collect()
    }

    /// R37: joining departments that have not filed.
    #[must_use]
    pub fn departments_missing(&self, matter: &Matter) -> Vec<String> {
        let filed = |department: &String| {
            self.opinions.iter().any(|opinion| {
                matches!(&opinion.kind, OpinionKind::Department { department: of } if of == department)
            })
        };
        let of = self.scheduled.case(&matter.case);
        let departments = of.into_iter().flat_map(|of| of.joining_departments);
        departments
            .filter(|department| !filed(department))
            .cloned()
            .collect()
    }

    /// R33: whose signatures under the survey record are still missing.
    ///
    /// Both staff: two of those the chair confirmed present, surveyors first. The applicant's side: one signature, or
    /// one noted refusal. A recused person's signature does not count (R16).
    #[must_use]
    pub fn signatures_missing(&self, cases: &Facts<'_>) -> Vec<PersonId> {
        let Some(conclusion) = self.last_conclusion() else {
            return Vec::new();
        };
        let signed = |person: &PersonId| {
            !cases.is_recused(person)
                && self.record.as_ref().is_some_and(|record| {
                    let mut signatures = record.signatures.iter();
                    signatures.any(|signature| signature.person == *person)
                })
        };
        let mut missing = self.staff_signatures_missing(conclusion, cases, &signed);
        let applicants: Vec<_> = self
            .scheduled
            .participants
            .iter()
            .filter(|participant| participant.represents_applicant())
            .map(|participant| participant.person.clone())
            .collect();
        let refused = self
            .record
            .as_ref()
            .is_some_and(|record| !record.refusals.is_empty());
        if !refused && !applicants.iter().any(signed) {
            missing.extend(applicants);
        }
        missing
    }

    /// R33: two staff of those confirmed present, surveyors first, then applicants and agents.
    #[must_use]
    pub fn signers(&self) -> Vec<PersonId> {
        let Some(conclusion) = self.last_conclusion() else {
            return Vec::new();
        };
        let nobody = Facts::default();
        let mut signers = self.staff_signatures_missing(conclusion, &nobody, &|_| false);
        let applicants = self.scheduled.participants.iter();
        signers.extend(
            applicants
                .filter(|participant| participant.represents_applicant())
                .map(|participant| participant.person.clone()),
        );
        signers
    }

    fn staff_signatures_missing(
        &self,
        conclusion: &Conclusion,
        cases: &Facts<'_>,
        signed: &dyn Fn(&PersonId) -> bool,
    ) -> Vec<PersonId> {
        let mut staff: Vec<_> = conclusion
            .present
            .iter()
            .filter_map(|person| self.participant(person))
            .filter(|staff| staff.is_staff() && !cases.is_recused(&staff.person))
            .collect();
        staff.sort_by_key(|staff| !staff.is(Role::Surveyor));
        let have = staff.iter().filter(|staff| signed(&staff.person)).count();
        let recused = conclusion
            .present
            .iter()
            .filter(|person| cases.is_recused(person));
        let unsigned = staff
            .iter()
            .map(|staff| &staff.person)
            .filter(|person| !signed(person));
        unsigned
            .chain(recused)
            .take(2_usize.saturating_sub(have))
            .cloned()
            .collect()
    }
}
