//! 送达回证: which papers, to whom, how, when, and who confirms it.

use serde::{Deserialize, Serialize};

use super::texts::filled;
use super::{Issue, PaperHead, ServiceWords, SignedHow, needed, some_of};
use crate::refusal::{Code, Refusal};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceProof {
    #[serde(flatten)]
    pub head: PaperHead,
    #[serde(flatten)]
    pub service: Service,
    pub words: ServiceWords,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub papers: Vec<Served>,
    pub recipient: String,
    pub channel: Channel,
    /// UTC µs.
    pub at: i64,
    /// 送达人; in person there are two.
    pub served_by: Vec<String>,
    pub acknowledged: Acknowledged,
    pub remark: String,
}

/// A paper that was served, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    pub title: String,
    pub number: String,
    /// SHA-256 of its content, lower-case hex.
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Channel {
    /// 电子送达, to a system that the recipient agreed to.
    Electronic { system: String },
    /// 直接送达.
    InPerson { place: String },
    /// 邮寄送达.
    Post { carrier: String, tracking: String },
    /// 留置送达: left at the recipient's place.
    Left { place: String },
}

/// What stands in the place of the recipient's signature. Times UTC µs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Acknowledged {
    /// The recipient or who receives for him.
    Signed {
        name: String,
        capacity: String,
        signed: SignedHow,
        at: i64,
    },
    /// The carrier's word, or the system's that it arrived.
    Delivered { receiver: String, at: i64 },
    /// R33's like: the refusal is noted, with a witness.
    Refused { reason: String, witness: String },
}

impl ServiceProof {
    /// # Errors
    /// No paper, a paper without number or digest, nobody who served it, an acknowledgement that does not go with the channel.
    pub fn new(issue: &Issue<'_>, service: Service) -> Result<Self, Refusal> {
        let texts = &issue.texts.service_proof;
        let proof = Self {
            head: PaperHead::new(issue, &texts.title),
            words: filled(texts, &issue.values()?)?,
            service,
        };
        proof.check()?;
        Ok(proof)
    }

    /// # Errors
    /// As for [`ServiceProof::new`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.head.check()?;
        let service = &self.service;
        needed("recipient", &service.recipient)?;
        some_of("papers", &service.papers)?;
        for (index, paper) in service.papers.iter().enumerate() {
            needed(&format!("papers/{index}/title"), &paper.title)?;
            needed(&format!("papers/{index}/number"), &paper.number)?;
            if super::CheckCode::of_digest(&paper.digest).is_err() {
                return Err(Refusal::of(
                    Code::ValueInvalid,
                    [format!("papers/{index}/digest")],
                ));
            }
        }
        self.channel_holds()?;
        self.acknowledgement_holds()
    }

    fn channel_holds(&self) -> Result<(), Refusal> {
        let service = &self.service;
        match &service.channel {
            Channel::Electronic { system } => needed("system", system),
            Channel::InPerson { place } | Channel::Left { place } => {
                some_of("served_by", &service.served_by)?;
                needed("place", place)
            }
            Channel::Post { carrier, tracking } => {
                needed("carrier", carrier)?;
                needed("tracking", tracking)
            }
        }
    }

    /// Leaving a paper is for who refuses it; a carrier's word is for what he carried; nothing is received before it was sent.
    fn acknowledgement_holds(&self) -> Result<(), Refusal> {
        let service = &self.service;
        let fits = match (&service.channel, &service.acknowledged) {
            (Channel::Left { .. }, Acknowledged::Refused { .. })
            | (Channel::Post { .. } | Channel::Electronic { .. }, Acknowledged::Delivered { .. })
            | (
                Channel::Electronic { .. } | Channel::InPerson { .. },
                Acknowledged::Signed { .. },
            ) => true,
            (Channel::Post { .. }, Acknowledged::Signed { signed, .. }) => {
                *signed == SignedHow::Pen
            }
            _ => false,
        };
        if !fits {
            return Err(Refusal::of(Code::ValueInvalid, ["acknowledged"]));
        }
        match &service.acknowledged {
            Acknowledged::Signed { name, at, .. }
            | Acknowledged::Delivered { receiver: name, at } => {
                if *at < service.at {
                    return Err(Refusal::of(Code::DateInvalid, ["acknowledged"]));
                }
                needed("acknowledged", name)
            }
            Acknowledged::Refused { reason, witness } => {
                needed("reason", reason)?;
                needed("witness", witness)
            }
        }
    }
}
