//! The one crossing from the relay to the recorder: a tap that hands packets to the recorder's bounded queue.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use kanjie_domain::Session;
use kanjie_media::{Codec, CodecKind, Tap, TapKind, TapPacket, TrackId};
use kanjie_recordings::{CodecInfo, Intake, Kind, Received};

/// Who holds each seat: the first of its persons, by id.
#[derive(Clone, Debug, Default)]
pub struct Holders(Arc<RwLock<BTreeMap<String, String>>>);

impl Holders {
    pub fn set(&self, state: &Session) {
        let mut holders = BTreeMap::new();
        for (person, attendance) in &state.attendance {
            if let Some(place) = attendance.presence.place() {
                holders
                    .entry(place.seat.0.clone())
                    .or_insert_with(|| person.0.clone());
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = holders;
    }

    fn of(&self, seat: &str) -> Option<String> {
        let holders = self.0.read().unwrap_or_else(PoisonError::into_inner);
        holders.get(seat).cloned()
    }
}

/// The name of a track in the recording: `{seat}-{source}`, safe as a file name.
#[must_use]
pub fn track_name(track: &TrackId) -> String {
    format!("{}-{}", track.seat.0, track.source.as_str())
}

pub struct RecordingTap {
    intake: Intake,
    holders: Holders,
}

impl RecordingTap {
    #[must_use]
    pub const fn new(intake: Intake, holders: Holders) -> Self {
        Self { intake, holders }
    }
}

impl Tap for RecordingTap {
    /// Never blocks: the intake counts what it has to drop and the recorder reports it as a gap.
    fn packet(&self, packet: TapPacket) {
        self.intake.offer(Received {
            track: track_name(&packet.track),
            person: self.holders.of(&packet.track.seat.0),
            seat: packet.track.seat.0.clone(),
            source: packet.track.source.as_str().to_owned(),
            kind: match packet.kind {
                TapKind::Rtp => Kind::Rtp,
                TapKind::SenderReport => Kind::Rtcp,
            },
            codec: codec(&packet.codec),
            ssrc: packet.ssrc,
            data: packet.payload,
            wall_us: packet.wall_us,
            mono_us: packet.mono_us,
            recovered: packet.recovered,
        });
    }
}

fn codec(codec: &Codec) -> CodecInfo {
    CodecInfo {
        name: match codec.kind {
            CodecKind::Opus => "opus",
            CodecKind::Vp8 => "vp8",
            CodecKind::H264 => "h264",
        }
        .to_owned(),
        clock_rate: codec.clock_rate,
        channels: codec.channels,
        fmtp: codec.fmtp.clone(),
    }
}
