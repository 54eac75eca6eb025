//! Checks an archive package with nothing but the package: no server, no database, no network.

use std::io::Write as _;
use std::process::ExitCode;

use kanjie_evidence::command::{Outcome, Verify};

const USAGE: &str = "用法 / usage: kanjie-verify PATH [--receipt FILE] [--key HEX|FILE] [--json]\n";

fn main() -> ExitCode {
    let outcome = match arguments(std::env::args_os().skip(1)) {
        Some(verify) => verify.run(),
        None => Outcome {
            text: USAGE.to_owned(),
            exit_code: 2,
        },
    };
    // Nobody may be listening; the exit code says it all the same.
    let _ = std::io::stdout().write_all(outcome.text.as_bytes());
    ExitCode::from(outcome.exit_code)
}

fn arguments(mut given: impl Iterator<Item = std::ffi::OsString>) -> Option<Verify> {
    let mut verify = Verify::default();
    let mut path = None;
    while let Some(argument) = given.next() {
        match argument.to_str() {
            Some("--receipt") => verify.receipt = Some(given.next()?.into()),
            Some("--key") => verify.key = Some(given.next()?.into_string().ok()?),
            Some("--json") => verify.json = true,
            Some(option) if option.starts_with("--") => return None,
            _ if path.is_some() => return None,
            _ => path = Some(argument),
        }
    }
    verify.path = path?.into();
    Some(verify)
}
