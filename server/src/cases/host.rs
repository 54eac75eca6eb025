//! A case's acts: decide on what is loaded, append over every journal that the decision read, decide again where one moved.

use std::collections::BTreeSet;
use std::sync::Arc;

use kanjie_domain::authority::{Act, CaseAct, Standing, authorise};
use kanjie_domain::calendar::day_of;
use kanjie_domain::case::{
    Bar, Case, CaseContext, CaseReport, CaseViewer, DrawFrom, FileFacts, Slip, decide, report,
};
use kanjie_domain::papers::PaperTexts;
use kanjie_domain::pool::Seed;
use kanjie_domain::{
    Actor, Calendar, CaseCommand, CaseEvent, Code, Factor, FactorKind, PersonId, Refusal, Role,
};
use kanjie_store::AppendRequest;

use super::append::{CaseStep, add_case};
use super::error::CaseError;
use super::journal::{self, Loaded};
use super::papers::{self, Kind, Subject};
use super::pool;
use super::published;
use crate::auth::{self, Caller};
use crate::http::version::IfMatch;
use crate::rooms::EXAMPLE_SEAL;
use crate::services::Services;

/// How often a decision is made again because a journal moved under it.
pub const TRIES: usize = 4;

/// Somebody who acts on a case, with what he is at the bureau.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    pub person: &'a PersonId,
    pub roles: &'a BTreeSet<Role>,
}

impl<'a> From<&'a Caller> for Acting<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self {
            person: &caller.person,
            roles: &caller.account_roles,
        }
    }
}

/// Where the second factor of an act comes from.
#[derive(Clone, Copy, Debug)]
pub enum Second<'a> {
    None,
    /// As typed, checked only where nothing else stands in the way.
    Code(&'a Caller, &'a str),
}

/// What a decision reads beside state and command, with nothing that only some acts need.
pub fn context<'a>(
    calendar: &'a Calendar,
    actor: &'a Actor,
    roles: &'a BTreeSet<Role>,
    now: i64,
) -> CaseContext<'a> {
    CaseContext {
        actor,
        roles,
        now,
        calendar,
        factor: None,
        slip: None,
        bars: &[],
        draw: None,
        uploads: &[],
    }
}

/// The case as it stands, for somebody who has a part in it.
///
/// # Errors
/// [`CaseError::NotFound`] where there is no such case or no part in it.
pub async fn open_to(
    services: &Services,
    case: &str,
    acting: Acting<'_>,
) -> Result<(Arc<Loaded<Case>>, CaseViewer), CaseError> {
    let loaded = journal::load::<Case>(&services.store, &services.folds, case).await?;
    let now = services.env.now();
    let viewer = CaseViewer::of(&loaded.state, acting.person, acting.roles, now);
    let viewer = viewer.ok_or(CaseError::NotFound)?;
    Ok((loaded, viewer))
}

/// Whether the case opens that act to the person, as things stand.
///
/// # Errors
/// [`CaseError::NotFound`] where there is no such case.
pub async fn may(
    services: &Services,
    case: &str,
    acting: Acting<'_>,
    act: CaseAct,
) -> Result<bool, CaseError> {
    let loaded = journal::load::<Case>(&services.store, &services.folds, case).await?;
    let now = services.env.now();
    let standing = Standing::in_case(&loaded.state, acting.person, acting.roles, now);
    Ok(authorise(&standing.roles, Act::Case(act), standing.relation).is_ok())
}

/// Carries out a person's command and returns the `seq` of its last entry.
///
/// # Errors
/// As the case decides; [`CaseError::Busy`] where its journals moved each time.
pub async fn act(
    services: &Services,
    case: &str,
    acting: Acting<'_>,
    command: &CaseCommand,
    second: Second<'_>,
    if_match: &IfMatch,
) -> Result<u64, CaseError> {
    let actor = Actor::Person(acting.person.clone());
    let mut factor: Option<Factor> = None;
    let calendar = published::working_days(services).await?;
    let pool = match command {
        CaseCommand::DrawExperts { .. } => {
            pool::on(&services.store, day_of(services.env.now())?).await?
        }
        _ => None,
    };
    let uploads = handed_in(services, case, acting.person, command).await?;
    // One draw, however often it is decided anew.
    let seed = Seed(u64::from_be_bytes(services.env.random()));
    for _ in 0..TRIES {
        let (loaded, _) = open_to(services, case, acting).await?;
        if_match.check(loaded.head).map_err(CaseError::Told)?;
        let bars = bars(services, &loaded.state, command).await?;
        let mut asked = Asked {
            services,
            calendar: &calendar,
            id: case,
            loaded: &loaded,
            roles: acting.roles,
            actor: &actor,
            at: loaded.at(services.env.now()),
            factor: factor.clone(),
            bars: &bars,
            draw: pool.as_ref().map(|pool| DrawFrom { pool, seed }),
            uploads: &uploads,
        };
        let decide = |asked: &Asked<'_>, slip| decide(&loaded.state, command, &asked.context(slip));
        let mut events = with_slip(&asked, |slip| decide(&asked, slip)).await;
        if factor.is_none()
            && let (Err(CaseError::Refused(refusal)), Second::Code(caller, code)) =
                (&events, second)
            && refusal.code == Code::FactorNeeded
        {
            // A code is used up only where nothing else stands in the way.
            asked.factor = Some(assumed(caller, asked.at));
            decide(&asked, None)?;
            let name = format!("{}:{case}", command_name(command));
            let verified = auth::factor::verify(services, caller, &name, code).await;
            factor = Some(verified.map_err(CaseError::Told)?);
            asked.factor.clone_from(&factor);
            events = with_slip(&asked, |slip| decide(&asked, slip)).await;
        }
        match append(&asked, events?).await {
            Err(CaseError::Conflict) => {}
            done => return done,
        }
    }
    Err(CaseError::Busy)
}

/// Journals what the server itself knows of a case. `None` where the case has no use for it (any more).
///
/// # Errors
/// As [`act`], but a refusal.
pub async fn tell(
    services: &Services,
    case: &str,
    news: &CaseReport,
) -> Result<Option<u64>, CaseError> {
    let roles = BTreeSet::new();
    let calendar = published::working_days(services).await?;
    for _ in 0..TRIES {
        let loaded = journal::load::<Case>(&services.store, &services.folds, case).await?;
        let asked = Asked {
            services,
            calendar: &calendar,
            id: case,
            loaded: &loaded,
            roles: &roles,
            actor: &Actor::System,
            at: loaded.at(services.env.now()),
            factor: None,
            bars: &[],
            draw: None,
            uploads: &[],
        };
        let decide = |slip| report(&loaded.state, news, &asked.context(slip));
        let events = match with_slip(&asked, decide).await {
            Err(CaseError::Refused(refusal)) => {
                tracing::debug!(case, ?news, ?refusal, "report not journalled");
                return Ok(None);
            }
            events => events?,
        };
        match append(&asked, events).await {
            Err(CaseError::Conflict) => {}
            done => return done.map(Some),
        }
    }
    Err(CaseError::Busy)
}

/// A decision to be, with all that it reads.
struct Asked<'a> {
    services: &'a Services,
    calendar: &'a Calendar,
    id: &'a str,
    loaded: &'a Loaded<Case>,
    roles: &'a BTreeSet<Role>,
    actor: &'a Actor,
    at: i64,
    factor: Option<Factor>,
    bars: &'a [Bar],
    draw: Option<DrawFrom<'a>>,
    uploads: &'a [FileFacts],
}

impl Asked<'_> {
    fn context(&self, slip: Option<Slip>) -> CaseContext<'_> {
        CaseContext {
            factor: self.factor.clone(),
            slip,
            bars: self.bars,
            draw: self.draw,
            uploads: self.uploads,
            ..context(self.calendar, self.actor, self.roles, self.at)
        }
    }
}

async fn append(asked: &Asked<'_>, events: Vec<CaseEvent>) -> Result<u64, CaseError> {
    let step = CaseStep {
        id: asked.id.to_owned(),
        before: asked.loaded.state.clone(),
        head: asked.loaded.head,
        actor: asked.actor.clone(),
        at: asked.at,
        events,
    };
    let mut request = AppendRequest::default();
    add_case(asked.services, asked.calendar, &mut request, &step).await?;
    asked.services.store.append(request).await?;
    asked.services.case_work.notify_one();
    Ok(step.head + step.events.len() as u64)
}

/// R03: decides with the slip that the events name, where they name one. It is made only once nothing but it is missing.
async fn with_slip(
    asked: &Asked<'_>,
    decide: impl Fn(Option<Slip>) -> Result<Vec<CaseEvent>, Refusal>,
) -> Result<Vec<CaseEvent>, CaseError> {
    let foreseen = match decide(None) {
        Err(refusal) if refusal.code == Code::SlipMissing => decide(Some(placeholder()))?,
        events => return Ok(events?),
    };
    let texts = published::texts(&asked.services.store, &asked.loaded.state).await?;
    let of = subject(asked, &texts);
    let mut slip = None;
    for event in &foreseen {
        if let Some((kind, content)) = slip_content(&of, event)? {
            let (number, texts) = (of.number(kind, 1)?, texts.clone());
            let printed = papers::print(asked.services, asked.id, number, content, texts).await?;
            slip = Some(Slip {
                number: printed.number,
                pdf_digest: printed.pdf_digest.to_string(),
                seal: EXAMPLE_SEAL.to_owned(),
            });
        }
    }
    Ok(decide(slip)?)
}

fn subject<'a>(asked: &'a Asked<'_>, texts: &'a PaperTexts) -> Subject<'a> {
    Subject {
        case: &asked.loaded.state,
        calendar: asked.calendar,
        texts,
        at: asked.at,
    }
}

fn slip_content(
    of: &Subject<'_>,
    event: &CaseEvent,
) -> Result<Option<(Kind, papers::Content)>, CaseError> {
    Ok(match event {
        CaseEvent::Accepted { on, route, .. } => {
            let number = of.number(Kind::Acceptance, 1)?;
            let content = papers::acceptance(of, &number, *on, *route)?;
            Some((Kind::Acceptance, content))
        }
        CaseEvent::NotAccepted {
            reason,
            basis,
            next_step,
            contact,
            ..
        } => {
            let number = of.number(Kind::NonAcceptance, 1)?;
            let content = papers::non_acceptance(of, &number, [reason, basis, next_step, contact])?;
            Some((Kind::NonAcceptance, content))
        }
        _ => None,
    })
}

/// Well formed, and never journalled: for asking what the slip would have to say.
fn placeholder() -> Slip {
    Slip {
        number: String::from("-"),
        pdf_digest: "0".repeat(64),
        seal: EXAMPLE_SEAL.to_owned(),
    }
}

/// R45: read at receipt alone.
async fn bars(
    services: &Services,
    case: &Case,
    command: &CaseCommand,
) -> Result<Vec<Bar>, CaseError> {
    let (CaseCommand::Receive {}, Some(application)) = (command, &case.application) else {
        return Ok(Vec::new());
    };
    let item = &application.guide.item;
    let rows = services.store.bars(&case.brief.uscc, item).await?;
    let bars = rows.into_iter().filter_map(|row| {
        Some(Bar {
            until: row.until_day.parse().ok()?,
            of: row.case_id,
            uscc: row.uscc,
            item: row.item,
        })
    });
    Ok(bars.collect())
}

/// The finished upload of the person to this case that the command names. What is whole stays so: read once.
async fn handed_in(
    services: &Services,
    case: &str,
    person: &PersonId,
    command: &CaseCommand,
) -> Result<Vec<FileFacts>, CaseError> {
    let CaseCommand::SubmitMaterial { file, .. } = command else {
        return Ok(Vec::new());
    };
    let mut digest = [0; 32];
    if hex::decode_to_slice(&file.sha256, &mut digest).is_err() {
        return Ok(Vec::new());
    }
    let upload = services.store.whole_upload(case, person, &digest).await?;
    let facts = upload.map(|upload| FileFacts {
        sha256: hex::encode(digest),
        bytes: upload.total.unsigned_abs(),
        media_type: upload.media_type,
        name: upload.name,
    });
    Ok(facts.into_iter().collect())
}

fn assumed(caller: &Caller, at: i64) -> Factor {
    let kind = match caller.link {
        Some(_) => FactorKind::PhoneCode,
        None => FactorKind::Totp,
    };
    Factor {
        kind,
        at,
        signed: None,
    }
}

fn command_name(command: &CaseCommand) -> String {
    let value = serde_json::to_value(command).unwrap_or_default();
    let name = value.get("type").and_then(serde_json::Value::as_str);
    name.unwrap_or("act").to_owned()
}
