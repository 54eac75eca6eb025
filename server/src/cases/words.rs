//! What people are told of their case, on the phone.

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use kanjie_domain::case::{Case, CaseBrief};
use kanjie_domain::event::DecisionKind;
use kanjie_domain::{CaseEvent, PersonId};

/// A notice, and whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub to: Vec<PersonId>,
    pub text: String,
}

/// The notice that goes with an event of the case as it stood before; most have none.
#[must_use]
pub fn of(case: &Case, event: &CaseEvent) -> Option<Word> {
    let text = match event {
        CaseEvent::NoticeGiven {
            missing, contact, ..
        } => format!(
            "需要补正 {} 项材料，全部内容见一次性告知书。联系方式：{contact}。",
            missing.len()
        ),
        CaseEvent::Accepted { slip, .. } => {
            format!("已受理，请查看受理通知书（{}）。", slip.number)
        }
        CaseEvent::NotAccepted {
            next_step, contact, ..
        } => format!("不予受理，理由见决定书。下一步：{next_step}联系方式：{contact}。"),
        CaseEvent::Extended { days, .. } => {
            format!("的办理期限延长 {days} 个工作日，理由见书面告知。")
        }
        CaseEvent::AppointmentOffered { .. } => String::from("可以预约勘验，请确认时间。"),
        CaseEvent::ItemsFailed { items, .. } => {
            format!("勘验后仍有 {} 项需要处理，请查看通知。", items.len())
        }
        CaseEvent::Decided(decision) => match decision.kind {
            DecisionKind::Granted => format!("已准予许可（{}）。", decision.number),
            DecisionKind::Refused => format!(
                "不予许可（{}），理由、救济途径和下一步见决定书。",
                decision.number
            ),
        },
        CaseEvent::Served { .. } => String::from("的文书已送达。"),
        CaseEvent::MaskingProposed { .. } => {
            String::from("的决定将依法公开，请核对应隐去的商业秘密，有异议请在期限内提出。")
        }
        CaseEvent::RatingRequested { .. } => String::from("请对本次服务作出评价。"),
        CaseEvent::InterestedPartyNotified {
            person,
            window_until,
            ..
        } => {
            let text = format!(
                "与您有重大利益关系，您可以陈述意见；申请听证的期限至 {}。",
                moment(*window_until)
            );
            return Some(Word {
                to: vec![person.clone()],
                text: headed(&case.brief, &text),
            });
        }
        CaseEvent::HearingScheduled { at, place } => {
            let text = format!("定于 {} 在{place}举行听证。", moment(*at));
            let mut to: Vec<PersonId> = case.facts.parties.keys().cloned().collect();
            to.extend(applicant_side(case));
            let text = headed(&case.brief, &text);
            return Some(Word { to, text });
        }
        _ => return None,
    };
    Some(Word {
        to: applicant_side(case),
        text: headed(&case.brief, &text),
    })
}

/// To the applicant's side, with the link to the case.
#[must_use]
pub fn opened(brief: &CaseBrief, link: &str) -> String {
    let text =
        format!("已登记，请点开您的个人链接查看进度、提交材料、查收文书：{link} 。请勿转发。");
    headed(brief, &text)
}

/// To somebody who comes to a session by link.
#[must_use]
pub fn invitation(brief: &CaseBrief, starts_at: i64, link: &str) -> String {
    let text = format!(
        "的联合会审定于 {}，请届时点开您的个人链接进入：{link} 。请勿转发。",
        moment(starts_at)
    );
    headed(brief, &text)
}

fn headed(brief: &CaseBrief, text: &str) -> String {
    format!("【勘结】办件 {}{text}", brief.case_no)
}

fn applicant_side(case: &Case) -> Vec<PersonId> {
    let application = case.application.iter();
    application
        .flat_map(|of| std::iter::once(&of.applicant).chain(&of.agents))
        .cloned()
        .collect()
}

fn moment(at: i64) -> String {
    let moment = Timestamp::from_microsecond(at).unwrap_or_default();
    let zoned = moment.to_zoned(TimeZone::fixed(offset(8)));
    zoned.strftime("%Y年%-m月%-d日 %H:%M").to_string()
}
