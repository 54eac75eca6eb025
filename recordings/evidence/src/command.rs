//! `kanjie verify` and `kanjie-verify`: one command, two doors. Returns what to print and the exit code.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::key::{Keys, PublicKey};
use crate::package::{self, Copy, Fault, Options, Report, VerifyError};

#[derive(Clone, Debug, Default)]
pub struct Verify {
    pub path: PathBuf,
    /// A file that holds a receipt.
    pub receipt: Option<PathBuf>,
    /// A public key in hex, or a file that holds one or a `keys.json`.
    pub key: Option<String>,
    pub json: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    /// 0 whole and authentic; 1 not; 2 the package is absent or cannot be read.
    pub exit_code: u8,
}

impl Verify {
    #[must_use]
    pub fn run(&self) -> Outcome {
        let result = self.verify();
        let exit_code = match &result {
            Ok(_) => 0,
            Err(VerifyError::Fault(_)) => 1,
            Err(VerifyError::Unreadable { .. }) => 2,
        };
        let text = if self.json {
            as_json(&result)
        } else {
            in_words(&result)
        };
        Outcome { text, exit_code }
    }

    fn verify(&self) -> Result<Report, VerifyError> {
        // An absent package is 2 even where the other arguments are of no use.
        if let Err(error) = fs::symlink_metadata(&self.path) {
            let path = self.path.clone();
            return Err(VerifyError::Unreadable { path, error });
        }
        let keys = match &self.key {
            Some(argument) => read_keys(argument)?,
            None => Vec::new(),
        };
        let receipt = match &self.receipt {
            Some(path) => {
                let bytes = fs::read(path);
                Some(bytes.map_err(|e| Fault::new("--receipt", e))?)
            }
            None => None,
        };
        package::verify(&self.path, &Options { receipt, keys })
    }
}

/// Public keys in `argument`: hex, or a file of hex or of `keys.json`.
fn read_keys(argument: &str) -> Result<Vec<PublicKey>, Fault> {
    if let Ok(key) = argument.parse() {
        return Ok(vec![key]);
    }
    let bytes = fs::read(Path::new(argument))
        .map_err(|e| Fault::new("--key", format!("neither a key in hex nor a file: {e}")))?;
    let text = bytes.trim_ascii();
    if let Ok(keys) = Keys::parse(text)
        && !keys.keys.is_empty()
    {
        return Ok(keys.keys.into_iter().map(|key| key.public).collect());
    }
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .map(|key| vec![key])
        .ok_or_else(|| Fault::new("--key", "holds neither a key in hex nor a keys.json"))
}

fn as_json(result: &Result<Report, VerifyError>) -> String {
    let value = match result {
        Ok(report) => json!({"whole": true, "report": report}),
        Err(VerifyError::Fault(fault)) => json!({"whole": false, "first_fault": fault}),
        Err(error) => json!({"whole": null, "unreadable": error.to_string()}),
    };
    format!("{value}\n")
}

fn in_words(result: &Result<Report, VerifyError>) -> String {
    match result {
        Ok(report) => whole(report),
        Err(VerifyError::Fault(fault)) => format!(
            "不完整或被改动。首处不符：{fault}\nNOT whole. First place that fails: {fault}\n"
        ),
        Err(error) => {
            format!("无法读取，未作核验：{error}\nCannot be read, nothing was checked: {error}\n")
        }
    }
}

fn whole(report: &Report) -> String {
    let key = report.key;
    let (copy_zh, copy_en) = match report.copy {
        Copy::Full => ("全本", "full copy"),
        Copy::Applicant => ("申请人副本", "applicant's copy"),
    };
    let mut text = format!(
        "会审 {} · 办件 {} · {copy_zh}\n条目 {}（不予显示 {}） · 检查点 {} · 录制分段 {}（不予显示 {}） · 包 {} · 回执 {} · 照片 {}\n",
        report.session,
        report.case_no,
        report.entries,
        report.withheld,
        report.checkpoints,
        report.segments,
        report.segments_withheld,
        report.packets,
        report.receipts,
        report.stills,
    );
    let _ = writeln!(
        text,
        "session {} · case {} · {copy_en}\nentries {} ({} withheld) · checkpoints {} · segments {} ({} withheld) · packets {} · receipts {} · stills {}",
        report.session,
        report.case_no,
        report.entries,
        report.withheld,
        report.checkpoints,
        report.segments,
        report.segments_withheld,
        report.packets,
        report.receipts,
        report.stills,
    );
    let (zh, en) = match (report.key_checked, report.receipt_checked) {
        (false, false) => ("签名者身份未核对", "identity not checked"),
        (true, false) => ("与所给公钥一致", "it is the key given"),
        (false, true) => (
            "所给回执在其中；签名者身份未核对",
            "the receipt given is among those issued; identity not checked",
        ),
        (true, true) => (
            "与所给公钥一致，所给回执在其中",
            "it is the key given; the receipt given is among those issued",
        ),
    };
    let _ = writeln!(text, "完整；由密钥 {key} 签名；{zh}");
    let _ = writeln!(text, "whole; signed by key {key}; {en}");
    text
}
