//! The answer to a client that offers to receive (WHEP): which m-lines are taken, and what may be sent there.

use crate::api::{CodecKind, MediaError, SeatId};
use crate::sdp::offer::{DownFormat, DownMedia};
use crate::sdp::{
    Description, EXT_AUDIO_LEVEL, EXT_ORIENTATION, LocalSide, Media, PROTOCOL, Setup,
    session_lines, transport_lines,
};

/// An m-line that was taken, and the SSRCs that will be seen there.
#[derive(Clone, Debug)]
pub struct Watched<'a> {
    pub media: &'a DownMedia,
    pub ssrc: u32,
    pub rtx_ssrc: u32,
}

/// Takes the first m-line of sound and the first of pictures that can be served; `true` for sound.
pub fn agree(offer: &Description) -> Result<Vec<(bool, DownMedia)>, MediaError> {
    if offer.setup == Setup::Passive {
        return Err(MediaError::BadDescription(
            "its setup must be actpass or active",
        ));
    }
    let mut taken: Vec<(bool, DownMedia)> = Vec::new();
    for media in &offer.media {
        let audio = media.kind == "audio";
        if taken.iter().any(|(other, _)| *other == audio) {
            continue;
        }
        taken.extend(take(media, audio).map(|media| (audio, media)));
    }
    if taken.is_empty() {
        return Err(MediaError::BadDescription(
            "none of its m-lines can be taken",
        ));
    }
    Ok(taken)
}

fn take(media: &Media, audio: bool) -> Option<DownMedia> {
    let receives = media.direction.receives() && !media.rejected;
    if !receives || media.protocol != PROTOCOL || (!audio && media.kind != "video") {
        return None;
    }
    let extension = |uri: &str| {
        let mut extensions = media.extensions.iter();
        extensions
            .find(|(_, known)| known == uri)
            .map(|(id, _)| *id)
    };
    let kinds: &[CodecKind] = if audio {
        &[CodecKind::Opus]
    } else {
        &[CodecKind::Vp8, CodecKind::H264]
    };
    let formats: Vec<DownFormat> = kinds
        .iter()
        .filter_map(|kind| format(media, *kind))
        .collect();
    (!formats.is_empty()).then(|| DownMedia {
        mid: media.mid.clone(),
        receiving: true,
        formats,
        audio_level: extension(EXT_AUDIO_LEVEL).filter(|_| audio),
        orientation: extension(EXT_ORIENTATION).filter(|_| !audio),
        red: false,
        transport_cc: false,
    })
}

/// A codec as the client numbers it. Which profile of H264 will come is not known here; who takes one of them takes, as
/// far as known, the constrained baseline, which our publishers are asked for.
fn format(media: &Media, kind: CodecKind) -> Option<DownFormat> {
    let of_kind =
        |format: &&crate::sdp::Format| format.codec().map(|codec| codec.kind) == Some(kind);
    let baseline = |format: &&crate::sdp::Format| {
        format
            .parameter("profile-level-id")
            .is_some_and(|id| id.to_ascii_lowercase().starts_with("42e0"))
    };
    let all = || media.formats.iter().filter(of_kind);
    let format = all().find(baseline).or(all().next())?;
    let payload_type = format.payload_type;
    let rtx = media.formats.iter().find(|other| {
        let of = other.parameter("apt").and_then(|apt| apt.parse().ok());
        other.name == "rtx" && of == Some(payload_type)
    });
    Some(DownFormat {
        kind,
        payload_type,
        rtx: rtx.map(|format| format.payload_type),
    })
}

/// Writes the answer. `cname`: of all that is sent.
pub fn write(
    offer: &Description,
    taken: &[Watched<'_>],
    cname: &SeatId,
    side: &LocalSide<'_>,
) -> String {
    let bundle: Vec<&str> = taken.iter().map(|taken| taken.media.mid.as_str()).collect();
    let mut text = session_lines(side, &bundle, offer.mixed_extensions);
    let mut first = true;
    for media in &offer.media {
        match taken.iter().find(|taken| taken.media.mid == media.mid) {
            None => {
                let (kind, protocol, formats) =
                    (&media.kind, &media.protocol, media.payload_types.join(" "));
                text.push_str(&format!(
                    "m={kind} 0 {protocol} {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=inactive\r\n",
                    media.mid
                ));
            }
            Some(taken) => {
                write_taken(&mut text, media, taken, cname, side, first);
                first = false;
            }
        }
    }
    text
}

fn write_taken(
    text: &mut String,
    media: &Media,
    taken: &Watched<'_>,
    cname: &SeatId,
    side: &LocalSide<'_>,
    candidates: bool,
) {
    let formats = || taken.media.formats.iter();
    let numbers: Vec<String> = formats()
        .flat_map(|format| [Some(format.payload_type), format.rtx])
        .flatten()
        .map(|number| number.to_string())
        .collect();
    let (kind, numbers) = (&media.kind, numbers.join(" "));
    text.push_str(&format!("m={kind} 9 {PROTOCOL} {numbers}\r\n"));
    text.push_str(&transport_lines(side, "passive", candidates));
    text.push_str(&format!("a=mid:{}\r\na=sendonly\r\n", taken.media.mid));
    let extensions = [
        (taken.media.audio_level, EXT_AUDIO_LEVEL),
        (taken.media.orientation, EXT_ORIENTATION),
    ];
    for (id, uri) in extensions {
        if let Some(id) = id {
            text.push_str(&format!("a=extmap:{id} {uri}\r\n"));
        }
    }
    text.push_str("a=rtcp-mux\r\na=rtcp-rsize\r\n");
    for format in formats() {
        write_format(text, media, format);
    }
    let (ssrc, rtx_ssrc, cname) = (taken.ssrc, taken.rtx_ssrc, &cname.0);
    text.push_str(&format!("a=msid:{cname} {cname}-{kind}\r\n"));
    if formats().any(|format| format.rtx.is_some()) {
        text.push_str(&format!(
            "a=ssrc-group:FID {ssrc} {rtx_ssrc}\r\na=ssrc:{rtx_ssrc} cname:{cname}\r\n"
        ));
    }
    text.push_str(&format!("a=ssrc:{ssrc} cname:{cname}\r\n"));
}

fn write_format(text: &mut String, media: &Media, format: &DownFormat) {
    let number = format.payload_type;
    let map = match format.kind {
        CodecKind::Opus => "opus/48000/2",
        CodecKind::Vp8 => "VP8/90000",
        CodecKind::H264 => "H264/90000",
    };
    text.push_str(&format!("a=rtpmap:{number} {map}\r\n"));
    let offered = media.formats.iter().find(|of| of.payload_type == number);
    for feedback in offered.iter().flat_map(|of| &of.feedback) {
        if ["nack", "nack pli", "ccm fir"].contains(&feedback.as_str()) {
            text.push_str(&format!("a=rtcp-fb:{number} {feedback}\r\n"));
        }
    }
    if let Some(of) = offered.filter(|of| !of.fmtp.is_empty()) {
        text.push_str(&format!("a=fmtp:{number} {}\r\n", of.fmtp));
    }
    if let Some(rtx) = format.rtx {
        text.push_str(&format!(
            "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={number}\r\n"
        ));
    }
}
