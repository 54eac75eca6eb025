//! A seat's media by another WebRTC implementation than ours: the `webrtc` crate at the other end.
//!
//! A peer sends a microphone (Opus silence, 50 packets a second) and a camera (one VP8 key frame of 16 × 16, ten a second),
//! answers the server's offers, and counts what it receives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    Registry, SettingEngineBuilder,
};
use webrtc::runtime::default_runtime;

use crate::within;

/// VP8 payload descriptor (start of partition 0) and a grey key frame of 16 × 16.
const KEY_FRAME: &[u8] = &[
    0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00, 0x00, 0x47, 0x08, 0x85, 0x85,
    0x88, 0x99, 0x84, 0x88, 0x02, 0x02, 0x00, 0x0c, 0x0d, 0x60, 0x00, 0xfe, 0xc3, 0xe0, 0x00,
];
/// One 20 ms frame of silence.
const SILENCE: &[u8] = &[0xf8, 0xff, 0xfe];

#[derive(Default, Debug)]
struct Counters {
    gathered: Notify,
    packets: AtomicU64,
    octets: AtomicU64,
}

/// What this peer receives, and the handles that keep it going.
#[derive(Default)]
pub struct Peer {
    up: Option<Arc<dyn PeerConnection>>,
    down: Option<Arc<dyn PeerConnection>>,
    counters: Arc<Counters>,
    sending: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("received", &self.received())
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// The frame that offers microphone and camera; the answer goes to [`Self::published`].
    ///
    /// # Panics
    /// If the offer cannot be made.
    pub async fn publish(&mut self) -> Value {
        let gathering = Arc::new(Counters::default());
        let pc = connection(Arc::clone(&gathering)).await;
        let (sound, picture) = (rand_ssrc(), rand_ssrc());
        let microphone = local_track(RtpCodecKind::Audio, "audio/opus", 48_000, 2, sound);
        let camera = local_track(RtpCodecKind::Video, "video/VP8", 90_000, 0, picture);
        for track in [&microphone, &camera] {
            pc.add_track(Arc::clone(track) as Arc<dyn TrackLocal>)
                .await
                .unwrap();
        }
        let offer = pc.create_offer(None).await.unwrap();
        pc.set_local_description(offer).await.unwrap();
        within("candidates", gathering.gathered.notified()).await;
        let sdp = pc.local_description().await.unwrap().sdp;
        self.up = Some(pc);
        self.sending = Some(tokio::spawn(send((microphone, sound), (camera, picture))));
        json!({"media": {"up_offer": {"sdp": sdp, "sources": {"0": "microphone", "1": "camera"}}}})
    }

    /// Takes the server's `up_answer`.
    ///
    /// # Panics
    /// If it cannot be taken.
    pub async fn published(&self, answer: &Value) {
        let answer =
            RTCSessionDescription::answer(answer["sdp"].as_str().unwrap().to_owned()).unwrap();
        self.up
            .as_ref()
            .unwrap()
            .set_remote_description(answer)
            .await
            .unwrap();
    }

    /// Takes a `down_offer` and answers with the frame to send.
    ///
    /// # Panics
    /// If it cannot be answered.
    pub async fn subscribe(&mut self, offer: &Value) -> Value {
        if self.down.is_none() {
            self.down = Some(connection(Arc::clone(&self.counters)).await);
        }
        let pc = self.down.as_ref().unwrap();
        let first = pc.local_description().await.is_none();
        let sdp = RTCSessionDescription::offer(offer["sdp"].as_str().unwrap().to_owned()).unwrap();
        pc.set_remote_description(sdp).await.unwrap();
        let answer = pc.create_answer(None).await.unwrap();
        pc.set_local_description(answer).await.unwrap();
        if first {
            within("candidates", self.counters.gathered.notified()).await;
        }
        let sdp = pc.local_description().await.unwrap().sdp;
        json!({"media": {"down_answer": {"generation": offer["generation"], "sdp": sdp}}})
    }

    /// RTP packets received so far on the down connection.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.counters.packets.load(Ordering::Relaxed)
    }

    /// A handle that reads the same count from elsewhere.
    pub fn meter(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let counters = Arc::clone(&self.counters);
        move || counters.packets.load(Ordering::Relaxed)
    }

    /// Ends both halves.
    pub async fn close(mut self) {
        if let Some(sending) = self.sending.take() {
            sending.abort();
        }
        for pc in [self.up.take(), self.down.take()].into_iter().flatten() {
            let _ = pc.close().await;
        }
    }
}

async fn connection(counters: Arc<Counters>) -> Arc<dyn PeerConnection> {
    let mut engine = MediaEngine::default();
    engine.register_default_codecs().unwrap();
    let registry = register_default_interceptors(Registry::new(), &mut engine).unwrap();
    // It would answer an ICE-lite offer as DTLS server; browsers answer as client, and the relay is always server.
    let settings = SettingEngineBuilder::new()
        .with_answering_dtls_role(RTCDtlsRole::Client)
        .build();
    let pc = PeerConnectionBuilder::new()
        .with_media_engine(engine)
        .with_setting_engine(settings)
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Handler(counters)))
        .with_runtime(default_runtime().expect("tokio"))
        .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
        .build()
        .await
        .unwrap();
    Arc::new(pc)
}

struct Handler(Arc<Counters>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.0.gathered.notify_one();
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let counters = Arc::clone(&self.0);
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    counters.packets.fetch_add(1, Ordering::Relaxed);
                    counters
                        .octets
                        .fetch_add(packet.payload.len() as u64, Ordering::Relaxed);
                }
            }
        });
    }
}

fn local_track(
    kind: RtpCodecKind,
    mime: &str,
    clock_rate: u32,
    channels: u16,
    ssrc: u32,
) -> Arc<TrackLocalStaticRTP> {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            ..Default::default()
        },
        codec: RTCRtpCodec {
            mime_type: mime.to_owned(),
            clock_rate,
            channels,
            sdp_fmtp_line: String::new(),
            rtcp_feedback: vec![],
        },
        ..Default::default()
    };
    let name = mime.replace('/', "-");
    Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "seat".to_owned(),
        name.clone(),
        name,
        kind,
        vec![coding],
    )))
}

/// The crate sends the SSRC that a packet carries, so each is given the one that the offer named.
async fn send(
    microphone: (Arc<TrackLocalStaticRTP>, u32),
    camera: (Arc<TrackLocalStaticRTP>, u32),
) {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for n in 0_u32.. {
        ticks.tick().await;
        let (track, ssrc) = &microphone;
        let _ = track.write_rtp(sound_packet(n, *ssrc)).await;
        if n.is_multiple_of(5) {
            let (track, ssrc) = &camera;
            let _ = track.write_rtp(picture_packet(n / 5, *ssrc)).await;
        }
    }
}

fn sound_packet(n: u32, ssrc: u32) -> rtc::rtp::Packet {
    packet(header(111, n, n.wrapping_mul(960), ssrc), SILENCE)
}

fn picture_packet(n: u32, ssrc: u32) -> rtc::rtp::Packet {
    let header = rtc::rtp::header::Header {
        marker: true,
        ..header(96, n, n.wrapping_mul(9_000), ssrc)
    };
    packet(header, KEY_FRAME)
}

fn header(payload_type: u8, n: u32, timestamp: u32, ssrc: u32) -> rtc::rtp::header::Header {
    rtc::rtp::header::Header {
        version: 2,
        payload_type,
        sequence_number: (n & 0xffff) as u16,
        timestamp,
        ssrc,
        ..Default::default()
    }
}

fn packet(header: rtc::rtp::header::Header, payload: &'static [u8]) -> rtc::rtp::Packet {
    rtc::rtp::Packet {
        header,
        payload: Bytes::from_static(payload),
    }
}

fn rand_ssrc() -> u32 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    (RandomState::new().build_hasher().finish() & 0x7fff_ffff) as u32 | 1
}
