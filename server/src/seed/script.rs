//! What happens in an example case: one of three courses, as far as time allows or the plan says. None goes beyond the scheduling of
//! its survey: a decision follows from a session that was held, with its recording and its papers, and that is not made up.

use kanjie_domain::case::{CaseCommand, FileFacts, MissingItem, Need, Part, Slot, Supply};
use kanjie_domain::{CalendarError, Role};

use super::dice::Dice;
use super::player::{PlayError, Player, Who};

const CONTACT: &str = "示例联系人 010-00000000";

/// How the case ends where nothing stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// As far as its survey is scheduled, or where its item is not surveyed, under review.
    Reviewed,
    NotAccepted,
    Withdrawn,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub course: Course,
    /// Something is missing at first (R01).
    pub notice: bool,
    /// The session that is scheduled; absent where the item has no checklist.
    pub session: Option<String>,
    /// The stage at which it stays.
    pub stays: Option<&'static str>,
    /// Lead department.
    pub department: String,
}

/// Who plays.
#[derive(Clone, Debug)]
pub struct Cast {
    pub applicant: Who,
    pub handler: Who,
    /// The second surveyor, of another department.
    pub second: Who,
    /// Chairs the survey too.
    pub approver: Who,
}

/// Plays until the plan, the calendar or the day ends it.
///
/// # Errors
/// When the domain refuses a step: the script is wrong.
pub fn play(
    player: &mut Player<'_>,
    plan: &Plan,
    cast: &Cast,
    dice: &mut Dice,
) -> Result<(), PlayError> {
    let mut script = Script {
        player,
        plan,
        cast,
        dice,
    };
    let _ = script.intake()? && script.accept()? && script.review()?;
    Ok(())
}

struct Script<'s, 'p> {
    player: &'s mut Player<'p>,
    plan: &'s Plan,
    cast: &'s Cast,
    dice: &'s mut Dice,
}

/// Each part says whether the case goes on.
impl Script<'_, '_> {
    fn goes_on(&mut self, low: u32, high: u32) -> Result<bool, PlayError> {
        if self.plan.stays == Some(self.player.case.stage.name()) {
            return Ok(false);
        }
        let (days, minute) = (self.dice.between(low, high), self.dice.between(0, 479));
        self.player.later(days, minute)
    }

    fn handler(&mut self, command: &CaseCommand) -> Result<(), PlayError> {
        self.player.act(&self.cast.handler, command)
    }

    fn applicant(&mut self, command: &CaseCommand) -> Result<(), PlayError> {
        self.player.act(&self.cast.applicant, command)
    }

    fn approver(&mut self, command: &CaseCommand) -> Result<(), PlayError> {
        self.player.act(&self.cast.approver, command)
    }

    fn intake(&mut self) -> Result<bool, PlayError> {
        let listed = self.player.case.application.as_ref();
        let listed = listed
            .map(|of| of.guide.materials.clone())
            .unwrap_or_default();
        let asked = listed.iter().filter(|of| of.need == Need::Required);
        let missing = asked
            .clone()
            .find(|of| self.plan.notice && of.supply == Supply::Applicant);
        for material in asked {
            match material.supply {
                Supply::Sharing { .. } => {
                    let (material, sha256) = (material.code.clone(), self.dice.digest());
                    self.handler(&CaseCommand::TakeShared { material, sha256 })?;
                }
                _ if Some(material) != missing => self.submit(&material.code, &material.title)?,
                _ => {}
            }
        }
        if !self.goes_on(0, 1)? {
            return Ok(false);
        }
        self.applicant(&CaseCommand::Receive {})?;
        if !self.goes_on(0, 2)? {
            return Ok(false);
        }
        let Some(missing) = missing else {
            return Ok(true);
        };
        let what = format!("请补交{}。", missing.title);
        let missing_items = vec![MissingItem {
            material: missing.code.clone(),
            what,
        }];
        self.handler(&CaseCommand::GiveNotice {
            missing: missing_items,
            contact: CONTACT.to_owned(),
        })?;
        if !self.goes_on(1, 6)? {
            return Ok(false);
        }
        self.submit(&missing.code, &missing.title)?;
        self.applicant(&CaseCommand::Receive {})?;
        self.goes_on(0, 2)
    }

    fn submit(&mut self, code: &str, title: &str) -> Result<(), PlayError> {
        let file = FileFacts {
            sha256: self.dice.digest(),
            bytes: u64::from(self.dice.between(40_000, 4_000_000)),
            media_type: String::from("application/pdf"),
            name: format!("{title}（示例）.pdf"),
        };
        self.applicant(&CaseCommand::SubmitMaterial {
            material: code.to_owned(),
            file,
        })
    }

    fn accept(&mut self) -> Result<bool, PlayError> {
        if self.plan.course == Course::NotAccepted {
            self.handler(&CaseCommand::NotAccept {
                reason: String::from("申请事项不属于本机关职权范围（示例）。"),
                basis: String::from("《中华人民共和国行政许可法》第三十二条第一款第二项"),
                next_step: String::from("请向有权的行政机关提出申请。"),
                contact: CONTACT.to_owned(),
            })?;
            return self.close(1, 3);
        }
        self.handler(&CaseCommand::Accept {})?;
        let department = self.plan.department.clone();
        self.approver(&CaseCommand::JoinDepartment {
            department,
            part: Part::Lead,
        })?;
        for (who, role) in [
            (&self.cast.handler, Role::Surveyor),
            (&self.cast.second, Role::Surveyor),
            (&self.cast.approver, Role::Approver),
            (&self.cast.approver, Role::Chair),
        ] {
            let person = who.person.clone();
            self.player.act(
                &self.cast.approver,
                &CaseCommand::AssignStaff { person, role },
            )?;
        }
        self.goes_on(0, 2)
    }

    fn review(&mut self) -> Result<bool, PlayError> {
        if self.plan.course == Course::Withdrawn {
            let reason = String::from("经营计划调整（示例）");
            self.applicant(&CaseCommand::Withdraw { reason })?;
            return self.close(0, 2);
        }
        let Some(session) = self.plan.session.clone() else {
            self.handler(&CaseCommand::BeginReview {})?;
            return Ok(false);
        };
        let (from, until) = match self.player.slot(3) {
            Ok(slot) => slot,
            // After the last holiday table nothing can be offered.
            Err(CalendarError::NotLoaded(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let slot = Slot { from, until };
        self.handler(&CaseCommand::OfferAppointment { slots: vec![slot] })?;
        self.applicant(&CaseCommand::ConfirmAppointment { slot })?;
        let items = Vec::new();
        self.handler(&CaseCommand::ScheduleSession { session, items })?;
        Ok(false)
    }

    fn close(&mut self, low: u32, high: u32) -> Result<bool, PlayError> {
        if self.goes_on(low, high)? {
            self.handler(&CaseCommand::Close {})?;
        }
        Ok(false)
    }
}
