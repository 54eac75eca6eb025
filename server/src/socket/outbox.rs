//! The bounded way from a room to one socket. A room never waits for a client: a full queue ends that socket, which
//! resumes from the journal.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, watch};

/// Frames that may wait for a slow client.
const QUEUE: usize = 1024;

/// Why a socket is ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bye {
    Revoked,
    Elsewhere,
    Closed,
    Idle,
    TooFast,
    Malformed,
    /// The client did not take its frames; it may resume at once.
    Slow,
    /// The room ended for an inner reason; the client resumes.
    Restarting,
}

impl Bye {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Elsewhere => "elsewhere",
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::TooFast => "too_fast",
            Self::Malformed => "malformed",
            Self::Slow => "slow",
            Self::Restarting => "restarting",
        }
    }
}

#[derive(Debug)]
pub enum Out {
    Frame(Utf8Bytes),
    /// After everything queued before it.
    Bye(Bye),
}

/// The room's end.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: mpsc::Sender<Out>,
    end: Arc<watch::Sender<Option<Bye>>>,
}

/// The socket's end.
#[derive(Debug)]
pub struct Inbox {
    pub queue: mpsc::Receiver<Out>,
    /// Set when the socket must end at once, whatever is queued.
    pub end: watch::Receiver<Option<Bye>>,
}

#[must_use]
pub fn outbox() -> (Outbox, Inbox) {
    let (queue, received) = mpsc::channel(QUEUE);
    let (end, ended) = watch::channel(None);
    (
        Outbox {
            queue,
            end: Arc::new(end),
        },
        Inbox {
            queue: received,
            end: ended,
        },
    )
}

impl Outbox {
    pub fn push(&self, frame: Utf8Bytes) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(Out::Frame(frame)) {
            self.end_now(Bye::Slow);
        }
    }

    /// Ends the socket after what is queued.
    pub fn finish(&self, bye: Bye) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(Out::Bye(bye)) {
            self.end_now(bye);
        }
    }

    /// Ends the socket before anything else is sent.
    pub fn end_now(&self, bye: Bye) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            if first {
                *end = Some(bye);
            }
            first
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_queue_ends_the_socket_and_never_blocks() {
        let (out, inbox) = outbox();
        for _ in 0..QUEUE {
            out.push("x".into());
        }
        assert_eq!(*inbox.end.borrow(), None);
        out.push("one too many".into());
        assert_eq!(*inbox.end.borrow(), Some(Bye::Slow));
    }

    #[test]
    fn the_first_reason_stands() {
        let (out, inbox) = outbox();
        out.end_now(Bye::Revoked);
        out.end_now(Bye::Slow);
        assert_eq!(*inbox.end.borrow(), Some(Bye::Revoked));
    }
}
