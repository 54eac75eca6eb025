//! 现场勘验笔录: the survey record.

use kanjie_domain::documents::{
    EvidenceLine, GapLine, ItemLine, OpinionLine, SignatureLine, SurveyRecordContent, TemplateRef,
};
use kanjie_domain::event::{Clock, Ending, EvidenceKind, MeasuredHow, Mode, OpinionKind};
use kanjie_domain::papers::{PaperTexts, filled};
use kanjie_domain::people::PersonId;
use serde::Serialize;

use crate::DocumentError;
use crate::attestation::{Attestation, Proof};
use crate::engine::render;
use crate::words::{
    DateParts, Fact, Person, clean, clean_line, date_parts, day, fact, find, instant, level,
    name_of, outcome, persons, result, roles, stance, statement,
};

#[derive(Debug, Serialize)]
struct View {
    title: String,
    subtitle: String,
    authority: String,
    facts: Vec<Fact>,
    participants: Vec<Person>,
    present: String,
    tally: Vec<Count>,
    groups: Vec<Group>,
    evidence: Vec<Piece>,
    opinions: Vec<Opinion>,
    statements: Vec<Statement>,
    gaps: Vec<String>,
    verdicts: Vec<Verdict>,
    signatures: Vec<Signature>,
    signing: String,
    date_parts: DateParts,
    proof: Proof,
}

#[derive(Debug, Serialize)]
struct Count {
    state: &'static str,
    word: &'static str,
    count: u32,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    code: String,
    text: String,
    level: &'static str,
    state: &'static str,
    word: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
struct Piece {
    kind: String,
    circumstances: String,
    digest: String,
}

#[derive(Debug, Serialize)]
struct Opinion {
    who: String,
    stance: &'static str,
    text: String,
    time: String,
}

#[derive(Debug, Serialize)]
struct Statement {
    who: String,
    text: String,
    time: String,
}

/// What was concluded; of which case, where there are several.
#[derive(Debug, Serialize)]
struct Verdict {
    case: String,
    outcome: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Signature {
    name: String,
    roles: String,
    state: String,
}

/// Renders the survey record. The digest of its attestation is what people sign.
///
/// # Errors
/// No fonts, or a time that the calendar does not have.
pub fn survey_record(
    content: &SurveyRecordContent,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<Vec<u8>, DocumentError> {
    let view = view(content, texts, attestation)?;
    render("record.typ", &view, attestation.picture()?)
}

fn view(
    content: &SurveyRecordContent,
    texts: &PaperTexts,
    attestation: &Attestation,
) -> Result<View, DocumentError> {
    let words = filled(&texts.survey_record, &[])?;
    let present = content.present.iter();
    let present: Vec<_> = present
        .map(|person| name_of(&content.participants, person))
        .collect();
    Ok(View {
        title: clean_line(&words.title)?,
        subtitle: clean_line(&content.case.item_title)?,
        authority: clean_line(&content.case.authority)?,
        facts: facts(content)?,
        participants: persons(&content.participants)?,
        present: clean_line(&present.join("、"))?,
        tally: tally(content),
        groups: groups(content)?,
        evidence: all(&content.evidence, |piece| evidence(content, piece))?,
        opinions: all(&content.opinions, |line| opinion(content, line))?,
        statements: all(&content.statements, |line| {
            Ok(Statement {
                who: who(content, &line.person)?,
                text: statement(line)?,
                time: instant(line.at)?,
            })
        })?,
        gaps: all(&content.gaps, gap)?,
        verdicts: verdicts(content)?,
        signatures: signatures(content)?,
        date_parts: date_parts(day(content.concluded_at)?),
        signing: clean(&words.signing)?,
        proof: attestation.proof(texts)?,
    })
}

fn all<T, U>(
    lines: &[T],
    each: impl FnMut(&T) -> Result<U, DocumentError>,
) -> Result<Vec<U>, DocumentError> {
    lines.iter().map(each).collect()
}

fn verdicts(content: &SurveyRecordContent) -> Result<Vec<Verdict>, DocumentError> {
    if content.cases.is_empty() {
        return Ok(vec![Verdict {
            case: String::new(),
            outcome: outcome(content.outcome).to_owned(),
            text: clean(&content.text)?,
        }]);
    }
    all(&content.cases, |of| {
        let concluded = of.conclusion.as_ref().map(|of| outcome(of.outcome));
        let ended = of.ended.as_ref().map(ending);
        let words: Vec<_> = concluded
            .map(str::to_owned)
            .into_iter()
            .chain(ended)
            .collect();
        let text = of.conclusion.as_ref().map(|of| of.text.as_str());
        Ok(Verdict {
            case: clean_line(&format!("{}（{}）", of.case.item_title, of.case.case_no))?,
            outcome: clean_line(&words.join("；"))?,
            text: clean(text.unwrap_or_default())?,
        })
    })
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Rectify { by } => format!("限期整改，至 {by}"),
        Ending::Resurvey { by } => format!("另行复勘，至 {by}"),
        Ending::SwitchOnSite => String::from("转现场勘验"),
        Ending::Hearing => String::from("进入听证"),
    }
}

/// The checklists, each once; of a case that is surveyed again, of which session before.
fn lists(content: &SurveyRecordContent) -> Result<Vec<Fact>, DocumentError> {
    let list = |template: &TemplateRef| format!("{}（版本 {}）", template.title, template.version);
    let again = |before: &str| format!("复查会审 {before} 中的不符合项");
    let mut facts = Vec::new();
    if content.cases.is_empty() {
        facts.push(fact("勘验清单", clean_line(&list(&content.template))?));
        if let Some(before) = &content.resurvey_of {
            facts.push(fact("复勘", clean_line(&again(before))?));
        }
        return Ok(facts);
    }
    for of in &content.cases {
        facts.push(fact("勘验清单", clean_line(&list(&of.template))?));
        if let Some(before) = &of.resurvey_of {
            let text = format!("{}：{}", of.case.item_title, again(before));
            facts.push(fact("复勘", clean_line(&text)?));
        }
    }
    Ok(facts)
}

fn facts(content: &SurveyRecordContent) -> Result<Vec<Fact>, DocumentError> {
    let case = &content.case;
    let mode = match content.mode {
        Mode::Remote => "远程勘验",
        Mode::Hybrid => "远程与现场结合",
        Mode::OnSite => "现场勘验",
    };
    let clock = match &content.clock {
        None => String::new(),
        Some(Clock::Synchronised { source }) => format!("已同步（{source}）"),
        Some(Clock::Kept { how }) => format!("按规定保持（{how}）"),
        Some(Clock::Overridden { reason }) => format!("未确认同步，主持人说明理由后继续：{reason}"),
    };
    let started = content
        .started_at
        .map(instant)
        .transpose()?
        .unwrap_or_default();
    let mut facts = vec![
        fact("办件编号", clean_line(&case.case_no)?),
        fact("申请人", clean_line(&case.applicant)?),
        fact("统一社会信用代码", clean_line(&case.uscc)?),
        fact("勘验地点", clean_line(&case.address)?),
        fact("勘验方式", mode),
        fact("开始时间", started),
        fact("结论时间", instant(content.concluded_at)?),
        fact("服务器时钟", clean_line(&clock)?),
        fact("会审编号", clean_line(&content.session)?),
    ];
    facts.extend(lists(content)?);
    place(content, &mut facts)?;
    Ok(facts)
}

/// R20, R23: the channel and the place, where there is something to say.
fn place(content: &SurveyRecordContent, facts: &mut Vec<Fact>) -> Result<(), DocumentError> {
    let name = |person| name_of(&content.participants, person);
    let place = &content.place;
    if !place.on_site.is_empty() {
        let there: Vec<_> = place.on_site.iter().map(name).collect();
        facts.push(fact("在现场的工作人员", clean_line(&there.join("、"))?));
    }
    for line in &place.requests {
        let answer = match line.withdrawn_at {
            None => "未撤回".to_owned(),
            Some(at) => format!("{} 撤回", instant(at)?),
        };
        let text = format!(
            "{}于 {} 提出{}；{answer}",
            name(&line.person),
            instant(line.at)?,
            reason(&line.reason)
        );
        facts.push(fact("要求转为现场勘验", clean_line(&text)?));
    }
    for line in &place.deviations {
        let mut text = format!(
            "{}的设备自 {} 起，{} 米（含精度）",
            name(&line.person),
            instant(line.since)?,
            line.metres
        );
        if let Some(until) = line.until {
            text.push_str(&format!("，至 {}", instant(until)?));
        }
        for given in &line.overrides {
            text.push_str(&format!(
                "；{}说明理由后继续：{}",
                name(&given.person),
                given.text
            ));
        }
        facts.push(fact("定位偏差", clean_line(&text)?));
    }
    Ok(())
}

fn reason(text: &str) -> String {
    if text.trim().is_empty() {
        String::new()
    } else {
        format!("，理由：{text}")
    }
}

fn tally(content: &SurveyRecordContent) -> Vec<Count> {
    use kanjie_domain::event::CheckResult::{Mended, Met, NotApplicable, NotMet, OnSiteOnly};
    let tally = &content.tally;
    let counts = [
        (Some(Met), tally.met),
        (Some(NotMet), tally.not_met),
        (Some(Mended), tally.mended),
        (Some(OnSiteOnly), tally.on_site_only),
        (Some(NotApplicable), tally.not_applicable),
        (None, tally.unanswered),
    ];
    counts
        .into_iter()
        .map(|(state, count)| {
            let (state, word) = result(state);
            Count { state, word, count }
        })
        .collect()
}

/// Items in the checklist's order, a new group where the area changes.
fn groups(content: &SurveyRecordContent) -> Result<Vec<Group>, DocumentError> {
    let mut groups: Vec<Group> = Vec::new();
    for line in &content.items {
        let name = clean_line(&line.group)?;
        let item = item(content, line)?;
        match groups.last_mut() {
            Some(group) if group.name == name => group.items.push(item),
            _ => groups.push(Group {
                name,
                items: vec![item],
            }),
        }
    }
    Ok(groups)
}

fn item(content: &SurveyRecordContent, line: &ItemLine) -> Result<Item, DocumentError> {
    let (state, word) = result(line.result);
    let mut detail = Vec::new();
    if let Some(measured) = &line.measurement {
        let how = match measured.how {
            MeasuredHow::Measurement => "测量值",
            MeasuredHow::TestRecord => "检测记录",
            MeasuredHow::OnSiteReading => "现场读数",
        };
        detail.push(format!("{how}：{} {}", measured.value, measured.unit));
    }
    if !line.note.trim().is_empty() {
        detail.push(line.note.clone());
    }
    if let Some(reason) = &line.unsuitable {
        detail.push(format!("不适于远程判定：{reason}"));
    }
    if line.carried {
        detail.push("沿用前次勘验结果".to_owned());
    }
    let numbers = line.evidence.iter().filter_map(|id| {
        let place = content.evidence.iter().position(|piece| piece.id == *id)?;
        Some((place + 1).to_string())
    });
    let numbers: Vec<_> = numbers.collect();
    if !numbers.is_empty() {
        detail.push(format!("证据 {}", numbers.join("、")));
    }
    Ok(Item {
        code: clean_line(&line.code)?,
        text: clean_line(&line.text)?,
        level: level(line.level),
        state,
        word,
        detail: clean(&detail.join("\n"))?,
    })
}

fn evidence(content: &SurveyRecordContent, piece: &EvidenceLine) -> Result<Piece, DocumentError> {
    let kind = match piece.kind {
        EvidenceKind::Exterior => "门头外景",
        EvidenceKind::Photo => "照片",
        EvidenceKind::Reading => "读数照片",
    };
    let mut kind = vec![kind.to_owned()];
    if let Some(item) = &piece.item {
        kind.push(format!("检查项 {item}"));
    }
    if piece.annotations > 0 {
        kind.push(format!("标注 {} 处", piece.annotations));
    }
    let place = match &piece.position {
        None => "无位置".to_owned(),
        Some(at) => format!(
            "{}，{}（±{} m）",
            degrees(at.lat_e7, '北', '南'),
            degrees(at.lon_e7, '东', '西'),
            at.accuracy_m
        ),
    };
    let circumstances = [
        format!(
            "{}，{}",
            name_of(&content.participants, &piece.person),
            piece.device
        ),
        instant(piece.taken_at)?,
        format!("{place}，{} 字节", piece.bytes),
    ];
    Ok(Piece {
        kind: clean(&kind.join("\n"))?,
        circumstances: clean(&circumstances.join("\n"))?,
        digest: clean_line(&piece.sha256)?,
    })
}

/// `北纬 39.1234567°`, from 1e-7 degrees and without a floating point number.
fn degrees(value: i64, positive: char, negative: char) -> String {
    let side = if value < 0 { negative } else { positive };
    let kind = if matches!(side, '北' | '南') {
        '纬'
    } else {
        '经'
    };
    let value = value.unsigned_abs();
    format!(
        "{side}{kind} {}.{:07}°",
        value / 10_000_000,
        value % 10_000_000
    )
}

fn opinion(content: &SurveyRecordContent, line: &OpinionLine) -> Result<Opinion, DocumentError> {
    let name = name_of(&content.participants, &line.person);
    let who = match &line.kind {
        OpinionKind::Expert => format!("评审专家 {name}"),
        OpinionKind::Department { department } => format!("{department} {name}"),
    };
    Ok(Opinion {
        who: clean_line(&who)?,
        stance: stance(line.stance),
        text: clean(&line.text)?,
        time: instant(line.at)?,
    })
}

fn who(content: &SurveyRecordContent, person: &PersonId) -> Result<String, DocumentError> {
    let name = name_of(&content.participants, person);
    let role = find(&content.participants, person).map(|attendee| roles(&attendee.roles));
    clean_line(&format!("{} {name}", role.unwrap_or_default()))
}

fn gap(line: &GapLine) -> Result<String, DocumentError> {
    let track = match &line.track {
        None => "全部音视频".to_owned(),
        Some(track) => format!("音视频轨 {track}"),
    };
    let cause = match line.cause.as_str() {
        "process_died" => "服务进程中断后恢复",
        "overflow" => "记录队列溢出",
        "network" => "参会方网络中断",
        other => other,
    };
    let length = line.until.saturating_sub(line.from).max(0) / 100_000;
    clean_line(&format!(
        "{track}：{} 至 {}，约 {}.{} 秒；原因：{cause}",
        instant(line.from)?,
        instant(line.until)?,
        length / 10,
        length % 10
    ))
}

/// Who has to sign (R33), and who signed or refused besides.
fn signatures(content: &SurveyRecordContent) -> Result<Vec<Signature>, DocumentError> {
    let mut signers: Vec<&PersonId> = content.signers.iter().collect();
    for line in &content.signatures {
        if !signers.contains(&&line.person) {
            signers.push(&line.person);
        }
    }
    let signers = signers.into_iter().map(|person| {
        let line = content
            .signatures
            .iter()
            .find(|line| line.person == *person);
        let attendee = find(&content.participants, person);
        Ok(Signature {
            name: clean_line(name_of(&content.participants, person))?,
            roles: attendee
                .map(|attendee| roles(&attendee.roles))
                .unwrap_or_default(),
            state: signature(line)?,
        })
    });
    signers.collect()
}

fn signature(line: Option<&SignatureLine>) -> Result<String, DocumentError> {
    match line {
        None => Ok("待签名（以会审日志为准）".to_owned()),
        Some(SignatureLine {
            at, refused: None, ..
        }) => Ok(format!("已签名，{}", instant(*at)?)),
        Some(SignatureLine {
            at,
            refused: Some(reason),
            ..
        }) => clean(&format!("拒绝签名，{}\n理由：{reason}", instant(*at)?)),
    }
}
