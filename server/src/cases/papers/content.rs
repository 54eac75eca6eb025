//! What each paper says, from the case as it stood and the event that asks for the paper.

use jiff::civil::Date;
use kanjie_domain::calendar::day_of;
use kanjie_domain::case::{Case, MissingItem, Route, ServiceMethod, Stage};
use kanjie_domain::papers::{
    self, AcceptanceSlip, Acknowledged, Channel, Demand, Extension, Issue, MissingMaterial,
    NonAcceptance, NonAcceptanceSlip, NotAccepted, OneTimeNotice, PaperTexts, Promised,
    RectificationNotice, Served, Service, ServiceProof, SupplyUndertaking, UndertakenItem,
    WorkingLimit,
};
use kanjie_domain::{Calendar, Code, Refusal, Session};

use super::{Content, Kind};
use crate::cases::error::CaseError;

/// 示例: working days that a one-time notice gives to hand in what is missing; a bureau's own to set.
const HAND_IN_DAYS: u32 = 20;
/// ARL 42(2), 26: of a joint case.
const JOINT_DAYS: (u16, u16) = (45, 15);
/// ARL 45: what does not count.
const STOPS: [&str; 4] = ["听证", "检验、检测、检疫", "鉴定", "专家评审"];
/// 示例.
const WAYS: [&str; 3] = ["在线提交", "到受理窗口提交", "邮寄提交"];

/// A case about which a paper is made, and when.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub case: &'a Case,
    pub calendar: &'a Calendar,
    /// Of the version with which the case began.
    pub texts: &'a PaperTexts,
    /// Of the entry that asks for it, UTC µs.
    pub at: i64,
}

impl Subject<'_> {
    fn today(&self) -> Result<Date, CaseError> {
        Ok(day_of(self.at)?)
    }

    /// By year and case, so that it is the same however often the paper is made; `of` counts papers of one kind.
    pub fn number(&self, kind: Kind, of: usize) -> Result<String, CaseError> {
        let year = self.today()?.year();
        let case_no = &self.case.brief.case_no;
        let digits = case_no.rsplit(|c: char| !c.is_ascii_digit()).next();
        let number = digits.filter(|digits| !digits.is_empty());
        let number = number.unwrap_or(case_no);
        let again = match of {
            0 | 1 => String::new(),
            of => format!("-{of}"),
        };
        Ok(format!("示例{}〔{year}〕{number}{again}号", kind.word()))
    }

    fn issued<T>(
        &self,
        number: &str,
        make: impl FnOnce(&Issue<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CaseError> {
        let dated = self.today()?.to_string();
        let issue = Issue {
            number,
            dated: &dated,
            case: &self.case.brief,
            texts: self.texts,
        };
        Ok(make(&issue)?)
    }

    fn title(&self, material: &str) -> String {
        let application = self.case.application.as_ref();
        let listed = application.and_then(|of| of.guide.material(material));
        listed.map_or_else(|| material.to_owned(), |listed| listed.title.clone())
    }

    fn lacking(&self, material: &str) -> String {
        match self.case.materials.get(material) {
            None => String::from("尚未提交"),
            Some(kanjie_domain::case::Material::Insufficient { reason, .. }) => reason.clone(),
            Some(_) => String::from("需要补正"),
        }
    }
}

/// 一次性告知书 (R01).
///
/// # Errors
/// When the content is not whole, or a date on the way is not loaded.
pub fn notice(
    of: &Subject<'_>,
    number: &str,
    received: i64,
    missing: &[MissingItem],
) -> Result<Content, CaseError> {
    let until = of.calendar.add_working_days(of.today()?, HAND_IN_DAYS)?;
    let version = of.case.application.as_ref().map(|of| &of.guide.version);
    let basis = format!(
        "公布的办事指南（{}）申请材料目录",
        version.map_or("", String::as_str)
    );
    let materials = missing.iter().map(|item| MissingMaterial {
        material: of.title(&item.material),
        fault: of.lacking(&item.material),
        mend: item.what.clone(),
        basis: basis.clone(),
    });
    let demand = Demand {
        received: day_of(received)?.to_string(),
        materials: materials.collect(),
        until: until.to_string(),
        ways: WAYS.map(String::from).into(),
    };
    let paper = of.issued(number, |issue| OneTimeNotice::new(issue, demand))?;
    Ok(Content::Notice(Box::new(paper)))
}

/// 容缺受理承诺书 (R11).
///
/// # Errors
/// As for [`notice`].
pub fn undertaking(
    of: &Subject<'_>,
    number: &str,
    material: &str,
    by: Date,
) -> Result<Content, CaseError> {
    let items = vec![UndertakenItem {
        material: of.title(material),
        lacking: of.lacking(material),
        due: by.to_string(),
    }];
    let paper = of.issued(number, |issue| SupplyUndertaking::new(issue, items))?;
    Ok(Content::Undertaking(Box::new(paper)))
}

/// 受理通知书 (R03).
///
/// # Errors
/// As for [`notice`].
pub fn acceptance(
    of: &Subject<'_>,
    number: &str,
    on: Date,
    route: Route,
) -> Result<Content, CaseError> {
    let application = of.case.application.as_ref().ok_or(CaseError::NotFound)?;
    let time = application.guide.time;
    let days = |days: u32| u16::try_from(days).unwrap_or(u16::MAX);
    let (working_days, extension, approved_by) = match of.case.clock.bundle {
        Some(_) => (JOINT_DAYS.0, JOINT_DAYS.1, "本级人民政府负责人"),
        None => (days(time.decision), days(time.extension), "本机关负责人"),
    };
    let last_day = of.calendar.add_working_days(on, u32::from(working_days))?;
    let limit = WorkingLimit {
        working_days,
        last_day: last_day.to_string(),
        promised: None,
        extension: (extension > 0).then(|| Extension {
            working_days: extension,
            approved_by: approved_by.to_owned(),
        }),
    };
    let route = match route {
        Route::Complete | Route::Commitment => papers::Route::Complete,
        Route::Deemed => papers::Route::ByLapse,
        Route::Tolerant => papers::Route::WithGaps { gaps: gaps(of) },
    };
    let stops = STOPS.map(String::from).into();
    let on = on.to_string();
    let paper = of.issued(number, |issue| {
        AcceptanceSlip::new(issue, &on, route, limit, stops)
    })?;
    Ok(Content::Acceptance(Box::new(paper)))
}

/// R11: what is missing now, and by when it was promised.
fn gaps(of: &Subject<'_>) -> Vec<Promised> {
    let missing = of.case.missing();
    let promised = missing.iter().filter_map(|material| {
        Some(Promised {
            material: of.title(material),
            due: of.case.undertakings.get(material)?.to_string(),
        })
    });
    promised.collect()
}

/// 不予受理决定书 (R03, R40, R41).
///
/// # Errors
/// As for [`notice`].
pub fn non_acceptance(
    of: &Subject<'_>,
    number: &str,
    [reason, basis, next_step, contact]: [&str; 4],
) -> Result<Content, CaseError> {
    let matter = NonAcceptance {
        ground: NotAccepted::Other,
        reason: reason.to_owned(),
        basis: vec![basis.to_owned()],
        next_step: next_step.to_owned(),
        contact: contact.to_owned(),
    };
    let paper = of.issued(number, |issue| NonAcceptanceSlip::new(issue, matter))?;
    Ok(Content::NonAcceptance(Box::new(paper)))
}

/// 限期整改通知书 (R43, R44).
///
/// # Errors
/// As for [`notice`], or when the session did not end so.
pub fn rectification(
    of: &Subject<'_>,
    number: &str,
    session: &Session,
    case: &str,
) -> Result<Content, CaseError> {
    let paper = of.issued(number, |issue| {
        RectificationNotice::of_session(issue, session, case)
    })?;
    Ok(Content::Rectification(Box::new(paper)))
}

/// 送达回证 (R08): of the decision, and of the licence where there is one.
///
/// # Errors
/// As for [`notice`].
pub fn service_proof(
    of: &Subject<'_>,
    number: &str,
    (method, to, proof_digest): (ServiceMethod, &str, &str),
    served_by: String,
) -> Result<Content, CaseError> {
    let decided = of.case.stage.decided();
    let decided = decided.ok_or_else(|| Refusal::from(Code::NotInThisStage))?;
    let title = match &of.case.stage {
        Stage::Refused(_) => "不予许可决定书",
        _ => "准予许可决定书",
    };
    let mut papers = vec![Served {
        title: title.to_owned(),
        number: decided.decision.number.clone(),
        digest: decided.decision.content_digest.clone(),
    }];
    papers.extend(decided.licence.as_ref().map(|licence| Served {
        title: String::from("许可证件"),
        number: licence.number.clone(),
        digest: licence.pdf_digest.clone(),
    }));
    let (channel, acknowledged) = delivery(of, method, to, proof_digest);
    let service = Service {
        papers,
        recipient: to.to_owned(),
        channel,
        at: of.at,
        served_by: vec![served_by],
        acknowledged,
        remark: format!("送达凭证 SHA-256：{proof_digest}"),
    };
    let paper = of.issued(number, |issue| ServiceProof::new(issue, service))?;
    Ok(Content::ServiceProof(Box::new(paper)))
}

/// The voucher says more; here stands what the case knows.
fn delivery(
    of: &Subject<'_>,
    method: ServiceMethod,
    to: &str,
    proof_digest: &str,
) -> (Channel, Acknowledged) {
    let delivered = Acknowledged::Delivered {
        receiver: to.to_owned(),
        at: of.at,
    };
    let as_attached = || String::from("见所附送达凭证");
    match method {
        ServiceMethod::Electronic => {
            let system = String::from("勘结");
            (Channel::Electronic { system }, delivered)
        }
        ServiceMethod::PublicNotice => {
            let system = String::from("公告");
            (Channel::Electronic { system }, delivered)
        }
        ServiceMethod::Courier => {
            let (carrier, tracking) = (as_attached(), proof_digest.chars().take(16).collect());
            (Channel::Post { carrier, tracking }, delivered)
        }
        ServiceMethod::InPerson => {
            let place = of.case.brief.authority.clone();
            let signed = Acknowledged::Signed {
                name: to.to_owned(),
                capacity: String::from("受送达人"),
                signed: papers::SignedHow::Pen,
                at: of.at,
            };
            (Channel::InPerson { place }, signed)
        }
        ServiceMethod::LeftAtAddress => {
            let place = of.case.brief.address.clone();
            let refused = Acknowledged::Refused {
                reason: as_attached(),
                witness: as_attached(),
            };
            (Channel::Left { place }, refused)
        }
    }
}
