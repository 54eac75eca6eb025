//! Descriptions (RFC 8866, RFC 8829): parsed by `rtc-sdp` into what the relay needs, written as text.
//!
//! `answer` makes the answer for an up connection, `offer` the offer for a down connection and reads its answer, `watch`
//! answers the down connection of a client that offers.

pub mod answer;
pub mod offer;
pub mod watch;

use std::io::Cursor;
use std::net::SocketAddr;

use rtc_sdp::description::media::MediaDescription;
use rtc_sdp::description::session::SessionDescription;

use crate::api::{Codec, CodecKind, Limits, MediaError, Mid, Source};
use crate::dtls::Fingerprint;
use crate::ice::Credentials;

/// Header extensions that the relay understands.
pub const EXT_MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
pub const EXT_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
pub const EXT_REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
pub const EXT_AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
pub const EXT_TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
pub const EXT_ORIENTATION: &str = "urn:3gpp:video-orientation";

const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// Our side of a connection as it stands in every description.
#[derive(Clone, Debug)]
pub struct LocalSide<'a> {
    pub ice: &'a Credentials,
    pub fingerprint: &'a Fingerprint,
    pub candidates: &'a [Candidate],
    pub session: u64,
    pub version: u64,
}

/// `a=sendonly` and its kin, from the describing side's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// A payload type of an m-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub payload_type: u8,
    /// In lower case.
    pub name: String,
    pub clock_rate: u32,
    pub channels: u8,
    pub fmtp: String,
    pub feedback: Vec<String>,
}

impl Format {
    /// The codec, if the relay passes it on.
    pub fn codec(&self) -> Option<Codec> {
        let kind = match self.name.as_str() {
            "opus" if self.clock_rate == 48_000 => CodecKind::Opus,
            "vp8" if self.clock_rate == 90_000 => CodecKind::Vp8,
            "h264"
                if self.clock_rate == 90_000
                    && self.parameter("packetization-mode") == Some("1") =>
            {
                CodecKind::H264
            }
            _ => return None,
        };
        Some(Codec {
            kind,
            payload_type: self.payload_type,
            clock_rate: self.clock_rate,
            channels: self.channels,
            fmtp: self.fmtp.clone(),
        })
    }

    /// A `name=value` of its fmtp line.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.fmtp.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// An m-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `application`, …
    pub kind: String,
    pub mid: Mid,
    pub rejected: bool,
    pub direction: Direction,
    pub protocol: String,
    pub payload_types: Vec<String>,
    pub formats: Vec<Format>,
    pub extensions: Vec<(u8, String)>,
    pub ssrcs: Vec<u32>,
    /// (media, retransmission) pairs of `a=ssrc-group:FID`.
    pub retransmissions: Vec<(u32, u32)>,
    /// The simulcast layers that are offered to be sent (RFC 8853), by `a=rid`.
    pub rids: Vec<String>,
}

/// `a=setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    ActPass,
    Active,
    Passive,
}

/// A client's offer or answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub ice: Credentials,
    pub fingerprint: Fingerprint,
    pub setup: Setup,
    pub mixed_extensions: bool,
    pub media: Vec<Media>,
}

impl Description {
    /// Parses a description within the limits.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, MediaError> {
        if text.len() > limits.sdp_bytes {
            return Err(MediaError::BadDescription("it is too long"));
        }
        if text.lines().filter(|line| line.starts_with("m=")).count() > limits.sdp_media {
            return Err(MediaError::BadDescription("it has too many m-lines"));
        }
        let session = SessionDescription::unmarshal(&mut Cursor::new(text.as_bytes()))
            .map_err(|_| MediaError::BadDescription("it is not well-formed SDP"))?;
        let attribute = |name: &str| {
            let live = session
                .media_descriptions
                .iter()
                .filter(|media| !is_rejected(media));
            live.filter_map(|media| media_attribute(media, name))
                .chain(
                    session
                        .attributes
                        .iter()
                        .filter(|a| a.key == name)
                        .filter_map(|a| a.value.as_deref()),
                )
                .map(str::trim)
                .next()
        };
        let missing = |what| MediaError::BadDescription(what);
        let ice = Credentials {
            ufrag: attribute("ice-ufrag")
                .ok_or(missing("it has no ICE ufrag"))?
                .to_owned(),
            pwd: attribute("ice-pwd")
                .ok_or(missing("it has no ICE password"))?
                .to_owned(),
        };
        if !(4..=256).contains(&ice.ufrag.len()) || !(22..=256).contains(&ice.pwd.len()) {
            return Err(MediaError::BadDescription(
                "its ICE credentials are too short or too long",
            ));
        }
        Ok(Description {
            ice,
            fingerprint: fingerprint(&session).ok_or(missing("it has no SHA-256 fingerprint"))?,
            setup: match attribute("setup") {
                Some("active") => Setup::Active,
                Some("passive") => Setup::Passive,
                _ => Setup::ActPass,
            },
            mixed_extensions: session.has_attribute("extmap-allow-mixed"),
            media: session
                .media_descriptions
                .iter()
                .map(media)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn fingerprint(session: &SessionDescription) -> Option<Fingerprint> {
    let everywhere = session
        .media_descriptions
        .iter()
        .flat_map(|media| &media.attributes)
        .chain(&session.attributes);
    everywhere.filter(|a| a.key == "fingerprint").find_map(|a| {
        let (algorithm, digits) = a.value.as_deref()?.trim().split_once(' ')?;
        if !algorithm.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let bytes: Vec<u8> = digits
            .trim()
            .split(':')
            .map(|byte| u8::from_str_radix(byte, 16).ok())
            .collect::<Option<_>>()?;
        bytes.try_into().ok()
    })
}

fn is_rejected(media: &MediaDescription) -> bool {
    media.media_name.port.value == 0 && !media.has_attribute("bundle-only")
}

fn media_attribute<'a>(media: &'a MediaDescription, name: &str) -> Option<&'a str> {
    media.attribute(name).flatten()
}

fn media(media: &MediaDescription) -> Result<Media, MediaError> {
    let mid = media_attribute(media, "mid")
        .unwrap_or_default()
        .trim()
        .to_owned();
    if !is_token(&mid, 32) {
        return Err(MediaError::BadDescription("an m-line has no usable mid"));
    }
    let direction = if media.has_attribute("inactive") {
        Direction::Inactive
    } else if media.has_attribute("sendonly") {
        Direction::SendOnly
    } else if media.has_attribute("recvonly") {
        Direction::RecvOnly
    } else {
        Direction::SendRecv
    };
    let values = |name: &'static str| {
        media
            .attributes
            .iter()
            .filter(move |a| a.key == name)
            .filter_map(|a| a.value.as_deref())
            .map(str::trim)
    };
    let mut ssrcs = Vec::new();
    for ssrc in values("ssrc").filter_map(|value| value.split_whitespace().next()?.parse().ok()) {
        if !ssrcs.contains(&ssrc) && ssrcs.len() < 16 {
            ssrcs.push(ssrc);
        }
    }
    let sends: Vec<&str> = values("rid")
        .filter_map(|value| {
            let mut words = value.split_whitespace();
            let rid = words.next()?;
            (words.next() == Some("send")).then_some(rid)
        })
        .collect();
    let retransmissions = values("ssrc-group")
        .filter_map(|value| {
            let mut words = value.split_whitespace();
            (words.next()? == "FID").then_some(())?;
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .take(16)
        .collect();
    let extensions = values("extmap").filter_map(|value| {
        let (id, uri) = value.split_once(' ')?;
        let id: u8 = id.split('/').next()?.parse().ok()?;
        Some((id, uri.split_whitespace().next()?.to_owned()))
    });
    Ok(Media {
        kind: media.media_name.media.clone(),
        mid,
        rejected: is_rejected(media),
        direction,
        protocol: media.media_name.protos.join("/"),
        payload_types: media.media_name.formats.clone(),
        // One-byte header extensions have ids 1 to 14 (RFC 8285 section 4.2).
        extensions: extensions.filter(|(id, _)| (1..=14).contains(id)).collect(),
        formats: formats(media),
        ssrcs,
        retransmissions,
        rids: values("simulcast")
            .find_map(simulcast_sent)
            .unwrap_or_default()
            .into_iter()
            .filter(|rid| sends.contains(&rid.as_str()))
            .collect(),
    })
}

/// Layers of one m-line.
pub const MAX_LAYERS: usize = 4;

/// The layers of `send q;h;f` (RFC 8853 section 5.1): of alternatives the first, whether paused (`~`) or not.
fn simulcast_sent(value: &str) -> Option<Vec<String>> {
    let mut words = value.split_whitespace();
    words.find(|word| *word == "send")?;
    let layers = words.next()?.split(';').filter_map(|layer| {
        let rid = layer.split(',').next()?.trim_start_matches('~');
        // RFC 8852 section 3: it stands in a header extension.
        let token = (1..=16).contains(&rid.len()) && rid.bytes().all(|b| b.is_ascii_alphanumeric());
        token.then(|| rid.to_owned())
    });
    let mut rids = Vec::new();
    for rid in layers {
        if !rids.contains(&rid) && rids.len() < MAX_LAYERS {
            rids.push(rid);
        }
    }
    Some(rids)
}

/// Payload types read of an m-line: each is looked for among all its attributes.
const MAX_FORMATS: usize = 128;

fn formats(media: &MediaDescription) -> Vec<Format> {
    let of = |name: &'static str, payload_type: &str| -> Vec<String> {
        let found = media
            .attributes
            .iter()
            .filter(|a| a.key == name)
            .filter_map(|a| a.value.as_deref());
        found
            .filter_map(|value| value.trim().split_once(' '))
            .filter(|(head, _)| *head == payload_type || *head == "*")
            .map(|(_, rest)| rest.trim().to_owned())
            .collect()
    };
    let format = |payload_type: &String| {
        let number: u8 = payload_type.parse().ok().filter(|number| *number < 128)?;
        let map = of("rtpmap", payload_type).into_iter().next()?;
        let mut parts = map.split('/');
        Some(Format {
            payload_type: number,
            name: parts.next()?.to_ascii_lowercase(),
            clock_rate: parts.next()?.parse().ok()?,
            channels: parts
                .next()
                .and_then(|channels| channels.parse().ok())
                .unwrap_or(0),
            fmtp: of("fmtp", payload_type)
                .into_iter()
                .next()
                .unwrap_or_default(),
            feedback: of("rtcp-fb", payload_type),
        })
    };
    media
        .media_name
        .formats
        .iter()
        .take(MAX_FORMATS)
        .filter_map(format)
        .collect()
}

/// Whether a name can stand in a description (RFC 8866 `token`).
pub fn is_token(name: &str, max: usize) -> bool {
    (1..=max).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b))
}

/// The lines before the first m-line.
fn session_lines(side: &LocalSide<'_>, bundle: &[&str], mixed: bool) -> String {
    let mut text = format!(
        "v=0\r\no=- {} {} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n",
        side.session, side.version
    );
    text.push_str(&format!(
        "a=group:BUNDLE {}\r\na=msid-semantic: WMS *\r\n",
        bundle.join(" ")
    ));
    if mixed {
        text.push_str("a=extmap-allow-mixed\r\n");
    }
    text
}

/// Transport lines of an m-line; candidates only where asked for.
fn transport_lines(side: &LocalSide<'_>, setup: &str, with_candidates: bool) -> String {
    let digits: Vec<String> = side
        .fingerprint
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let mut text = format!(
        "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{setup}\r\n",
        side.ice.ufrag,
        side.ice.pwd,
        digits.join(":"),
    );
    if with_candidates {
        for candidate in candidates(side.candidates) {
            text.push_str(&format!("a=candidate:{candidate}\r\n"));
        }
        text.push_str("a=end-of-candidates\r\n");
    }
    text
}

/// An address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    Udp(SocketAddr),
    /// Streams are taken there (RFC 6544).
    Tcp(SocketAddr),
}

/// The values of `a=candidate`.
pub fn candidates(all: &[Candidate]) -> impl Iterator<Item = String> + '_ {
    all.iter().enumerate().map(|(at, candidate)| {
        // RFC 8445 section 5.1.2: host type preference 126, one local preference for each address. Streams come after all
        // datagrams (RFC 6544 section 4.2: direction preference 4 for passive).
        let local = 8_191 - at as u32 % 8_191;
        let (transport, address, preference, kind) = match candidate {
            Candidate::Udp(address) => ("udp", address, (126 << 24) | ((57_344 + local) << 8), ""),
            Candidate::Tcp(address) => (
                "tcp",
                address,
                (105 << 24) | (((4 << 13) | local) << 8),
                " tcptype passive",
            ),
        };
        let (priority, ip, port): (u32, _, _) = (preference | 255, address.ip(), address.port());
        format!(
            "{} 1 {transport} {priority} {ip} {port} typ host{kind}",
            at + 1
        )
    })
}

/// What a machine's offer brings, which has no words for it (RFC 9725): the first sound is its microphone, the first
/// picture its camera.
pub fn machine_sources(offer_sdp: &str) -> Result<Vec<(Mid, Source)>, MediaError> {
    let offer = Description::parse(offer_sdp, &Limits::default())?;
    let first = |kind: &str| {
        let mut media = offer.media.iter();
        let media = media.find(|media| media.kind == kind && media.direction.sends());
        media.map(|media| media.mid.clone())
    };
    let sound = first("audio").map(|mid| (mid, Source::Microphone));
    let picture = first("video").map(|mid| (mid, Source::Camera));
    Ok(sound.into_iter().chain(picture).collect())
}

#[cfg(test)]
mod tests;
