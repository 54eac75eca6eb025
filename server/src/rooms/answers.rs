//! What a socket is told about its command.

use super::acts::ActError;
use super::room::Room;
use super::sockets::SocketId;
use crate::problem::domain_code;
use crate::socket::frames::{self, ToClient};
use crate::texts::{self, Lang};

impl Room {
    pub(super) fn answer(&self, id: SocketId, command: u64, outcome: Result<u64, ActError>) {
        let Some(socket) = self.sockets.get(id) else {
            return;
        };
        let text = match outcome {
            Ok(seq) => frames::text(&ToClient::Done { id: command, seq }),
            Err(error) => refused(Some(command), &error, socket.lang),
        };
        socket.outbox.push(text.into());
    }
}

fn refused(id: Option<u64>, error: &ActError, lang: Lang) -> String {
    match error {
        ActError::Refused(refusal) => frame(id, &domain_code(refusal.code), &refusal.missing, lang),
        ActError::Factor(problem) => frame(id, &problem.code.as_str(), &problem.missing, lang),
        ActError::Unavailable => frame(id, "internal", &[], lang),
    }
}

/// The `refused` frame of a code that no rule stands behind: malformed, too_fast.
#[must_use]
pub fn frame(id: Option<u64>, code: &str, missing: &[String], lang: Lang) -> String {
    let text = texts::of(code, lang);
    frames::text(&ToClient::Refused {
        id,
        code,
        title: text.title,
        next: text.next,
        missing,
    })
}
