//! `POST /api/v1/cases`: opens a case in pre-review.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use kanjie_domain::{CaseBrief, Code, PersonId, Refusal};
use kanjie_store::Person;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::cases::open::{self, NewCase};
use crate::http::json::Json;
use crate::http::once;
use crate::problem::{Problem, ProblemCode};
use crate::services::Services;

/// Agents that one request may name.
const MOST_AGENTS: usize = 20;
/// Characters of a name, a phone number or an organisation.
const LONGEST: usize = 200;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCase {
    item: String,
    applicant: Somebody,
    #[serde(default)]
    #[schema(max_items = 20)]
    agents: Vec<Somebody>,
    brief: Brief,
}

/// Somebody known by id, or to be made known: that is for staff alone.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Somebody {
    Known(PersonId),
    New(New),
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPerson)]
pub struct New {
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
    #[schema(max_length = 200, pattern = r"\S")]
    phone: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    organisation: String,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCaseBrief)]
pub struct Brief {
    applicant: String,
    uscc: String,
    address: String,
    authority: String,
    contact: String,
    #[serde(default)]
    case_no: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CreatedCase {
    case: String,
    case_no: String,
    seq: u64,
    applicant: PersonId,
    agents: Vec<PersonId>,
}

/// Opens a case in pre-review. A person or an item that is not there is refused with `value_invalid`.
#[utoipa::path(post, path = "/api/v1/cases", operation_id = "create_case", tag = "cases", params(once::Key), request_body = CreateCase,
    responses((status = 201, description = "Made", body = CreatedCase), (status = 403, response = Problem), (status = 409, response = Problem)))]
pub async fn handle(
    State(services): State<Services>,
    caller: Caller,
    Json(request): Json<CreateCase>,
) -> Result<impl IntoResponse, Problem> {
    let staff = caller.account_roles.iter().any(|role| role.is_staff());
    let himself = |who: &Somebody| matches!(who, Somebody::Known(of) if *of == caller.person);
    // ARL 29: an application can be made through an agent; his power of attorney is a material like any other.
    let own = himself(&request.applicant) || request.agents.iter().any(himself);
    if caller.link.is_some() || !(staff || own) {
        return Err(Refusal::from(Code::NotAllowed).into());
    }
    if request.agents.len() > MOST_AGENTS {
        return Err(ProblemCode::Malformed.into());
    }
    let applicant = known(&services, request.applicant, staff, "applicant").await?;
    let mut agents = Vec::new();
    for agent in request.agents {
        agents.push(known(&services, agent, staff, "agents").await?);
    }
    let brief = CaseBrief {
        case_no: request.brief.case_no,
        item_title: String::new(),
        applicant: request.brief.applicant,
        uscc: request.brief.uscc,
        address: request.brief.address,
        authority: request.brief.authority,
        contact: request.brief.contact,
    };
    let new = NewCase {
        item: request.item,
        applicant: applicant.clone(),
        agents: agents.clone(),
        brief,
    };
    let made = open::create(&services, &caller.person, &caller.account_roles, &new).await?;
    let created = CreatedCase {
        case: made.case,
        case_no: made.case_no,
        seq: made.seq,
        applicant,
        agents,
    };
    Ok((StatusCode::CREATED, axum::Json(created)))
}

async fn known(
    services: &Services,
    who: Somebody,
    staff: bool,
    field: &str,
) -> Result<PersonId, Problem> {
    match who {
        Somebody::Known(person) => {
            let found = services.store.person(&person).await?;
            found.ok_or_else(|| Refusal::of(Code::ValueInvalid, [field]))?;
            Ok(person)
        }
        Somebody::New(_) if !staff => Err(Refusal::from(Code::NotAllowed).into()),
        Somebody::New(new) => {
            let plain = |text: &str| !text.trim().is_empty() && text.chars().count() <= LONGEST;
            let named = plain(&new.name) && plain(&new.phone);
            if !named || new.organisation.chars().count() > LONGEST {
                return Err(ProblemCode::Malformed.into());
            }
            let person = Person {
                id: PersonId(services.env.new_id()),
                name: new.name,
                organisation: new.organisation,
                department: None,
                phone: new.phone,
            };
            services.store.add_person(&person).await?;
            Ok(person.id)
        }
    }
}
