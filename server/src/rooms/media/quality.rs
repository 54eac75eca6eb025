//! How good each seat's connection is, and who speaks, as everybody is told.

use std::collections::BTreeMap;

use kanjie_domain::SeatId;
use kanjie_media::SeatStats;

use super::RoomMedia;
use crate::rooms::room::Room;
use crate::socket::frames::{self, Quality, ToClient};

impl RoomMedia {
    /// How good each seat's connection is. Who sends nothing more is lost to the others, however well he hears.
    async fn qualities(&self) -> BTreeMap<SeatId, Quality> {
        let stats = self.switch.stats(&self.room).await;
        let of = |stats: &SeatStats| {
            let seat = SeatId(stats.seat.0.clone());
            let gone = self.gone.iter().any(|(other, _)| *other == seat);
            let quality = if gone { Quality::Lost } else { quality_of(stats) };
            (seat, quality)
        };
        stats.iter().map(of).collect()
    }
}

impl Room {
    /// Takes the relay's figures; tells the room where a seat's quality changed.
    pub(in crate::rooms) async fn measure(&mut self) {
        if !self.media.open {
            return;
        }
        let quality = self.media.qualities().await;
        if quality != self.media.quality {
            self.media.quality = quality;
            self.push_presence();
        }
    }

    /// Each socket learns of those whom it may hear or see, so that a deliberation does not show by who speaks in it.
    pub(super) fn push_presence(&self) {
        for socket in self.sockets.iter() {
            let hears = |seat: &&SeatId| {
                **seat == socket.seat
                    || self
                        .media
                        .applied
                        .audience
                        .get(*seat)
                        .is_some_and(|publishing| publishing.to.contains(&socket.seat))
            };
            let frame = ToClient::Presence {
                quality: &self.media.quality,
                speaking: self.media.speaking.as_ref().filter(hears),
            };
            socket.outbox.push(frames::text(&frame).into());
        }
    }
}

/// Bars on the worse of both halves: 2 % lost or 150 ms there and back is noticed, 8 % or 400 ms disturbs.
fn quality_of(stats: &SeatStats) -> Quality {
    let halves = [stats.up.as_ref(), stats.down.as_ref()];
    let halves = halves.iter().flatten();
    let (mut loss, mut any, mut connected) = (0.0_f64, false, false);
    for half in halves {
        any = true;
        connected |= half.connected;
        loss = loss.max(half.loss);
    }
    let rtt = stats.rtt_ms.unwrap_or(0.0);
    if any && !connected {
        Quality::Lost
    } else if loss > 0.08 || rtt > 400.0 {
        Quality::Poor
    } else if loss > 0.02 || rtt > 150.0 {
        Quality::Fair
    } else {
        Quality::Good
    }
}
