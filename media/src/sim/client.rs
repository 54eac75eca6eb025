//! A client of the simulation: enough of a browser to publish a counted picture and to receive one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, Output, SrtpProfile};
use rand::Rng;
use rand::rngs::StdRng;
use rtc_rtcp::reception_report::ReceptionReport;

use crate::api::{DownTrack, Half, Limits, SeatId, Source};
use crate::ice::{self, Credentials};
use crate::rtcp::{self, Told, ntp_from_us};
use crate::rtp::{Rewrite, RtpView, is_rtcp, unwrap_rtx};
use crate::sdp::Description;
use crate::sim::Digest;
use crate::sim::received::Received;
use crate::srtp::{Profile, Srtp};
use crate::twcc;
use crate::worker::Now;

/// Bytes of a picture's packet at most, and those before the filler.
const PACKET: usize = 1_100;
const AUDIO: Duration = Duration::from_millis(20);
const MID_ID: u8 = 4;
const RID_ID: u8 = 5;
const REPAIRED_RID_ID: u8 = 6;

/// How a picture is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Empty without simulcast.
    pub rid: &'static str,
    pub bps: u64,
    pub frame: Duration,
    pub width: u16,
}

/// One packet of 400 bytes three times in a picture.
const PLAIN: Encoding = Encoding {
    rid: "",
    bps: 145_400,
    frame: Duration::from_millis(66),
    width: 640,
};

#[derive(Debug)]
struct Sending {
    source: Source,
    mid: String,
    encoding: Encoding,
    active: bool,
    picture: u16,
    base: u8,
    ssrc: u32,
    rtx_ssrc: u32,
    payload_type: u8,
    seq: u16,
    rtx_seq: u16,
    timestamp: u32,
    next: Option<Instant>,
    want_keyframe: bool,
    history: BTreeMap<u16, Vec<u8>>,
    reported: Option<Instant>,
}

pub struct Client {
    pub seat: SeatId,
    pub half: Half,
    pub outgoing: Vec<Vec<u8>>,
    pub tracks: Vec<DownTrack>,
    /// By SSRC.
    pub received: BTreeMap<u32, Received>,
    /// Packets sent, retransmissions apart.
    pub published: u64,
    pub retransmitted: u64,
    pub keyframe_requests: u64,
    pub reports: Vec<ReceptionReport>,
    pub transport_feedback: u64,
    /// The relay's transport-wide numbers as they came.
    pub transport_numbers: Vec<u16>,
    pub level: u8,
    /// Whether it offers and sends sound with its past, or takes it.
    pub red: bool,
    /// Whether it reports to the relay what arrives when.
    pub feedback: bool,
    /// The round trip that it paces its requests by.
    pub rtt: Duration,
    /// Digest of every packet received, with its time.
    pub trace: Digest,
    pub padding: u64,
    recorder: twcc::Recorder,
    fed_back: Option<Instant>,
    sending: Vec<Sending>,
    local: Credentials,
    remote: Option<Credentials>,
    dtls: Dtls,
    certificate: [u8; 32],
    srtp: Option<Srtp>,
    pinged: Option<Instant>,
    reachable: bool,
    content: u64,
    transport_seq: u16,
}

impl Client {
    pub fn new(name: &str, half: Half, rng: &mut StdRng, now: Now) -> Self {
        let certificate = dimpl::certificate::generate_self_signed_certificate().unwrap();
        let fingerprint: [u8; 32] = certificate.fingerprint().try_into().unwrap();
        let config = Config::builder()
            .flight_start_rto(Duration::from_millis(100))
            .flight_retries(8)
            .build()
            .unwrap();
        let mut dtls = Dtls::new_12(Arc::new(config), certificate, now.at);
        dtls.set_active(true);
        Client {
            seat: SeatId(name.to_owned()),
            half,
            outgoing: Vec::new(),
            tracks: Vec::new(),
            received: BTreeMap::new(),
            published: 0,
            retransmitted: 0,
            keyframe_requests: 0,
            reports: Vec::new(),
            transport_feedback: 0,
            transport_numbers: Vec::new(),
            level: 127,
            red: false,
            feedback: true,
            rtt: Duration::from_millis(40),
            trace: Digest::default(),
            padding: 0,
            recorder: twcc::Recorder::default(),
            fed_back: None,
            sending: Vec::new(),
            local: Credentials::generate(rng),
            remote: None,
            dtls,
            certificate: fingerprint,
            srtp: None,
            pinged: None,
            reachable: false,
            content: u64::from(rng.random::<u16>()) << 32,
            transport_seq: rng.random(),
        }
    }

    pub fn connected(&self) -> bool {
        self.srtp.is_some()
    }

    fn transport(&self, setup: &str) -> String {
        let digits: Vec<String> = self
            .certificate
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let (ufrag, pwd, digits) = (&self.local.ufrag, &self.local.pwd, digits.join(":"));
        format!(
            "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:sha-256 {digits}\r\na=setup:{setup}\r\n"
        )
    }

    pub fn offer(
        &mut self,
        sources: &[Source],
        encodings: &[Encoding],
    ) -> (String, Vec<(String, Source)>) {
        let encodings = match encodings.is_empty() {
            true => &[PLAIN],
            false => encodings,
        };
        for (at, source) in sources.iter().enumerate() {
            let layers = if source.is_audio() {
                &[PLAIN]
            } else {
                encodings
            };
            for (layer, encoding) in layers.iter().enumerate() {
                self.begin(at, layer, *source, *encoding);
            }
        }
        self.describe()
    }

    fn begin(&mut self, at: usize, layer: usize, source: Source, encoding: Encoding) {
        let ssrc = 1000 + (at + 100 * layer) as u32 + (self.content >> 24) as u32;
        self.sending.push(Sending {
            source,
            encoding,
            active: true,
            picture: 0x7ff0 + 100 * layer as u16,
            base: 250 + layer as u8,
            mid: at.to_string(),
            ssrc,
            rtx_ssrc: ssrc + 50_000,
            payload_type: if source.is_audio() { 111 } else { 96 },
            seq: 65_500,
            rtx_seq: 7,
            timestamp: 0xffff_0000_u32.wrapping_add(77_777 * layer as u32),
            next: None,
            want_keyframe: true,
            history: BTreeMap::new(),
            reported: None,
        });
    }

    /// Sends of a source only the layers with these rids, as a browser with `setParameters`.
    pub fn send_layers(&mut self, source: Source, rids: &[String]) {
        for sending in self.sending.iter_mut().filter(|s| s.source == source) {
            let active = rids.iter().any(|rid| rid == sending.encoding.rid);
            sending.want_keyframe |= active && !sending.active;
            sending.active = active;
        }
    }

    /// Offers the same tracks with new ICE credentials.
    pub fn restart_ice(&mut self, rng: &mut StdRng) -> (String, Vec<(String, Source)>) {
        self.local = Credentials::generate(rng);
        self.describe()
    }

    fn describe(&self) -> (String, Vec<(String, Source)>) {
        let mut text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_owned();
        let mut described = std::collections::BTreeSet::new();
        for sending in &self.sending {
            if !described.insert(sending.mid.clone()) {
                continue;
            }
            let (kind, formats) = if sending.source.is_audio() {
                (
                    "audio",
                    "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n",
                )
            } else {
                (
                    "video",
                    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n",
                )
            };
            let (payload_type, mid, ssrc) = (sending.payload_type, &sending.mid, sending.ssrc);
            let red = self.red && sending.source.is_audio();
            let more = if red { " 63" } else { "" };
            text += &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type} 97{more}\r\n");
            text += &self.transport("actpass");
            text += &format!("a=mid:{mid}\r\na=sendonly\r\na=rtcp-mux\r\n{formats}");
            if red {
                text += "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n";
            }
            for (id, uri) in [
                (MID_ID, crate::sdp::EXT_MID),
                (1, crate::sdp::EXT_AUDIO_LEVEL),
                (3, crate::sdp::EXT_TRANSPORT_CC),
                (RID_ID, crate::sdp::EXT_RID),
                (REPAIRED_RID_ID, crate::sdp::EXT_REPAIRED_RID),
            ] {
                text += &format!("a=extmap:{id} {uri}\r\n");
            }
            let rids: Vec<&str> = self
                .sending
                .iter()
                .filter(|other| other.mid == *mid && !other.encoding.rid.is_empty())
                .map(|other| other.encoding.rid)
                .collect();
            if rids.is_empty() {
                text += &format!(
                    "a=ssrc-group:FID {ssrc} {}\r\na=ssrc:{ssrc} cname:x\r\n",
                    sending.rtx_ssrc
                );
            } else {
                rids.iter()
                    .for_each(|rid| text += &format!("a=rid:{rid} send\r\n"));
                text += &format!("a=simulcast:send {}\r\n", rids.join(";"));
            }
        }
        let mut named: Vec<(String, Source)> = self
            .sending
            .iter()
            .map(|sending| (sending.mid.clone(), sending.source))
            .collect();
        named.dedup();
        (text, named)
    }

    /// Offers to receive one sound and one picture, as a WHEP player does.
    pub fn offer_to_receive(&self) -> String {
        let mut text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_owned();
        for (mid, media, formats) in [
            (
                "a",
                "audio 9 UDP/TLS/RTP/SAVPF 111",
                "a=rtpmap:111 opus/48000/2\r\n",
            ),
            (
                "v",
                "video 9 UDP/TLS/RTP/SAVPF 96 97",
                "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n",
            ),
        ] {
            text += &format!("m={media}\r\n{}", self.transport("actpass"));
            text += &format!("a=mid:{mid}\r\na=recvonly\r\na=rtcp-mux\r\n{formats}");
        }
        text
    }

    /// Takes the other side's credentials after a restart of ICE alone.
    pub fn take_ice(&mut self, ufrag: &str, pwd: &str) {
        self.remote = Some(Credentials {
            ufrag: ufrag.to_owned(),
            pwd: pwd.to_owned(),
        });
    }

    pub fn answer(&self, offer: &str) -> String {
        let offer = Description::parse(offer, &Limits::default()).unwrap();
        let mut text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_owned();
        for mut media in offer.media {
            media
                .formats
                .retain(|format| self.red || format.name != "red");
            media
                .payload_types
                .retain(|known| self.red || known != "63");
            let formats = media.payload_types.join(" ");
            text += &format!(
                "m={} 9 UDP/TLS/RTP/SAVPF {formats}\r\n{}",
                media.kind,
                self.transport("active")
            );
            text += &format!("a=mid:{}\r\n", media.mid);
            text += if media.direction.sends() {
                "a=recvonly\r\n"
            } else {
                "a=inactive\r\n"
            };
            if self.feedback {
                text += &format!("a=extmap:3 {}\r\n", crate::sdp::EXT_TRANSPORT_CC);
            }
            for format in media.formats {
                text += &format!(
                    "a=rtpmap:{} {}/{}\r\n",
                    format.payload_type, format.name, format.clock_rate
                );
            }
        }
        text
    }

    pub fn take_description(&mut self, text: &str) {
        self.remote = Some(Description::parse(text, &Limits::default()).unwrap().ice);
    }

    /// A new SSRC for everything it sends, as after `replaceTrack` in some browsers.
    pub fn change_ssrcs(&mut self) {
        for sending in &mut self.sending {
            sending.ssrc += 10_000;
            sending.rtx_ssrc += 10_000;
            (sending.seq, sending.timestamp) = (12, 5);
            sending.want_keyframe = true;
            sending.history.clear();
        }
    }

    /// It has moved to another network: it checks at once.
    pub fn moved(&mut self) {
        self.pinged = None;
    }

    pub fn tick(&mut self, now: Now) {
        let due = self.pinged.is_none_or(|at| {
            now.at - at > Duration::from_millis(if self.reachable { 1000 } else { 50 })
        });
        if let Some(remote) = self.remote.as_ref().filter(|_| due) {
            self.pinged = Some(now.at);
            self.outgoing
                .push(ice::request(&self.local, remote, true).unwrap());
        }
        if self.reachable {
            self.drive(None, now);
        }
        if self.srtp.is_some() {
            self.publish(now);
            self.ask(now);
            self.feed_back(now);
        }
    }

    pub fn datagram(&mut self, bytes: &[u8], now: Now) {
        match bytes.first() {
            Some(0..=3) => self.reachable = true,
            Some(20..=63) => self.drive(Some(bytes), now),
            Some(128..=191) if is_rtcp(bytes) => self.rtcp(bytes.to_vec(), now),
            Some(128..=191) => self.rtp(bytes.to_vec(), now),
            _ => {}
        }
    }

    fn drive(&mut self, datagram: Option<&[u8]>, now: Now) {
        let _ = self.dtls.handle_timeout(now.at);
        if let Some(datagram) = datagram {
            let _ = self.dtls.handle_packet(datagram);
        }
        let mut scratch = vec![0; crate::dtls::SCRATCH];
        loop {
            match self.dtls.poll_output(&mut scratch) {
                Output::Packet(packet) => self.outgoing.push(packet.to_vec()),
                Output::KeyingMaterial(material, profile) => {
                    assert_eq!(profile, SrtpProfile::AEAD_AES_256_GCM);
                    self.srtp = Srtp::new(Profile::Aes256Gcm, &material, true);
                }
                Output::Timeout(_) => return,
                _ => {}
            }
        }
    }

    fn seal(&mut self, mut packet: Vec<u8>) {
        self.srtp
            .as_mut()
            .unwrap()
            .seal_whole_rtp(&mut packet)
            .unwrap();
        self.outgoing.push(packet);
    }

    fn seal_rtcp(&mut self, mut packet: Vec<u8>) {
        self.srtp.as_mut().unwrap().seal_rtcp(&mut packet).unwrap();
        self.outgoing.push(packet);
    }

    fn publish(&mut self, now: Now) {
        for at in 0..self.sending.len() {
            let next = *self.sending[at].next.get_or_insert(now.at);
            if now.at < next {
                continue;
            }
            let audio = self.sending[at].source.is_audio();
            let sending = &mut self.sending[at];
            let step = if audio { AUDIO } else { sending.encoding.frame };
            sending.next = Some(next + step);
            let rate = if audio { 48_000 } else { 90_000 };
            let ticks = (step.as_micros() * rate / 1_000_000) as u32;
            sending.timestamp = sending.timestamp.wrapping_add(ticks);
            if !sending.active {
                continue;
            }
            let keyframe = std::mem::take(&mut sending.want_keyframe);
            if sending
                .reported
                .is_none_or(|at| now.at - at > Duration::from_millis(500))
            {
                sending.reported = Some(now.at);
                // The client's clock is a century off, as some are.
                let ntp = ntp_from_us(now.wall_us - 900_000_000_000_000);
                let report = rtcp::sender_report(sending.ssrc, ntp, sending.timestamp, 1, 1, "x");
                self.seal_rtcp(report);
            }
            if audio {
                let payload = self.sound();
                self.send(at, payload, false);
            } else {
                self.picture(at, keyframe);
            }
        }
    }

    fn number(&mut self) -> [u8; 8] {
        self.content += 1;
        (self.content - 1).to_be_bytes()
    }

    fn sound(&mut self) -> Vec<u8> {
        let mut payload = vec![0xfc];
        payload.extend_from_slice(&self.number());
        payload.resize(80, 0x55);
        payload
    }

    /// A picture's packets, a keyframe's three times as many.
    fn picture(&mut self, at: usize, keyframe: bool) {
        let sending = &mut self.sending[at];
        let Encoding {
            bps, frame, width, ..
        } = sending.encoding;
        let bytes = (bps as f64 * frame.as_secs_f64() / 8.0) as usize;
        let bytes = if keyframe { 3 * bytes } else { bytes };
        let packets = if sending.encoding == PLAIN {
            3
        } else {
            bytes.div_ceil(PACKET).max(1)
        };
        let length = if sending.encoding == PLAIN {
            400
        } else {
            (bytes / packets).max(40)
        };
        sending.picture = (sending.picture + 1) & 0x7fff;
        sending.base = sending.base.wrapping_add(1);
        let [high, low] = (0x8000 | sending.picture).to_be_bytes();
        let (base, height) = (sending.base, width / 16 * 9);
        for part in 0..packets {
            let begins = if part == 0 { 0x90 } else { 0x80 };
            let mut payload = vec![begins, 0xe0, high, low, base, 0x20];
            payload.extend_from_slice(&[u8::from(!keyframe), 0, 0, 0x9d, 0x01, 0x2a]);
            payload.extend_from_slice(&width.to_le_bytes());
            payload.extend_from_slice(&height.to_le_bytes());
            payload.extend_from_slice(&self.number());
            payload.resize(length, 0x55);
            self.send(at, payload, part + 1 == packets);
        }
    }

    fn send(&mut self, at: usize, payload: Vec<u8>, marker: bool) {
        let packet = self.packet(at, &payload, marker);
        self.published += 1;
        self.seal(packet);
    }

    fn packet(&mut self, at: usize, payload: &[u8], marker: bool) -> Vec<u8> {
        self.transport_seq = self.transport_seq.wrapping_add(1);
        let level = self.level;
        let sending = &mut self.sending[at];
        let red = self.red && sending.source.is_audio();
        let payload_type = if red { 63 } else { sending.payload_type };
        let mut out = vec![0x90, payload_type | if marker { 0x80 } else { 0 }];
        out.extend_from_slice(&sending.seq.to_be_bytes());
        out.extend_from_slice(&sending.timestamp.to_be_bytes());
        out.extend_from_slice(&sending.ssrc.to_be_bytes());
        let [high, low] = self.transport_seq.to_be_bytes();
        let mid = sending.mid.as_bytes()[0];
        let mut block = vec![MID_ID << 4, mid, 0x31, high, low, 0x10, level];
        if let Some(rid) = sending.encoding.rid.bytes().next() {
            block.extend_from_slice(&[RID_ID << 4, rid]);
        }
        block.resize(block.len().next_multiple_of(4), 0);
        out.extend_from_slice(&[0xbe, 0xde, 0, (block.len() / 4) as u8]);
        out.extend_from_slice(&block);
        if red {
            // The sound of before, and this one.
            let before = sending.history.values().next_back();
            let before = before.and_then(|packet| packet.get(packet.len() - 80..));
            if let Some(before) = before {
                out.extend_from_slice(&[0x80 | 111, 0x0f, 0x00, before.len() as u8]);
                out.push(111);
                out.extend_from_slice(before);
            } else {
                out.push(111);
            }
        }
        out.extend_from_slice(payload);
        sending.history.insert(sending.seq, out.clone());
        if sending.history.len() > 2_000 {
            let oldest = sending.seq.wrapping_sub(2_000);
            sending.history.remove(&oldest);
        }
        sending.seq = sending.seq.wrapping_add(1);
        out
    }

    fn retransmit(&mut self, ssrc: u32, seqs: &[u16]) {
        let Some(at) = self.sending.iter().position(|sending| sending.ssrc == ssrc) else {
            return;
        };
        for seq in seqs {
            let sending = &mut self.sending[at];
            let Some(original) = sending.history.get(seq) else {
                continue;
            };
            if sending.source.is_audio() {
                // Without RTX a packet is sent again as it was.
                let again = original.clone();
                self.retransmitted += 1;
                self.seal(again);
                continue;
            }
            let view = RtpView::parse(original).unwrap();
            let mut out = Vec::new();
            let (rtx_seq, rtx_ssrc) = (sending.rtx_seq, sending.rtx_ssrc);
            let rid = sending.encoding.rid.bytes().next();
            let repaired = rid.map_or((0, 0), |rid| (REPAIRED_RID_ID, rid));
            Rewrite {
                payload_type: 97,
                seq: rtx_seq,
                timestamp: view.timestamp,
                ssrc: rtx_ssrc,
                marker: view.marker,
                extensions: [(0, 0), repaired],
                transport: None,
                osn: Some(*seq),
            }
            .write(view.payload, &mut out);
            sending.rtx_seq = sending.rtx_seq.wrapping_add(1);
            self.retransmitted += 1;
            self.seal(out);
        }
    }

    fn rtcp(&mut self, mut packet: Vec<u8>, _now: Now) {
        if self
            .srtp
            .as_mut()
            .is_none_or(|srtp| srtp.open_rtcp(&mut packet).is_err())
        {
            return;
        }
        self.transport_feedback += u64::from(packet[1] == 205 && packet[0] & 0x1f == 15);
        for told in rtcp::read(&packet) {
            match told {
                Told::Lacks { ssrc, seqs } => self.retransmit(ssrc, &seqs),
                Told::WantsKeyframe { ssrc } => {
                    self.keyframe_requests += 1;
                    self.sending
                        .iter_mut()
                        .filter(|s| s.ssrc == ssrc)
                        .for_each(|s| s.want_keyframe = true);
                }
                Told::Reception(report) => self.reports.push(report),
                Told::Transport(_) => {}
                Told::SenderClock { ssrc, ntp, rtp, .. } => {
                    self.received.entry(ssrc).or_default().clock = Some((ntp, rtp));
                }
            }
        }
    }

    fn rtp(&mut self, mut packet: Vec<u8>, now: Now) {
        if self
            .srtp
            .as_mut()
            .is_none_or(|srtp| srtp.open_rtp(&mut packet).is_err())
        {
            return;
        }
        let view = RtpView::parse(&packet).unwrap();
        self.trace.add(&now.mono_us.to_be_bytes());
        self.trace.add(&packet);
        if let Some(&[high, low]) = view.extension(3) {
            let seq = u16::from_be_bytes([high, low]);
            self.transport_numbers.push(seq);
            self.recorder
                .record(seq, now.mono_us as i64 + 5_000_000_000);
        }
        let rtx = view.payload_type == 97;
        if rtx && view.payload.is_empty() {
            self.padding += 1;
        } else if rtx {
            // The offer pairs each SSRC with its retransmissions; here: the stream that lacks this number.
            let osn = u16::from_be_bytes([view.payload[0], view.payload[1]]);
            let lacks = |received: &&mut Received| {
                let seq = received.unwrapper.peek(osn);
                received.first_is_keyframe.is_some() && !received.contents.contains_key(&seq)
            };
            let Some(received) = self
                .received
                .values_mut()
                .filter(|r| r.recoverable())
                .find(lacks)
            else {
                return;
            };
            received.recovered += 1;
            let original = unwrap_rtx(&packet, 0, 96).unwrap();
            received.take(&RtpView::parse(&original).unwrap(), now);
        } else {
            self.received.entry(view.ssrc).or_default().take(&view, now);
        }
    }

    fn ask(&mut self, now: Now) {
        let mut requests = Vec::new();
        for (ssrc, received) in &mut self.received {
            let mut due = Vec::new();
            received.gaps.poll(now.at, self.rtt, &mut due);
            if !due.is_empty() {
                requests.push(rtcp::nack(1, *ssrc, &due));
            }
        }
        requests
            .into_iter()
            .for_each(|request| self.seal_rtcp(request));
    }

    fn feed_back(&mut self, now: Now) {
        let every = Duration::from_millis(100);
        let due = self.fed_back.is_none_or(|at| now.at - at >= every);
        if due && self.feedback && self.half == Half::Down {
            self.fed_back = Some(now.at);
            while let Some(report) = self.recorder.report(1, 2) {
                self.seal_rtcp(report);
            }
        }
    }

    /// Asks for anything, as a curious client would.
    pub fn ask_for(&mut self, ssrc: u32, seqs: &[u16]) {
        let request = rtcp::nack(1, ssrc, seqs);
        self.seal_rtcp(request);
    }

    /// Sends anything, properly encrypted.
    pub fn send_raw(&mut self, mut bytes: Vec<u8>, rtcp: bool) {
        let srtp = self.srtp.as_mut().unwrap();
        let sealed = if rtcp {
            srtp.seal_rtcp(&mut bytes)
        } else {
            srtp.seal_whole_rtp(&mut bytes)
        };
        if sealed.is_ok() {
            self.outgoing.push(bytes);
        }
    }

    /// All content numbers received, whatever the stream.
    pub fn contents(&self) -> Vec<u64> {
        self.received
            .values()
            .flat_map(|received| received.contents.values().copied())
            .collect()
    }
}
