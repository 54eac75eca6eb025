//! The offer for a down connection, and what its answer agreed to.
//!
//! m-lines are slots: one that lost its track goes inactive and carries the next track of its kind, with a new SSRC.

use crate::api::{CodecKind, MediaError, Mid, TrackId};
use crate::sdp::{
    Description, EXT_AUDIO_LEVEL, EXT_ORIENTATION, EXT_TRANSPORT_CC, LocalSide, Media, PROTOCOL,
    Setup, session_lines, transport_lines,
};

/// Payload types of every down connection.
pub const OPUS: u8 = 111;
pub const RED: u8 = 63;
pub const VP8: u8 = 96;
pub const VP8_RTX: u8 = 97;
pub const H264: u8 = 102;
pub const H264_RTX: u8 = 103;
/// Extension ids of every down connection.
pub const AUDIO_LEVEL_ID: u8 = 1;
pub const ORIENTATION_ID: u8 = 2;
pub const TRANSPORT_CC_ID: u8 = 3;

/// The m-line of a slot as it is offered.
#[derive(Clone, Debug)]
pub struct OfferedSlot<'a> {
    pub mid: &'a str,
    pub audio: bool,
    pub carries: Option<Carried<'a>>,
}

/// The track in a slot.
#[derive(Clone, Debug)]
pub struct Carried<'a> {
    pub track: &'a TrackId,
    pub ssrc: u32,
    pub rtx_ssrc: u32,
}

/// What the client agreed to for one m-line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DownMedia {
    pub mid: Mid,
    /// The client will receive.
    pub receiving: bool,
    pub formats: Vec<DownFormat>,
    /// Ids of the header extensions, where agreed.
    pub audio_level: Option<u8>,
    pub orientation: Option<u8>,
    /// It takes sound with its past (RFC 2198), under the number that we offer.
    pub red: bool,
    /// It reports on transport-wide numbers, under the id that we offer.
    pub transport_cc: bool,
}

/// A codec that the client receives, under its payload types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownFormat {
    pub kind: CodecKind,
    pub payload_type: u8,
    pub rtx: Option<u8>,
}

impl DownMedia {
    /// The payload types for a codec: media, and retransmission where agreed. `None` if the client refused the codec.
    pub fn payload_types_for(&self, kind: CodecKind) -> Option<(u8, Option<u8>)> {
        let mut formats = self.formats.iter();
        let format = formats.find(|format| format.kind == kind)?;
        Some((format.payload_type, format.rtx))
    }
}

/// Writes the offer.
pub fn write(slots: &[OfferedSlot<'_>], side: &LocalSide<'_>) -> String {
    let bundle: Vec<&str> = slots.iter().map(|slot| slot.mid).collect();
    let mut text = session_lines(side, &bundle, true);
    for (at, slot) in slots.iter().enumerate() {
        let kind = if slot.audio { "audio" } else { "video" };
        let formats = if slot.audio {
            format!("{OPUS} {RED}")
        } else {
            format!("{VP8} {VP8_RTX} {H264} {H264_RTX}")
        };
        text.push_str(&format!("m={kind} 9 {PROTOCOL} {formats}\r\n"));
        text.push_str(&transport_lines(side, "actpass", at == 0));
        text.push_str(&format!("a=mid:{}\r\n", slot.mid));
        text.push_str(&match slot.audio {
            true => format!("a=extmap:{AUDIO_LEVEL_ID} {EXT_AUDIO_LEVEL}\r\n"),
            false => format!("a=extmap:{ORIENTATION_ID} {EXT_ORIENTATION}\r\n"),
        });
        text.push_str(&format!(
            "a=extmap:{TRANSPORT_CC_ID} {EXT_TRANSPORT_CC}\r\n"
        ));
        if let Some(Carried { track, .. }) = &slot.carries {
            let (seat, source) = (&track.seat.0, track.source.as_str());
            text.push_str(&format!("a=sendonly\r\na=msid:{seat} {seat}-{source}\r\n"));
        } else {
            text.push_str("a=inactive\r\n");
        }
        text.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
        text.push_str(if slot.audio {
            AUDIO_FORMATS
        } else {
            VIDEO_FORMATS
        });
        if let Some(Carried {
            track,
            ssrc,
            rtx_ssrc,
        }) = &slot.carries
        {
            let cname = &track.seat.0;
            if slot.audio {
                text.push_str(&format!("a=ssrc:{ssrc} cname:{cname}\r\n"));
            } else {
                text.push_str(&format!("a=ssrc-group:FID {ssrc} {rtx_ssrc}\r\n"));
                text.push_str(&format!(
                    "a=ssrc:{ssrc} cname:{cname}\r\na=ssrc:{rtx_ssrc} cname:{cname}\r\n"
                ));
            }
        }
    }
    text
}

const AUDIO_FORMATS: &str = "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\na=rtcp-fb:111 transport-cc\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n";
const VIDEO_FORMATS: &str = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\n\
    a=rtcp-fb:96 transport-cc\r\na=rtcp-fb:102 transport-cc\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\na=rtcp-fb:102 ccm fir\r\n\
    a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
    a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n";

/// Reads what an answer agreed to.
pub fn read_answer(answer: &Description) -> Result<Vec<DownMedia>, MediaError> {
    if answer.setup != Setup::Active {
        return Err(MediaError::BadDescription(
            "the answer's setup must be active",
        ));
    }
    Ok(answer.media.iter().map(agreed).collect())
}

/// What an m-line of an answer agrees to: of what was offered, under the numbers it was offered with.
fn agreed(media: &Media) -> DownMedia {
    let takes = |payload_type: &u8| {
        let mut formats = media.formats.iter();
        formats.any(|format| format.payload_type == *payload_type)
    };
    let offered = [
        (CodecKind::Opus, OPUS, None),
        (CodecKind::Vp8, VP8, Some(VP8_RTX)),
        (CodecKind::H264, H264, Some(H264_RTX)),
    ];
    let formats = offered.into_iter().filter(|(_, media, _)| takes(media));
    let extension = |id: u8, uri: &str| {
        let mut extensions = media.extensions.iter();
        extensions
            .any(|(theirs, known)| *theirs == id && known == uri)
            .then_some(id)
    };
    DownMedia {
        mid: media.mid.clone(),
        receiving: !media.rejected && media.direction.receives(),
        formats: formats
            .map(|(kind, payload_type, rtx)| DownFormat {
                kind,
                payload_type,
                rtx: rtx.filter(takes),
            })
            .collect(),
        audio_level: extension(AUDIO_LEVEL_ID, EXT_AUDIO_LEVEL),
        orientation: extension(ORIENTATION_ID, EXT_ORIENTATION),
        red: takes(&RED),
        transport_cc: extension(TRANSPORT_CC_ID, EXT_TRANSPORT_CC).is_some(),
    }
}
