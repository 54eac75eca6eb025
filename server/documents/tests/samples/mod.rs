//! One example (示例) of each paper of a case.

use kanjie_documents::Attestation;
use kanjie_domain::documents::{DecisionContent, SurveyRecordContent};
use kanjie_domain::event::DecisionKind;
use kanjie_domain::papers::{
    AcceptanceSlip, Acknowledged, Channel, Demand, Extension, FailedItem, Issue, MissingMaterial,
    NonAcceptance, NonAcceptanceSlip, NotAccepted, OneTimeNotice, PaperTexts, Promised,
    Rectification, RectificationNotice, Route, Served, Service, ServiceProof, SignedBy, SignedHow,
    SupplyUndertaking, UndertakenItem, WorkingLimit,
};
use kanjie_domain::template::Level;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::common::{AT, DIGEST, brief, decision_content, record_content, texts};

pub fn digest_of(content: &impl Serialize) -> String {
    let canonical = serde_json_canonicalizer::to_vec(content).expect("canonical JSON");
    hex::encode(Sha256::digest(canonical))
}

fn issue<T>(texts: &PaperTexts, number: &str, make: impl FnOnce(&Issue<'_>) -> T) -> T {
    make(&Issue {
        number,
        dated: "2026-11-24",
        case: &brief(),
        texts,
    })
}

pub struct All {
    pub texts: PaperTexts,
    pub notice: OneTimeNotice,
    pub acceptance: AcceptanceSlip,
    pub with_gaps: AcceptanceSlip,
    pub non_acceptance: NonAcceptanceSlip,
    pub undertaking: SupplyUndertaking,
    pub rectification: RectificationNotice,
    pub service: ServiceProof,
    pub refused: DecisionContent,
    pub record: SurveyRecordContent,
}

impl All {
    pub fn new() -> Self {
        let texts = texts();
        Self {
            notice: notice(&texts, materials()),
            acceptance: acceptance(&texts, Route::Complete),
            with_gaps: acceptance(&texts, gaps()),
            non_acceptance: non_acceptance(&texts),
            undertaking: undertaking(&texts),
            rectification: rectification(&texts),
            service: service(&texts),
            refused: refused(),
            record: record_content(),
            texts,
        }
    }

    pub fn notice_of(&self, count: usize) -> OneTimeNotice {
        let numbered = |(index, missing): (usize, MissingMaterial)| MissingMaterial {
            material: format!("第{index}号{}", missing.material),
            fault: format!("{}（{index}之一）", missing.fault),
            ..missing
        };
        let many = materials().into_iter().cycle().take(count).enumerate();
        notice(&self.texts, many.map(numbered).collect())
    }

    pub fn digests(&self) -> Vec<String> {
        vec![
            digest_of(&self.notice),
            digest_of(&self.acceptance),
            digest_of(&self.with_gaps),
            digest_of(&self.non_acceptance),
            digest_of(&self.undertaking),
            digest_of(&self.rectification),
            digest_of(&self.service),
            digest_of(&self.refused),
            digest_of(&self.record),
        ]
    }

    pub fn render(
        &self,
        attested: impl Fn(&serde_json::Value) -> (String, Attestation),
    ) -> Vec<(&'static str, Vec<u8>)> {
        use kanjie_documents as paper;
        let by = |content: serde_json::Result<serde_json::Value>| attested(&content.unwrap()).1;
        let texts = &self.texts;
        let value = serde_json::to_value::<&OneTimeNotice>;
        let signed = SignedBy {
            name: "示例申请4".into(),
            capacity: "法定代表人".into(),
            at: AT,
            how: SignedHow::PhoneCode,
        };
        let slip = |slip: &AcceptanceSlip| {
            paper::acceptance_slip(slip, texts, &by(serde_json::to_value(slip)))
        };
        let undertaking = by(serde_json::to_value(&self.undertaking));
        let rectification = by(serde_json::to_value(&self.rectification));
        let turned_away = by(serde_json::to_value(&self.non_acceptance));
        let service = by(serde_json::to_value(&self.service));
        let refused = by(serde_json::to_value(&self.refused));
        let record = by(serde_json::to_value(&self.record));
        let rendered = [
            (
                "one_time_notice",
                paper::one_time_notice(&self.notice, texts, &by(value(&self.notice))),
            ),
            ("acceptance", slip(&self.acceptance)),
            ("acceptance_with_gaps", slip(&self.with_gaps)),
            (
                "non_acceptance",
                paper::non_acceptance_slip(&self.non_acceptance, texts, &turned_away),
            ),
            (
                "undertaking",
                paper::supply_undertaking(&self.undertaking, Some(&signed), texts, &undertaking),
            ),
            (
                "rectification",
                paper::rectification_notice(&self.rectification, texts, &rectification),
            ),
            (
                "service_proof",
                paper::service_proof(&self.service, texts, &service),
            ),
            (
                "refused",
                paper::decision(&self.refused, paper::Status::Sealed, texts, &refused),
            ),
            (
                "survey_record",
                paper::survey_record(&self.record, texts, &record),
            ),
        ];
        rendered
            .into_iter()
            .map(|(name, pdf)| (name, pdf.unwrap_or_else(|error| panic!("{name}: {error}"))))
            .collect()
    }
}

fn materials() -> Vec<MissingMaterial> {
    let missing = |material: &str, fault: &str, mend: &str, basis: &str| MissingMaterial {
        material: material.into(),
        fault: fault.into(),
        mend: mend.into(),
        basis: basis.into(),
    };
    vec![
        missing(
            "食品经营许可申请书",
            "第3页“经营项目”未填写，法定代表人未签名",
            "补填经营项目，由法定代表人签名或者加盖公章",
            "办事指南材料目录第1项",
        ),
        missing(
            "经营场所平面布局图",
            "未标明专间、更衣区和餐具清洗消毒区的位置与面积",
            "重新绘制，标明各功能区名称、面积（m²）和食品加工流程方向，注明比例",
            "办事指南材料目录第4项",
        ),
        missing(
            "食品安全管理制度文本",
            "未提交",
            "提交从业人员健康管理、进货查验记录等制度文本一份",
            "办事指南材料目录第6项",
        ),
    ]
}

fn notice(texts: &PaperTexts, materials: Vec<MissingMaterial>) -> OneTimeNotice {
    let demand = Demand {
        received: "2026-11-23".into(),
        materials,
        until: "2026-12-08".into(),
        ways: vec![
            "线上提交：登录政务服务网，在“我的办件”中按办件编号上传。".into(),
            "窗口提交：示例区政务服务中心二层综合窗口，工作日09:00—17:00。".into(),
            "邮寄提交：示例市示例区政务路1号，审批受理科收，邮编100000。".into(),
        ],
    };
    issue(texts, "示审告〔2026〕第0001号", |issue| {
        OneTimeNotice::new(issue, demand)
    })
    .unwrap()
}

fn gaps() -> Route {
    Route::WithGaps {
        gaps: vec![Promised {
            material: "从业人员健康证明".into(),
            due: "2026-12-08".into(),
        }],
    }
}

fn acceptance(texts: &PaperTexts, route: Route) -> AcceptanceSlip {
    let limit = WorkingLimit {
        working_days: 20,
        last_day: "2026-12-22".into(),
        promised: Some((10, "2026-12-08".into())),
        extension: Some(Extension {
            working_days: 10,
            approved_by: "本机关负责人".into(),
        }),
    };
    let stops = ["听证", "检验、检测", "专家评审"].map(Into::into).into();
    issue(texts, "示审受〔2026〕第0001号", |issue| {
        AcceptanceSlip::new(issue, "2026-11-24", route, limit, stops)
    })
    .unwrap()
}

fn non_acceptance(texts: &PaperTexts) -> NonAcceptanceSlip {
    let matter = NonAcceptance {
        ground: NotAccepted::OtherAuthority {
            go_to: "示例区城市管理局，示例市示例区城管路2号，010-00000001".into(),
        },
        reason: "你（单位）申请在店外公共场地设置临时经营设施，该事项不属于本机关的职权范围。"
            .into(),
        basis: vec!["《中华人民共和国行政许可法》第三十二条第一款第二项".into()],
        next_step: "已提交的材料可以当场领回；店内食品经营部分可以另行向本机关提出申请。".into(),
        contact: brief().contact,
    };
    issue(texts, "示审不受〔2026〕第0001号", |issue| {
        NonAcceptanceSlip::new(issue, matter)
    })
    .unwrap()
}

fn undertaking(texts: &PaperTexts) -> SupplyUndertaking {
    let items = vec![
        UndertakenItem {
            material: "从业人员健康证明".into(),
            lacking: "新招用的2名从业人员正在办理".into(),
            due: "2026-12-08".into(),
        },
        UndertakenItem {
            material: "经营场所使用证明".into(),
            lacking: "租赁合同缺出租方盖章页".into(),
            due: "2026-12-01".into(),
        },
    ];
    issue(texts, "示审容〔2026〕第0001号", |issue| {
        SupplyUndertaking::new(issue, items)
    })
    .unwrap()
}

fn rectification(texts: &PaperTexts) -> RectificationNotice {
    let item = |code: &str, level, requirement: &str, seen: &str| FailedItem {
        code: code.into(),
        level,
        requirement: requirement.into(),
        seen: seen.into(),
    };
    let matter = Rectification {
        session: "0198f0c4-7a3e-7b1c-9d2e-4f5a6b7c8d9e".into(),
        surveyed: "2026-11-24".into(),
        items: vec![
            item(
                "H11",
                Level::Key,
                "经营面积50 m²以上设单独染发、烫发间；50 m²以下设工作区；均有机械通风和强制排风",
                "染发工作区无机械通风，排风扇未接通电源",
            ),
            item(
                "H12",
                Level::Major,
                "设流水式洗发设备，洗发设备与座位比不小于1∶5",
                "座位12个，洗发设备2套",
            ),
        ],
        by: "2026-12-05".into(),
        reason: "关键项H11不符合，依照判定规则，本次勘验不能通过。".into(),
        next_step: "整改完成后在办件页面上传整改照片，并预约远程复勘。".into(),
        contact: brief().contact,
    };
    issue(texts, "示审改〔2026〕第0001号", |issue| {
        RectificationNotice::new(issue, matter)
    })
    .unwrap()
}

fn service(texts: &PaperTexts) -> ServiceProof {
    let served = |title: &str, number: &str| Served {
        title: title.into(),
        number: number.into(),
        digest: DIGEST.into(),
    };
    let service = Service {
        papers: vec![
            served("准予行政许可决定书", "示审许〔2026〕第0001号"),
            served("食品经营许可证", "JY2110000000000"),
        ],
        recipient: brief().applicant,
        channel: Channel::Electronic {
            system: "政务服务网“我的办件”（受送达人于2026年11月20日确认）".into(),
        },
        at: AT,
        served_by: vec!["示例送达甲".into(), "示例送达乙".into()],
        acknowledged: Acknowledged::Signed {
            name: "示例申请4".into(),
            capacity: "法定代表人".into(),
            signed: SignedHow::PhoneCode,
            at: AT + 90_000_000,
        },
        remark: String::new(),
    };
    issue(texts, "示审送〔2026〕第0001号", |issue| {
        ServiceProof::new(issue, service)
    })
    .unwrap()
}

fn refused() -> DecisionContent {
    let mut content = decision_content();
    content.number = "示审不许〔2026〕第0001号".into();
    let decision = &mut content.decision;
    decision.kind = DecisionKind::Refused;
    decision.result = "对你（单位）提出的食品经营许可（餐饮服务）申请，不予许可。".into();
    decision.reason = "经现场勘验，关键项F01（经营场所与申请地址一致）不符合：申请地址与实际经营场所不一致，且不能当场整改。".into();
    decision.next_step =
        "变更申请地址或者迁至申请地址后，可以重新提出申请；已提交的材料继续有效，无须重复提交。"
            .into();
    content.survey.outcome = kanjie_domain::event::SurveyOutcome::Failed;
    content.survey.text = "关键项F01不符合，勘验不通过。".into();
    content
}
