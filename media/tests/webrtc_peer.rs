#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! End to end on loopback, with the `webrtc` crate as the other end: another implementation of everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use kanjie_media::{
    Limits, Policy, Publishing, Relay, RelayConfig, RelayEvent, RoomId, SeatId, Source, Tap,
    TapKind, TapPacket, Transport,
};
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
};
use webrtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};

const PATIENCE: Duration = Duration::from_secs(20);

/// Content numbers a subscriber got, by payload kind (first byte).
type Heard = Arc<Mutex<BTreeMap<u8, BTreeSet<u64>>>>;

struct Handler {
    gathered: Notify,
    connected: watch::Sender<bool>,
    heard: Heard,
    progress: Arc<Notify>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.connected
            .send_replace(state == RTCPeerConnectionState::Connected);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let (heard, progress) = (self.heard.clone(), self.progress.clone());
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                let TrackRemoteEvent::OnRtpPacket(packet) = event else {
                    continue;
                };
                let (kind, content) = content(&packet.payload);
                heard
                    .lock()
                    .unwrap()
                    .entry(kind)
                    .or_default()
                    .insert(content);
                progress.notify_one();
            }
        });
    }
}

/// Sound: one byte, then the number. Picture: a VP8 keyframe's descriptor and header, then the number.
fn payload(kind: u8, content: u64) -> Bytes {
    let mut out = if kind == b'v' {
        vec![0x90, 0x80, 1, 0, kind]
    } else {
        vec![kind]
    };
    out.extend_from_slice(&content.to_be_bytes());
    out.resize(200, 0);
    out.into()
}

fn content(payload: &[u8]) -> (u8, u64) {
    let rest = if payload[0] == 0x90 {
        &payload[4..]
    } else {
        payload
    };
    (rest[0], u64::from_be_bytes(rest[1..9].try_into().unwrap()))
}

struct Peer {
    connection: Arc<dyn PeerConnection>,
    handler: Arc<Handler>,
    tracks: Vec<(u8, Arc<TrackLocalStaticRTP>, u32)>,
    sent: u64,
}

impl Peer {
    async fn new() -> Self {
        let handler = Arc::new(Handler {
            gathered: Notify::new(),
            connected: watch::Sender::new(false),
            heard: Heard::default(),
            progress: Arc::default(),
        });
        let mut engine = MediaEngine::default();
        engine.register_default_codecs().unwrap();
        // It would answer an ICE-lite offer as DTLS server; browsers answer as client, and the relay is always server.
        let settings = SettingEngineBuilder::new()
            .with_answering_dtls_role(RTCDtlsRole::Client)
            .build();
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_handler(handler.clone() as Arc<dyn PeerConnectionEventHandler>)
            .with_runtime(webrtc::runtime::default_runtime().unwrap())
            .with_udp_addrs(vec!["127.0.0.1:0".to_owned()])
            .build()
            .await
            .unwrap();
        Peer {
            connection: Arc::new(connection),
            handler,
            tracks: Vec::new(),
            sent: 0,
        }
    }

    async fn add_track(&mut self, kind: u8) {
        let (codec_kind, mime, clock_rate, channels) = match kind {
            b'v' => (RtpCodecKind::Video, "video/VP8", 90_000, 0),
            _ => (RtpCodecKind::Audio, "audio/opus", 48_000, 2),
        };
        let ssrc = 0x1000 + u32::from(kind);
        let codec = RTCRtpCodec {
            mime_type: mime.to_owned(),
            clock_rate,
            channels,
            ..Default::default()
        };
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            codec,
            ..Default::default()
        };
        let name = char::from(kind).to_string();
        let track = MediaStreamTrack::new(
            "stream".into(),
            name.clone(),
            name,
            codec_kind,
            vec![coding],
        );
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        let init = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            ..Default::default()
        };
        let local = track.clone() as Arc<dyn TrackLocal>;
        self.connection
            .add_transceiver_from_track(local, Some(init))
            .await
            .unwrap();
        self.tracks.push((kind, track, ssrc));
    }

    /// Publishes what was added; `mids` in order of adding.
    async fn publish(&self, relay: &Relay, room: &RoomId, seat: &SeatId, sources: &[Source]) {
        let offer = self.connection.create_offer(None).await.unwrap();
        self.connection.set_local_description(offer).await.unwrap();
        timeout(PATIENCE, self.handler.gathered.notified())
            .await
            .unwrap();
        let sdp = self.connection.local_description().await.unwrap().sdp;
        let mids = sdp
            .lines()
            .filter_map(|line| line.strip_prefix("a=mid:").map(str::to_owned));
        let named: Vec<_> = mids.zip(sources.iter().copied()).collect();
        let answer = relay.answer_up(room, seat, &sdp, &named).await.unwrap();
        self.connection
            .set_remote_description(RTCSessionDescription::answer(answer).unwrap())
            .await
            .unwrap();
        self.wait_connected().await;
    }

    async fn answer(&self, relay: &Relay, room: &RoomId, seat: &SeatId) {
        let offer = relay.offer_down(room, seat).await.unwrap();
        let description = RTCSessionDescription::offer(offer.sdp.clone()).unwrap();
        self.connection
            .set_remote_description(description)
            .await
            .unwrap();
        let answer = self.connection.create_answer(None).await.unwrap();
        self.connection.set_local_description(answer).await.unwrap();
        let sdp = self.connection.local_description().await.unwrap().sdp;
        relay
            .accept_down(room, seat, offer.generation, &sdp)
            .await
            .unwrap();
    }

    async fn wait_connected(&self) {
        let mut connected = self.handler.connected.subscribe();
        timeout(PATIENCE, connected.wait_for(|connected| *connected))
            .await
            .expect("connects")
            .unwrap();
    }

    /// Sends one packet on each track; the numbers sent.
    async fn send(&mut self) -> u64 {
        self.sent += 1;
        for (kind, track, ssrc) in &self.tracks {
            let header = rtc_rtp::Header {
                version: 2,
                marker: true,
                payload_type: if *kind == b'v' { 96 } else { 111 },
                sequence_number: self.sent as u16,
                timestamp: self.sent as u32 * 3000,
                ssrc: *ssrc,
                ..Default::default()
            };
            track
                .write_rtp(rtc_rtp::Packet {
                    header,
                    payload: payload(*kind, self.sent),
                })
                .await
                .unwrap();
        }
        self.sent
    }

    fn heard(&self, kind: u8) -> BTreeSet<u64> {
        self.handler
            .heard
            .lock()
            .unwrap()
            .get(&kind)
            .cloned()
            .unwrap_or_default()
    }
}

#[derive(Default)]
struct Memory(Mutex<Vec<TapPacket>>);

impl Tap for Memory {
    fn packet(&self, packet: TapPacket) {
        self.0.lock().unwrap().push(packet);
    }
}

impl Memory {
    fn contents(&self, source: Source) -> BTreeSet<u64> {
        let packets = self.0.lock().unwrap();
        let rtp = packets
            .iter()
            .filter(|packet| packet.kind == TapKind::Rtp && packet.track.source == source);
        rtp.map(|packet| content(&packet.payload[header_length(&packet.payload)..]).1)
            .collect()
    }
}

fn header_length(packet: &[u8]) -> usize {
    let extension = if packet[0] & 0x10 != 0 {
        4 + 4 * usize::from(packet[15])
    } else {
        0
    };
    12 + extension
}

fn seat(name: &str) -> SeatId {
    SeatId(name.to_owned())
}

fn everybody(names: &[&str]) -> Policy {
    let to: BTreeSet<SeatId> = names.iter().map(|name| seat(name)).collect();
    Policy {
        seats: to
            .iter()
            .map(|name| {
                (
                    name.clone(),
                    Publishing {
                        to: to.clone(),
                        record: true,
                    },
                )
            })
            .collect(),
        ..Policy::default()
    }
}

fn start() -> (Relay, mpsc::Receiver<RelayEvent>) {
    let (sender, events) = mpsc::channel(1000);
    let config = RelayConfig {
        bind: "127.0.0.1".parse().unwrap(),
        ports: Vec::new(),
        workers: 2,
        advertise: Vec::new(),
        limits: Limits::default(),
    };
    (Relay::start(config, sender).unwrap(), events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_publish_one_receives_and_a_denial_stops_at_once() {
    let (relay, _events) = start();
    let (room, tap) = (RoomId("room".into()), Arc::new(Memory::default()));
    relay.open_room(&room, tap.clone()).await.unwrap();
    relay
        .set_policy(&room, everybody(&["a", "b", "c"]))
        .await
        .unwrap();

    let (mut picture, mut sound, listener) =
        (Peer::new().await, Peer::new().await, Peer::new().await);
    picture.add_track(b'v').await;
    sound.add_track(b's').await;
    picture
        .publish(&relay, &room, &seat("a"), &[Source::Camera])
        .await;
    sound
        .publish(&relay, &room, &seat("b"), &[Source::Microphone])
        .await;
    listener.answer(&relay, &room, &seat("c")).await;
    listener.wait_connected().await;

    // Until both were heard; then a hundred more, of which every one must come.
    let mut ticker = tokio::time::interval(Duration::from_millis(5));
    let begun = timeout(PATIENCE, async {
        while listener.heard(b'v').is_empty() || listener.heard(b's').is_empty() {
            ticker.tick().await;
            picture.send().await;
            sound.send().await;
        }
        (picture.sent, sound.sent)
    });
    let (first_picture, first_sound) = begun.await.expect("media flows");
    for _ in 0..100 {
        ticker.tick().await;
        picture.send().await;
        sound.send().await;
    }
    let all = |first: u64, last: u64, got: &BTreeSet<u64>| {
        (first + 1..=last).all(|number| got.contains(&number))
    };
    timeout(PATIENCE, async {
        while !all(first_picture, picture.sent, &listener.heard(b'v'))
            || !all(first_sound, sound.sent, &listener.heard(b's'))
        {
            listener.handler.progress.notified().await;
        }
    })
    .await
    .expect("everything comes through");
    assert!(
        all(first_picture, picture.sent, &tap.contents(Source::Camera)),
        "the tap has every picture packet"
    );
    assert!(
        all(first_sound, sound.sent, &tap.contents(Source::Microphone)),
        "the tap has every sound packet"
    );

    let mut denied = everybody(&["a", "b", "c"]);
    denied.seats.remove(&seat("a"));
    relay.set_policy(&room, denied).await.unwrap();
    let last_allowed = picture.sent;
    let sound_before = sound.sent;
    for _ in 0..50 {
        ticker.tick().await;
        picture.send().await;
        sound.send().await;
    }
    // When the sound sent meanwhile is there, the picture would be too.
    timeout(PATIENCE, async {
        while !all(sound_before, sound.sent, &listener.heard(b's')) {
            listener.handler.progress.notified().await;
        }
    })
    .await
    .expect("sound goes on");
    assert!(
        listener
            .heard(b'v')
            .iter()
            .all(|number| *number <= last_allowed),
        "a denied picture was received"
    );
    assert!(
        tap.contents(Source::Camera)
            .iter()
            .all(|number| *number <= last_allowed),
        "a denied picture was recorded"
    );

    let stats = relay.stats(&room).await;
    assert_eq!(stats.len(), 3);
    let publisher = stats.iter().find(|stats| stats.seat == seat("a")).unwrap();
    assert!(publisher.up.as_ref().unwrap().connected && publisher.tracks[0].packets >= 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_track_that_comes_later_is_offered_and_heard() {
    let (relay, mut events) = start();
    let room = RoomId("room".into());
    relay
        .open_room(&room, Arc::new(Memory::default()))
        .await
        .unwrap();
    relay
        .set_policy(&room, everybody(&["a", "b", "z"]))
        .await
        .unwrap();
    // This peer does not connect for inactive m-lines alone, as browsers do: somebody has to be there first.
    let mut first = Peer::new().await;
    first.add_track(b't').await;
    first
        .publish(&relay, &room, &seat("z"), &[Source::Microphone])
        .await;
    let listener = Peer::new().await;
    listener.answer(&relay, &room, &seat("b")).await;
    listener.wait_connected().await;

    let mut sound = Peer::new().await;
    sound.add_track(b's').await;
    sound
        .publish(&relay, &room, &seat("a"), &[Source::Microphone])
        .await;
    let wanted = RelayEvent::DownNeedsOffer {
        room: room.clone(),
        seat: seat("b"),
    };
    timeout(PATIENCE, async {
        while events.recv().await.expect("the relay runs") != wanted {}
    })
    .await
    .expect("an offer is due");
    listener.answer(&relay, &room, &seat("b")).await;
    let mut ticker = tokio::time::interval(Duration::from_millis(20));
    timeout(PATIENCE, async {
        while listener.heard(b's').len() < 20 {
            ticker.tick().await;
            sound.send().await;
        }
    })
    .await
    .expect("it is heard");

    sound.connection.close().await.unwrap();
    let gone = |event: &RelayEvent| {
        matches!(
            event,
            RelayEvent::TrackEnded { .. } | RelayEvent::Vanished { .. }
        )
    };
    timeout(PATIENCE, async {
        while !gone(&events.recv().await.expect("the relay runs")) {}
    })
    .await
    .expect("its end is told");
    relay.close_room(&room).await;
    assert!(relay.stats(&room).await.is_empty());
}
