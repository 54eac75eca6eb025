//! Example templates (示例) made from published checklists. A bureau replaces them with its own forms.

use jiff::civil::{Date, date};
use serde::Deserialize;

use crate::case::Guide;
use crate::papers::PaperTexts;
use crate::template::{CheckItem, Judgement, Level, Remote, Settings, Template};
use crate::template_set::{Suitability, TemplateVersion};

const CHECKLISTS: &str = include_str!("../data/checklists.json");
const GUIDES: &str = include_str!("../data/guides.json");

/// From when they are in force.
const FROM: Date = date(2026, 1, 1);

/// R41: the remedies of a refusal, in the words of 行政复议法 20 and 行政诉讼法 46; the bureau adds the names of its
/// review organ and court.
pub const DEFAULT_REMEDIES: &str = "如不服本决定，可以自收到本决定书之日起60日内依法向有管辖权的行政复议机关申请行政复议，\
    也可以自收到本决定书之日起6个月内依法向有管辖权的人民法院提起行政诉讼。";

/// R19. Notice, not consent: the duty to record is statutory (个人信息保护法 13(1)(3), 17, 34, 35); the choice is the channel.
const NOTICE_VERSION: &str = "示例-2026-1";
const NOTICE_TEXT: &str = "\
音视频记录告知书（示例）

一、本次远程联合会审由行政审批机关依法组织。为履行《中华人民共和国行政许可法》规定的审查职责，本机关自您获准进入会审室之时起，\
对会审全过程的音频、视频、画面、文字和操作进行同步记录，由本机关的服务器统一录制，任何参加人不能自行开始、停止或者取走记录。

二、处理依据：《中华人民共和国个人信息保护法》第十三条第一款第三项（为履行法定职责所必需）、第三十四条、第三十五条。\
依照上述规定，本告知不以取得您的同意为前提；处理的范围以履行法定职责所必需为限。

三、记录的内容：您的姓名、所在单位、身份核验的方式与证件号码后四位、影像、声音、发言、签名以及所提交的照片和位置。\
身份核验在等候室由主持人与您单独进行，核验过程的音视频不记录、不转发，证件影像不保存。

四、用途与保存：记录作为勘验笔录和审批决定的依据归入办件档案，与办件同期保管，存储于本机关的设备，不向境外提供，不用于其他目的。\
合议阶段由工作人员和专家参加，单独保存，依规定查阅。

五、您的权利：您可以查阅、复制与您有关的记录副本，对不准确的内容要求更正，对会审内容进行陈述和申辩，并可以向本机关或者上级机关投诉。

六、您的选择：您不接受以远程方式接受勘验的，可以点击「不接受」，本机关将为您安排现场勘验，不影响您的申请。\
会审中您也可以随时提出转为现场勘验，已经完成的步骤继续有效。

点击「我已知悉」，表示您已阅读本告知书。";

#[derive(Deserialize)]
struct Checklist {
    key: String,
    title: String,
    gloss: String,
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    code: String,
    group: String,
    group_gloss: String,
    text: String,
    gloss: String,
    level: Weight,
    evidence: Vec<String>,
    remote: Remote,
    na_allowed: bool,
}

#[derive(Deserialize)]
enum Weight {
    #[serde(rename = "关键")]
    Key,
    #[serde(rename = "重点")]
    Major,
    #[serde(rename = "一般")]
    Minor,
}

/// The five example templates, 110 items.
#[must_use]
pub fn templates() -> Vec<Template> {
    // The file is part of the program; a test holds that it parses.
    let checklists: Vec<Checklist> = serde_json::from_str(CHECKLISTS).unwrap_or_default();
    checklists.into_iter().map(template).collect()
}

/// What is published of an item beside its checklist.
#[derive(Deserialize)]
struct Published {
    suitability: Suitability,
    guide: Guide,
}

/// The five as they are published: with guide and texts, until further notice.
#[must_use]
pub fn template_versions() -> Vec<TemplateVersion> {
    // As for the checklists.
    let published: Vec<Published> = serde_json::from_str(GUIDES).unwrap_or_default();
    let version = |template: Template| {
        let mut published = published.iter();
        let of = published.find(|of| of.guide.item == template.key)?;
        Some(TemplateVersion {
            from: FROM,
            until: None,
            suitability: of.suitability,
            guide: of.guide.clone(),
            template,
            texts: PaperTexts::example().ok()?,
        })
    };
    templates().into_iter().filter_map(version).collect()
}

fn template(checklist: Checklist) -> Template {
    Template {
        judgement: judgement(&checklist.key),
        version: "示例-1".to_owned(),
        key: checklist.key,
        title: checklist.title,
        gloss: checklist.gloss,
        items: checklist.items.into_iter().map(item).collect(),
        settings: settings(),
    }
}

fn item(line: Line) -> CheckItem {
    CheckItem {
        code: line.code,
        group: line.group,
        group_gloss: line.group_gloss,
        text: line.text,
        gloss: line.gloss,
        level: match line.level {
            Weight::Key => Level::Key,
            Weight::Major => Level::Major,
            Weight::Minor => Level::Minor,
        },
        evidence: line.evidence,
        remote: line.remote,
        na_allowed: line.na_allowed,
    }
}

/// R32: examples; the rule is each bureau's own. In fire acceptance nothing but a minor item may fail.
fn judgement(key: &str) -> Judgement {
    let (major, minor) = match key {
        "food_catering" => (2, 4),
        "fire_acceptance" => (0, 1),
        _ => (1, 3),
    };
    Judgement {
        major_failures_allowed: major,
        minor_failures_allowed: minor,
    }
}

fn settings() -> Settings {
    Settings {
        staff_on_site: 0,
        recording_gap_limit_ms: 3_000,
        exterior_first: true,
        record_signed: true,
        deliberation_recorded: true,
        notice_version: NOTICE_VERSION.to_owned(),
        notice_text: NOTICE_TEXT.to_owned(),
    }
}
