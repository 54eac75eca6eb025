//! A room's side of the relay: the policy as applied, offers and answers, what screens show and which layers they need.

mod quality;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kanjie_domain::SeatId;
use kanjie_media::{self as relay, Half, MediaError, RelayEvent, RoomId, Source, Tap, View};

use super::policy::Allowed;
use super::room::Room;
use super::sockets::SocketId;
use super::switch::Switch;
use crate::socket::frames::{
    self, DownTrack, MediaFromClient, MediaToClient, Quality, ShownPicture, ToClient,
};
use crate::texts;

/// How long the relay may take to confirm that it closed; then the whole room is closed instead.
const CONFIRM: Duration = Duration::from_secs(2);
/// Sources that one seat may name in an offer.
const MAX_SOURCES: usize = 8;

pub struct RoomMedia {
    switch: Arc<dyn Switch>,
    room: RoomId,
    applied: Allowed,
    open: bool,
    pub speaking: Option<SeatId>,
    pub quality: BTreeMap<SeatId, Quality>,
    /// Halves from which nothing comes any more, until it does again.
    gone: BTreeSet<(SeatId, Half)>,
    /// The layers that are needed of each track that comes in several, where not all are.
    wanted: BTreeMap<relay::TrackId, Vec<String>>,
    /// Seats whose way is too narrow for pictures.
    audio_only: BTreeSet<SeatId>,
    /// Seats whose last offer has no answer: it is made again when their socket is back.
    pub unanswered: BTreeSet<SeatId>,
}

impl RoomMedia {
    #[must_use]
    pub fn new(switch: Arc<dyn Switch>, session: &str) -> Self {
        Self {
            switch,
            room: RoomId(session.to_owned()),
            applied: Allowed::default(),
            open: false,
            speaking: None,
            quality: BTreeMap::new(),
            gone: BTreeSet::new(),
            wanted: BTreeMap::new(),
            audio_only: BTreeSet::new(),
            unanswered: BTreeSet::new(),
        }
    }

    /// What the relay was last told; a room that is not open forwards nothing.
    #[must_use]
    pub const fn applied(&self) -> &Allowed {
        &self.applied
    }

    pub async fn open(&mut self, tap: Arc<dyn Tap>) -> Result<(), MediaError> {
        if self.open {
            return Ok(());
        }
        match self.switch.open_room(&self.room, tap.clone()).await {
            Err(MediaError::RoomExists) => {
                // Left over from a room that ended badly: its connections fed another tap.
                self.switch.close_room(&self.room).await;
                self.switch.open_room(&self.room, tap).await?;
            }
            other => other?,
        }
        self.applied = Allowed::default();
        self.open = true;
        Ok(())
    }

    /// Ends every connection.
    pub async fn close(&mut self) {
        self.switch.close_room(&self.room).await;
        self.applied = Allowed::default();
        self.open = false;
        self.gone.clear();
        self.wanted.clear();
        self.audio_only.clear();
    }

    /// Tells the relay who may hear and see whom. Where it does not confirm in time, everything is closed.
    pub async fn apply(&mut self, allowed: Allowed) {
        if !self.open || allowed == self.applied {
            return;
        }
        let policy = to_policy(&allowed);
        let told = self.switch.set_policy(&self.room, policy);
        match tokio::time::timeout(CONFIRM, told).await {
            Ok(Ok(())) => self.applied = allowed,
            Ok(Err(error)) => {
                tracing::error!(room = self.room.0, %error, "the relay refused a policy; closing");
                self.close().await;
            }
            Err(_) => {
                tracing::error!(
                    room = self.room.0,
                    "the relay did not confirm a policy; closing"
                );
                self.close().await;
            }
        }
    }

    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    pub async fn remove(&mut self, seat: &SeatId) {
        self.gone.retain(|(other, _)| other != seat);
        self.wanted.retain(|track, _| track.seat.0 != seat.0);
        self.audio_only.remove(seat);
        self.switch.remove_seat(&self.room, &to_relay(seat)).await;
    }

    /// A segment begins: its pictures can be played from a keyframe on. `track` is its name, `{seat}-{source}`.
    pub async fn picture_for(&self, track: &str) {
        let named = track.rsplit_once('-').and_then(|(seat, source)| {
            Some(relay::TrackId {
                seat: relay::SeatId(seat.to_owned()),
                source: Source::parse(source)?,
            })
        });
        if let Some(track) = named.filter(|track| self.open && !track.source.is_audio()) {
            self.switch.request_keyframe(&self.room, &track).await;
        }
    }
}

impl Room {
    /// A media frame from the socket that carries its seat's media.
    pub(super) async fn media_frame(&mut self, id: SocketId, frame: MediaFromClient) {
        let Some(socket) = self.sockets.get(id).filter(|socket| !socket.companion) else {
            return;
        };
        let seat = socket.seat.clone();
        let (half, result) = match frame {
            MediaFromClient::UpOffer { sdp, sources } => {
                (frames::Half::Up, self.up_offer(&seat, &sdp, &sources).await)
            }
            MediaFromClient::DownAnswer { generation, sdp } => (
                frames::Half::Down,
                self.down_answer(&seat, generation, &sdp).await,
            ),
            MediaFromClient::Views(shown) => return self.set_views(&seat, shown).await,
            MediaFromClient::Restart {
                half: frames::Half::Down,
                ice: true,
            } => (frames::Half::Down, self.restart_ice(&seat).await),
            MediaFromClient::Restart { half, ice: _ } => {
                let relay_half = match half {
                    frames::Half::Up => Half::Up,
                    frames::Half::Down => Half::Down,
                };
                let (switch, room) = (&self.media.switch, &self.media.room);
                switch.close_half(room, &to_relay(&seat), relay_half).await;
                match half {
                    frames::Half::Up => (half, Ok(())),
                    frames::Half::Down => (half, self.offer_down(&seat).await),
                }
            }
        };
        if let Err(error) = result {
            tracing::info!(room = self.journal.id(), seat = seat.0, %error, "media refused");
            self.media_failed(&seat, half, error_code(&error));
        }
    }

    /// Tells the relay what a screen shows. A place for something that it does not know costs nothing, and a seat that it
    /// does not know says it again when it connects.
    async fn set_views(&self, seat: &SeatId, shown: Vec<ShownPicture>) {
        let view = |shown: ShownPicture| {
            let source = Source::parse(&shown.source).filter(|source| !source.is_audio())?;
            Some(View {
                track: relay::TrackId {
                    seat: to_relay(&shown.seat),
                    source,
                },
                width: shown.width,
                height: shown.height,
                important: shown.important,
            })
        };
        let views = shown.into_iter().filter_map(view).collect();
        let (switch, room) = (&self.media.switch, &self.media.room);
        if let Err(error) = switch.set_views(room, &to_relay(seat), views).await {
            tracing::debug!(room = self.journal.id(), seat = seat.0, %error, "views refused");
        }
    }

    async fn up_offer(
        &self,
        seat: &SeatId,
        sdp: &str,
        sources: &BTreeMap<String, String>,
    ) -> Result<(), MediaError> {
        if sources.len() > MAX_SOURCES {
            return Err(MediaError::TooMany("sources"));
        }
        let sources = sources
            .iter()
            .map(|(mid, name)| Some((mid.clone(), Source::parse(name)?)))
            .collect::<Option<Vec<_>>>()
            .ok_or(MediaError::BadDescription("unknown source"))?;
        let state = &self.journal.state;
        let publishes = self
            .sockets
            .media_of(seat)
            .and_then(|socket| state.participant(&socket.person))
            .is_some_and(|participant| !participant.is_supervisor());
        if !publishes {
            return Err(MediaError::BadDescription("a supervisor only watches"));
        }
        let (switch, room) = (&self.media.switch, &self.media.room);
        let answer = switch
            .answer_up(room, &to_relay(seat), sdp, &sources)
            .await?;
        self.send_media(seat, MediaToClient::UpAnswer { sdp: &answer });
        Ok(())
    }

    async fn down_answer(
        &mut self,
        seat: &SeatId,
        generation: u64,
        sdp: &str,
    ) -> Result<(), MediaError> {
        let (switch, room) = (&self.media.switch, &self.media.room);
        match switch
            .accept_down(room, &to_relay(seat), generation, sdp)
            .await
        {
            // A newer offer is on its way (signalling.md section 3).
            Err(MediaError::StaleAnswer) => Ok(()),
            Ok(()) => {
                self.media.unanswered.remove(seat);
                Ok(())
            }
            other => other,
        }
    }

    /// Offers a seat what it may receive now.
    pub(super) async fn offer_down(&mut self, seat: &SeatId) -> Result<(), MediaError> {
        self.media.unanswered.insert(seat.clone());
        if !self.media.open || self.sockets.media_of(seat).is_none() {
            return Ok(());
        }
        let (switch, room) = (&self.media.switch, &self.media.room);
        let offer = switch.offer_down(room, &to_relay(seat)).await?;
        let tracks: Vec<DownTrack> = offer
            .tracks
            .iter()
            .map(|track| DownTrack {
                mid: track.mid.clone(),
                seat: SeatId(track.track.seat.0.clone()),
                source: track.track.source.as_str().to_owned(),
            })
            .collect();
        let frame = MediaToClient::DownOffer {
            generation: offer.generation,
            sdp: &offer.sdp,
            tracks: &tracks,
        };
        self.send_media(seat, frame);
        Ok(())
    }

    /// What was told to a seat and still holds, for a socket that may have missed it.
    pub(super) fn tell_again(&self, seat: &SeatId) {
        for (track, rids) in &self.media.wanted {
            if track.seat.0 == seat.0 {
                let source = track.source.as_str();
                self.send_media(seat, MediaToClient::Layers { source, rids });
            }
        }
        if self.media.audio_only.contains(seat) {
            self.send_media(seat, MediaToClient::AudioOnly { on: true });
        }
    }

    fn send_media(&self, seat: &SeatId, frame: MediaToClient<'_>) {
        if let Some(socket) = self.sockets.media_of(seat) {
            socket
                .outbox
                .push(frames::text(&ToClient::Media(frame)).into());
        }
    }

    fn media_failed(&self, seat: &SeatId, half: frames::Half, code: &str) {
        let Some(socket) = self.sockets.media_of(seat) else {
            return;
        };
        let text = texts::of(code, socket.lang);
        let frame = MediaToClient::Failed {
            half,
            code,
            title: text.title,
            next: text.next,
        };
        socket
            .outbox
            .push(frames::text(&ToClient::Media(frame)).into());
    }

    /// What the relay noticed.
    pub(super) async fn relay_event(&mut self, event: RelayEvent) {
        match event {
            RelayEvent::DownNeedsOffer { seat, .. } => {
                let seat = SeatId(seat.0);
                if let Err(error) = self.offer_down(&seat).await {
                    tracing::info!(room = self.journal.id(), seat = seat.0, %error, "no offer");
                }
            }
            RelayEvent::TrackEnded { track, .. } => {
                self.media.wanted.remove(&track);
                self.end_track(&track).await;
            }
            RelayEvent::LayersWanted { track, rids, .. } => {
                let (seat, source) = (SeatId(track.seat.0.clone()), track.source.as_str());
                let layers = MediaToClient::Layers {
                    source,
                    rids: &rids,
                };
                self.send_media(&seat, layers);
                self.media.wanted.insert(track, rids);
            }
            RelayEvent::AudioOnly { seat, on, .. } => {
                let seat = SeatId(seat.0);
                self.send_media(&seat, MediaToClient::AudioOnly { on });
                if on {
                    self.media.audio_only.insert(seat);
                } else {
                    self.media.audio_only.remove(&seat);
                }
            }
            RelayEvent::TapOverflow { track, lost, .. } => self.note_overflow(&track, lost).await,
            RelayEvent::Speaking { seat, .. } => {
                self.media.speaking = Some(SeatId(seat.0));
                self.push_presence();
            }
            RelayEvent::Vanished { seat, half, .. }
            | RelayEvent::Disconnected { seat, half, .. } => {
                let seat = SeatId(seat.0);
                self.media.gone.insert((seat.clone(), half));
                self.media.quality.insert(seat, Quality::Lost);
                self.push_presence();
            }
            RelayEvent::Connected { seat, half, .. } => {
                if self.media.gone.remove(&(SeatId(seat.0), half)) {
                    self.measure().await;
                }
            }
            // A new connection sends all its layers.
            RelayEvent::TrackStarted { track, .. } => {
                self.media.wanted.remove(&track);
            }
        }
    }
}

fn to_relay(seat: &SeatId) -> relay::SeatId {
    relay::SeatId(seat.0.clone())
}

fn to_policy(allowed: &Allowed) -> relay::Policy {
    let seats = allowed
        .audience
        .iter()
        .map(|(seat, publishing)| {
            let publishing = relay::Publishing {
                to: publishing.to.iter().map(to_relay).collect(),
                record: publishing.record,
            };
            (to_relay(seat), publishing)
        })
        .collect();
    let ready = allowed.ready.iter().map(to_relay).collect();
    relay::Policy { seats, ready }
}

const fn error_code(error: &MediaError) -> &'static str {
    match error {
        MediaError::BadDescription(_) | MediaError::BadName => "media_description",
        MediaError::TooMany(_) => "limit_reached",
        MediaError::UnknownRoom | MediaError::UnknownSeat => "not_in_this_stage",
        MediaError::RoomExists
        | MediaError::StaleAnswer
        | MediaError::Start(_)
        | MediaError::Crypto(_)
        | MediaError::Stopped => "media_unavailable",
    }
}
