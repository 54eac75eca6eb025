//! The answer to an up connection's offer: which m-lines are taken, with which codec, and what will arrive there.

use crate::api::{Codec, CodecKind, MediaError, Mid, Source};
use crate::rtp::ExtensionIds;
use crate::sdp::{
    Description, EXT_AUDIO_LEVEL, EXT_MID, EXT_ORIENTATION, EXT_REPAIRED_RID, EXT_RID,
    EXT_TRANSPORT_CC, Format, LocalSide, Media, PROTOCOL, Setup, session_lines, transport_lines,
};

/// Sound a packet, ms. Every packet costs about 60 bytes of headers for each listener, as much as 20 ms of speech: at 40
/// a large room halves that, and nobody notices 20 ms.
const AUDIO_PTIME_MS: u32 = 40;

/// An m-line that was taken, and how its packets look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpMedia {
    pub mid: Mid,
    pub source: Source,
    pub codec: Codec,
    pub rtx_payload_type: Option<u8>,
    /// Sound comes with its past in each packet (RFC 2198) under this payload type, or without under the codec's.
    pub red_payload_type: Option<u8>,
    /// Simulcast layers in the order of the offer; empty without simulcast.
    pub rids: Vec<String>,
    /// Media SSRCs as signalled; may be empty.
    pub ssrcs: Vec<u32>,
    /// (media, retransmission) SSRC pairs as signalled; may be empty.
    pub retransmissions: Vec<(u32, u32)>,
    pub extensions: ExtensionIds,
    pub nack: bool,
    /// Whether the client means to send at present.
    pub sending: bool,
}

/// What was agreed on an up connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpAgreement {
    pub media: Vec<UpMedia>,
}

/// Decides what to take of an offer.
pub fn agree(offer: &Description, sources: &[(Mid, Source)]) -> Result<UpAgreement, MediaError> {
    if offer.setup == Setup::Passive {
        return Err(MediaError::BadDescription(
            "its setup must be actpass or active",
        ));
    }
    let mut taken: Vec<UpMedia> = Vec::new();
    for media in &offer.media {
        let source = sources
            .iter()
            .find(|(mid, _)| *mid == media.mid)
            .map(|(_, source)| *source);
        let Some(source) =
            source.filter(|source| !taken.iter().any(|other| other.source == *source))
        else {
            continue;
        };
        if let Some(media) = take(media, source) {
            taken.push(media);
        }
    }
    if taken.is_empty() {
        return Err(MediaError::BadDescription(
            "none of its m-lines can be taken",
        ));
    }
    Ok(UpAgreement { media: taken })
}

fn take(media: &Media, source: Source) -> Option<UpMedia> {
    let wanted = if source.is_audio() { "audio" } else { "video" };
    if media.rejected || media.kind != wanted || media.protocol != PROTOCOL {
        return None;
    }
    let format = choose(&media.formats, source)?;
    let extension = |uri: &str| {
        media
            .extensions
            .iter()
            .find(|(_, known)| known == uri)
            .map(|(id, _)| *id)
    };
    let codec = format.codec()?;
    let rtx = media.formats.iter().find(|other| {
        other.name == "rtx"
            && other.parameter("apt").and_then(|apt| apt.parse().ok()) == Some(codec.payload_type)
    });
    let red = media.formats.iter().find(|other| {
        let blocks = format!("{0}/{0}", codec.payload_type);
        source.is_audio() && other.name == "red" && other.fmtp == blocks
    });
    let rid = extension(EXT_RID).filter(|_| !source.is_audio());
    let layered = rid.is_some() && media.rids.len() > 1;
    let repairing: Vec<u32> = media.retransmissions.iter().map(|(_, rtx)| *rtx).collect();
    Some(UpMedia {
        mid: media.mid.clone(),
        source,
        rtx_payload_type: rtx.map(|format| format.payload_type),
        red_payload_type: red.map(|format| format.payload_type),
        rids: media.rids.iter().filter(|_| layered).cloned().collect(),
        ssrcs: media
            .ssrcs
            .iter()
            .copied()
            .filter(|ssrc| !repairing.contains(ssrc))
            .collect(),
        retransmissions: media.retransmissions.clone(),
        extensions: ExtensionIds {
            mid: extension(EXT_MID),
            rid: rid.filter(|_| layered),
            repaired_rid: extension(EXT_REPAIRED_RID).filter(|_| layered),
            audio_level: extension(EXT_AUDIO_LEVEL).filter(|_| source.is_audio()),
            transport_cc: extension(EXT_TRANSPORT_CC),
            orientation: extension(EXT_ORIENTATION).filter(|_| !source.is_audio()),
        },
        nack: format.feedback.iter().any(|feedback| feedback == "nack"),
        sending: media.direction.sends(),
        codec,
    })
}

/// Opus for sound; for pictures the first of VP8 and H264 that the client names. Among H264 profiles the constrained
/// baseline is taken where offered: every browser decodes it.
fn choose(formats: &[Format], source: Source) -> Option<&Format> {
    let kind_of = |format: &Format| format.codec().map(|codec| codec.kind);
    if source.is_audio() {
        return formats
            .iter()
            .find(|format| kind_of(format) == Some(CodecKind::Opus));
    }
    let first = formats
        .iter()
        .find(|format| matches!(kind_of(format), Some(CodecKind::Vp8 | CodecKind::H264)))?;
    let baseline = |format: &&Format| {
        kind_of(format) == Some(CodecKind::H264)
            && format
                .parameter("profile-level-id")
                .is_some_and(|id| id.to_ascii_lowercase().starts_with("42e0"))
    };
    match kind_of(first)? {
        CodecKind::H264 => formats.iter().find(baseline).or(Some(first)),
        _ => Some(first),
    }
}

/// Writes the answer.
pub fn write(offer: &Description, agreement: &UpAgreement, side: &LocalSide<'_>) -> String {
    let bundle: Vec<&str> = agreement
        .media
        .iter()
        .map(|media| media.mid.as_str())
        .collect();
    let mut text = session_lines(side, &bundle, offer.mixed_extensions);
    let mut first = true;
    for media in &offer.media {
        match agreement.media.iter().find(|taken| taken.mid == media.mid) {
            None => {
                let (kind, protocol, formats) =
                    (&media.kind, &media.protocol, media.payload_types.join(" "));
                text.push_str(&format!("m={kind} 0 {protocol} {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=inactive\r\n", media.mid));
            }
            Some(taken) => {
                write_taken(&mut text, media, taken, side, first);
                first = false;
            }
        }
    }
    text
}

fn write_taken(
    text: &mut String,
    media: &Media,
    taken: &UpMedia,
    side: &LocalSide<'_>,
    candidates: bool,
) {
    let payload_type = taken.codec.payload_type;
    let number = |format: Option<u8>| format.map(|number| number.to_string());
    // The first is what the client will send: sound with its past, where it can.
    let formats = [
        number(taken.red_payload_type),
        number(Some(payload_type)),
        number(taken.rtx_payload_type),
    ];
    let formats: Vec<String> = formats.into_iter().flatten().collect();
    text.push_str(&format!(
        "m={} 9 {PROTOCOL} {}\r\n",
        media.kind,
        formats.join(" ")
    ));
    text.push_str(&transport_lines(side, "passive", candidates));
    text.push_str(&format!("a=mid:{}\r\n", taken.mid));
    let ids = &taken.extensions;
    for (id, uri) in [
        (ids.mid, EXT_MID),
        (ids.rid, EXT_RID),
        (ids.repaired_rid, EXT_REPAIRED_RID),
        (ids.audio_level, EXT_AUDIO_LEVEL),
        (ids.transport_cc, EXT_TRANSPORT_CC),
        (ids.orientation, EXT_ORIENTATION),
    ] {
        if let Some(id) = id {
            text.push_str(&format!("a=extmap:{id} {uri}\r\n"));
        }
    }
    text.push_str(if taken.sending {
        "a=recvonly\r\n"
    } else {
        "a=inactive\r\n"
    });
    text.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
    let Some(format) = media
        .formats
        .iter()
        .find(|format| format.payload_type == payload_type)
    else {
        return;
    };
    match taken.codec.kind {
        CodecKind::Opus => text.push_str(&format!("a=rtpmap:{payload_type} opus/48000/2\r\n")),
        CodecKind::Vp8 => text.push_str(&format!("a=rtpmap:{payload_type} VP8/90000\r\n")),
        CodecKind::H264 => text.push_str(&format!("a=rtpmap:{payload_type} H264/90000\r\n")),
    }
    for feedback in &format.feedback {
        // REMB is left out: with transport-wide feedback Chromium would take the lower of both.
        if ["nack", "nack pli", "ccm fir", "transport-cc"].contains(&feedback.as_str()) {
            text.push_str(&format!("a=rtcp-fb:{payload_type} {feedback}\r\n"));
        }
    }
    match taken.codec.kind {
        CodecKind::Opus => text.push_str(&format!(
            "a=fmtp:{payload_type} minptime=10;useinbandfec=1\r\na=ptime:{AUDIO_PTIME_MS}\r\n"
        )),
        _ if !format.fmtp.is_empty() => {
            text.push_str(&format!("a=fmtp:{payload_type} {}\r\n", format.fmtp))
        }
        _ => {}
    }
    if let Some(red) = taken.red_payload_type {
        text.push_str(&format!(
            "a=rtpmap:{red} red/48000/2\r\na=fmtp:{red} {payload_type}/{payload_type}\r\n"
        ));
    }
    if !taken.rids.is_empty() {
        for rid in &taken.rids {
            text.push_str(&format!("a=rid:{rid} recv\r\n"));
        }
        text.push_str(&format!("a=simulcast:recv {}\r\n", taken.rids.join(";")));
    }
    if let Some(rtx) = taken.rtx_payload_type {
        text.push_str(&format!(
            "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}\r\n"
        ));
    }
}
