//! What people are told of an entry: personal links and notices, sent to the registered phones.

use std::collections::BTreeSet;

use kanjie_domain::case::Application;
use kanjie_domain::{CaseEvent, PersonId};
use kanjie_store::{CaseEffect, LinkTo, NewLink, NewNotice};

use super::Scene;
use crate::auth::cookie::Token;
use crate::cases::error::CaseError;
use crate::cases::words::{self, Word};
use crate::rooms::journal::SessionJournal;

impl Scene<'_> {
    /// Personal links for those of the session who have no account, sent to their phones.
    pub(super) async fn invite(&self, effect: &mut CaseEffect) -> Result<(), CaseError> {
        let CaseEvent::SessionScheduled { session } = &self.recorded.event else {
            return Ok(());
        };
        let store = &self.services.store;
        let journal = SessionJournal::load(store.clone(), session).await;
        let journal = journal.map_err(|error| CaseError::Session(error.to_string()))?;
        let scheduled = &journal.state.scheduled;
        // Of several cases the first one tells: nobody is invited twice.
        if scheduled.case != self.id {
            return Ok(());
        }
        let brief = scheduled.brief_of_all();
        for participant in &scheduled.participants {
            let person = &participant.person;
            let Some(known) = store.person(person).await? else {
                continue;
            };
            if store.account_of(person).await?.is_some() {
                continue;
            }
            let link = self.link(LinkTo::Session(session.clone()), person, effect);
            let text = words::invitation(&brief, scheduled.starts_at, &link);
            effect.notices.push(self.notice(known.phone, text));
        }
        Ok(())
    }

    /// Personal links to the case for its applicant and his agents who have no account: there is no session yet.
    pub(super) async fn invite_to_case(
        &self,
        application: &Application,
        effect: &mut CaseEffect,
    ) -> Result<(), CaseError> {
        let store = &self.services.store;
        let side: BTreeSet<&PersonId> = std::iter::once(&application.applicant)
            .chain(&application.agents)
            .collect();
        for person in side {
            let known = store.person(person).await?;
            let Some(known) = known.filter(|known| !known.phone.is_empty()) else {
                continue;
            };
            if store.account_of(person).await?.is_some() {
                continue;
            }
            let link = self.link(LinkTo::Case(self.id.to_owned()), person, effect);
            let text = words::opened(&self.before.brief, &link);
            effect.notices.push(self.notice(known.phone, text));
        }
        Ok(())
    }

    /// Makes a link; its address.
    fn link(&self, to: LinkTo, person: &PersonId, effect: &mut CaseEffect) -> String {
        let token = Token::new(self.services.env.as_ref());
        effect.links.push(NewLink {
            token_hash: token.digest(),
            to,
            person: person.clone(),
            created_at: self.services.env.now(),
        });
        self.services.config.link(&token.text())
    }

    pub(super) async fn tell(&self, effect: &mut CaseEffect) -> Result<(), CaseError> {
        let Some(Word { to, text }) = words::of(self.before, &self.recorded.event) else {
            return Ok(());
        };
        for person in to {
            let known = self.services.store.person(&person).await?;
            if let Some(known) = known.filter(|known| !known.phone.is_empty()) {
                effect.notices.push(self.notice(known.phone, text.clone()));
            }
        }
        Ok(())
    }

    fn notice(&self, recipient: String, text: String) -> NewNotice {
        NewNotice {
            recipient,
            kind: String::from("case"),
            subject: format!("办件 {}", self.before.brief.case_no),
            text,
            case: Some(self.id.to_owned()),
            created_at: self.services.env.now(),
            ..NewNotice::default()
        }
    }
}
