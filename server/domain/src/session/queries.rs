//! What the rules ask of a state.

use std::collections::BTreeMap;

use crate::case::CaseFacts;
use crate::event::{
    Answer, CheckResult, DecisionText, MeasuredHow, Mode, OpinionKind, SurveyOutcome,
};
use crate::people::{Participant, PersonId, Role, SeatId};
use crate::site::Whereabouts;
use crate::template::{CheckItem, Level, Remote};

use super::{
    Conclusion, Decision, Opinion, Outcome, Presence, Run, SealedDecision, Session, Stage,
    TakenEvidence, Talk,
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
            Stage::Ended(_) => "ended",
            Stage::Closed(_) => "closed",
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

    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Ended(outcome) | Stage::Closed(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The digest that was announced.
    #[must_use]
    pub fn announcement(&self) -> Option<&str> {
        match self.outcome()? {
            Outcome::Announced { content_digest, .. } => Some(content_digest),
            Outcome::Ending { .. } => None,
        }
    }

    /// Live, identified staff: admitted, credential shown, reachable, not recused (R13, R14, R16, R17).
    #[must_use]
    pub fn live_staff(&self, case: &CaseFacts) -> Vec<PersonId> {
        self.people()
            .filter(|(participant, _)| self.is_live_staff(&participant.person, case))
            .map(|(participant, _)| participant.person.clone())
            .collect()
    }

    #[must_use]
    pub fn is_live_staff(&self, person: &PersonId, case: &CaseFacts) -> bool {
        let presence = self.presence(person);
        self.participant(person).is_some_and(Participant::is_staff)
            && !case.recused.contains(person)
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
        self.scheduled
            .template
            .items
            .iter()
            .find(|item| item.code == code)
    }

    /// R44: in a re-survey only the failed items are open.
    #[must_use]
    pub fn is_open(&self, code: &str) -> bool {
        self.scheduled
            .resurvey
            .as_ref()
            .is_none_or(|resurvey| resurvey.carried.iter().all(|answer| answer.code != code))
    }

    #[must_use]
    pub fn evidence(&self, id: &str) -> Option<&TakenEvidence> {
        self.evidence.iter().find(|taken| taken.evidence.id == id)
    }

    /// R31.
    #[must_use]
    pub fn unanswered(&self) -> Vec<String> {
        self.codes(|item| !self.answers.contains_key(&item.code))
    }

    /// R21: items whose answer cannot be concluded on in this mode.
    #[must_use]
    pub fn unsuitably_answered(&self) -> Vec<String> {
        self.codes(|item| {
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
        if !on_site_only || !self.is_open(&item.code) {
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
    pub fn failed(&self, level: Level) -> Vec<String> {
        self.codes(|item| {
            item.level == level
                && self
                    .answers
                    .get(&item.code)
                    .is_some_and(|answered| answered.answer.result == CheckResult::NotMet)
        })
    }

    /// R32: what the template's judgement rule makes of the answers.
    #[must_use]
    pub fn judged(&self) -> SurveyOutcome {
        let judgement = self.scheduled.template.judgement;
        let within = |level, allowed: u16| self.failed(level).len() <= usize::from(allowed);
        if within(Level::Key, 0)
            && within(Level::Major, judgement.major_failures_allowed)
            && within(Level::Minor, judgement.minor_failures_allowed)
        {
            SurveyOutcome::Passed
        } else {
            SurveyOutcome::Failed
        }
    }

    fn codes(&self, wanted: impl Fn(&CheckItem) -> bool) -> Vec<String> {
        let items = self.scheduled.template.items.iter();
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
    pub fn departments_missing(&self) -> Vec<String> {
        let filed = |department: &String| {
            self.opinions.iter().any(|opinion| {
                matches!(&opinion.kind, OpinionKind::Department { department: of } if of == department)
            })
        };
        let departments = self.scheduled.joining_departments.iter();
        departments
            .filter(|department| !filed(department))
            .cloned()
            .collect()
    }

    /// The decision as drafted or sealed.
    #[must_use]
    pub fn decision_text(&self) -> Option<&DecisionText> {
        match &self.conclusion.as_ref()?.decision {
            Decision::None => None,
            Decision::Drafted { text, .. } => Some(text),
            Decision::Sealed(sealed) => Some(&sealed.text),
        }
    }

    /// Who drafted the decision, and so is the one who can seal it.
    #[must_use]
    pub fn drafter(&self) -> Option<&PersonId> {
        match &self.conclusion.as_ref()?.decision {
            Decision::None => None,
            Decision::Drafted { by, .. } => by.as_ref(),
            Decision::Sealed(sealed) => Some(&sealed.signer),
        }
    }

    #[must_use]
    pub fn sealed(&self) -> Option<&SealedDecision> {
        match &self.conclusion.as_ref()?.decision {
            Decision::Sealed(sealed) => Some(sealed),
            _ => None,
        }
    }

    /// R33: whose signatures under the survey record are still missing.
    ///
    /// Both staff: two of those the chair confirmed present, surveyors first. The applicant's side: one signature, or
    /// one noted refusal. A recused person's signature does not count (R16).
    #[must_use]
    pub fn signatures_missing(&self, case: &CaseFacts) -> Vec<PersonId> {
        let Some(conclusion) = &self.conclusion else {
            return Vec::new();
        };
        let signed = |person: &PersonId| {
            !case.recused.contains(person)
                && conclusion.record.as_ref().is_some_and(|record| {
                    let mut signatures = record.signatures.iter();
                    signatures.any(|signature| signature.person == *person)
                })
        };
        let mut missing = self.staff_signatures_missing(conclusion, case, &signed);
        let applicants: Vec<_> = self
            .scheduled
            .participants
            .iter()
            .filter(|participant| participant.represents_applicant())
            .map(|participant| participant.person.clone())
            .collect();
        let refused = conclusion
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
        let Some(conclusion) = &self.conclusion else {
            return Vec::new();
        };
        let nobody = CaseFacts::default();
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
        case: &CaseFacts,
        signed: &dyn Fn(&PersonId) -> bool,
    ) -> Vec<PersonId> {
        let mut staff: Vec<_> = conclusion
            .present
            .iter()
            .filter_map(|person| self.participant(person))
            .filter(|staff| staff.is_staff() && !case.recused.contains(&staff.person))
            .collect();
        staff.sort_by_key(|staff| !staff.is(Role::Surveyor));
        let have = staff.iter().filter(|staff| signed(&staff.person)).count();
        let recused = conclusion
            .present
            .iter()
            .filter(|person| case.recused.contains(*person));
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
