//! A server on loopback with demonstration data, and a relay that only notes what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use kanjie_domain::PersonId;
use kanjie_media::{
    DownOffer, DownTrack, Half, MediaError, Policy, RelayEvent, RoomId, SeatId, SeatStats, Source,
    Tap, TrackId, Transport, View,
};
use kanjie_store::NewSignIn;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::{self, AppState};
use crate::auth::cookie::Token;
use crate::config::Config;
use crate::env::SystemEnv;
use crate::rooms::Rooms;
use crate::seed::{self, Seeded};
use crate::services::Services;

/// What the relay was asked, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Opened,
    Closed,
    Policy(Policy),
    Removed(String),
    UpOffer(String, Vec<(String, Source)>),
    DownOffer(String),
    DownAnswer(String, u64),
    HalfClosed(String, Half),
    Views(String, Vec<View>),
}

/// Called at each policy, before it is confirmed.
type Watch = Box<dyn Fn(&Policy) + Send>;

#[derive(Default)]
pub struct Told {
    pub asked: Vec<Asked>,
    pub tap: Option<Arc<dyn Tap>>,
    pub watch: Option<Watch>,
    /// What it measured.
    pub stats: Vec<SeatStats>,
    generation: u64,
}

#[derive(Clone, Default)]
pub struct FakeRelay(pub Arc<Mutex<Told>>);

impl FakeRelay {
    pub fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().asked.clone()
    }

    pub fn policy(&self) -> Policy {
        let asked = self.asked();
        let last = asked.iter().rev().find_map(|asked| match asked {
            Asked::Policy(policy) => Some(policy.clone()),
            Asked::Closed | Asked::Opened => Some(Policy::default()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    pub fn tap(&self) -> Arc<dyn Tap> {
        self.0.lock().unwrap().tap.clone().unwrap()
    }

    fn note(&self, asked: Asked) {
        self.0.lock().unwrap().asked.push(asked);
    }
}

impl Transport for FakeRelay {
    async fn open_room(&self, _: &RoomId, tap: Arc<dyn Tap>) -> Result<(), MediaError> {
        self.0.lock().unwrap().tap = Some(tap);
        self.note(Asked::Opened);
        Ok(())
    }

    async fn close_room(&self, _: &RoomId) {
        self.note(Asked::Closed);
    }

    async fn answer_up(
        &self,
        _: &RoomId,
        seat: &SeatId,
        sdp: &str,
        sources: &[(String, Source)],
    ) -> Result<String, MediaError> {
        if sdp == "bad" {
            return Err(MediaError::BadDescription("bad"));
        }
        self.note(Asked::UpOffer(seat.0.clone(), sources.to_vec()));
        Ok("answer".to_owned())
    }

    async fn offer_down(&self, _: &RoomId, seat: &SeatId) -> Result<DownOffer, MediaError> {
        self.note(Asked::DownOffer(seat.0.clone()));
        let mut told = self.0.lock().unwrap();
        told.generation += 1;
        let track = TrackId {
            seat: SeatId("s1".to_owned()),
            source: Source::Camera,
        };
        Ok(DownOffer {
            generation: told.generation,
            sdp: "offer".to_owned(),
            tracks: vec![DownTrack {
                mid: "0".to_owned(),
                track,
            }],
        })
    }

    async fn accept_down(
        &self,
        _: &RoomId,
        seat: &SeatId,
        generation: u64,
        _: &str,
    ) -> Result<(), MediaError> {
        self.note(Asked::DownAnswer(seat.0.clone(), generation));
        Ok(())
    }

    async fn set_policy(&self, _: &RoomId, policy: Policy) -> Result<(), MediaError> {
        let mut told = self.0.lock().unwrap();
        if let Some(watch) = &told.watch {
            watch(&policy);
        }
        told.asked.push(Asked::Policy(policy));
        Ok(())
    }

    async fn set_views(
        &self,
        _: &RoomId,
        seat: &SeatId,
        views: Vec<View>,
    ) -> Result<(), MediaError> {
        self.note(Asked::Views(seat.0.clone(), views));
        Ok(())
    }

    async fn close_half(&self, _: &RoomId, seat: &SeatId, half: Half) {
        self.note(Asked::HalfClosed(seat.0.clone(), half));
    }

    async fn remove_seat(&self, _: &RoomId, seat: &SeatId) {
        self.note(Asked::Removed(seat.0.clone()));
    }

    async fn request_keyframe(&self, _: &RoomId, _: &TrackId) {}

    async fn stats(&self, _: &RoomId) -> Vec<SeatStats> {
        self.0.lock().unwrap().stats.clone()
    }
}

pub struct House {
    pub dir: Arc<TempDir>,
    pub services: Services,
    pub rooms: Rooms,
    pub relay: FakeRelay,
    pub relay_events: mpsc::Sender<RelayEvent>,
    pub seeded: Arc<Seeded>,
    pub address: String,
    served: JoinHandle<()>,
    /// Cookies by person's key and session.
    cookies: Mutex<BTreeMap<(String, String), String>>,
}

impl House {
    pub async fn open() -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let services = Self::services(&dir).await;
        let seeded = seed::run(&services, "https://localhost").await.unwrap();
        Self::serve(dir, services, Arc::new(seeded)).await
    }

    async fn services(dir: &TempDir) -> Services {
        let mut config = Config {
            data: dir.path().to_owned(),
            ..Config::default()
        };
        config.clock.kept_by = Some("test".to_owned());
        Services::open(config, Arc::new(SystemEnv::new()))
            .await
            .unwrap()
    }

    async fn serve(dir: Arc<TempDir>, services: Services, seeded: Arc<Seeded>) -> Self {
        let relay = FakeRelay::default();
        let rooms = Rooms::new(services.clone(), Arc::new(relay.clone()), Instant::now());
        let (relay_events, events) = mpsc::channel(64);
        tokio::spawn(rooms.clone().dispatch(events));
        rooms.recover().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = app::router(AppState {
            services: services.clone(),
            rooms: rooms.clone(),
        });
        let served = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            dir,
            services,
            rooms,
            relay,
            relay_events,
            seeded,
            address,
            served,
            cookies: Mutex::default(),
        }
    }

    /// The process dies as by kill -9, as far as one process can play it: tasks are dropped where they stand, and another
    /// server opens the same directory.
    pub async fn die_and_return(self) -> Self {
        self.served.abort();
        self.rooms.abandon();
        let services = Self::services(&self.dir).await;
        Self::serve(self.dir, services, self.seeded).await
    }

    pub fn session(&self, name: &str) -> String {
        self.seeded.sessions[name].clone()
    }

    pub fn person(&self, who: &str) -> PersonId {
        self.seeded.people[who].person.clone()
    }

    /// Signs the person in, past the doors that other tests try, and returns the cookie.
    pub async fn cookie(&self, who: &str, session: &str) -> String {
        let key = (who.to_owned(), session.to_owned());
        if let Some(cookie) = self.cookies.lock().unwrap().get(&key) {
            return cookie.clone();
        }
        let token = Token::new(self.services.env.as_ref());
        let by_link = self.seeded.people[who].user.is_none();
        let now = self.services.env.now();
        let new = NewSignIn {
            token_hash: token.digest(),
            person: self.person(who),
            link_session: by_link.then(|| session.to_owned()),
            method: kanjie_store::SignInMethod::Password,
            device: "test".to_owned(),
            created_at: now,
            expires_at: now + 3_600_000_000,
        };
        self.services.store.add_sign_in(&new).await.unwrap();
        let cookie = format!("__Host-kanjie={}", token.text());
        self.cookies.lock().unwrap().insert(key, cookie.clone());
        cookie
    }

    /// From now on the person comes by this token.
    pub fn use_cookie(&self, who: &str, session: &str, token: &Token) {
        let key = (who.to_owned(), session.to_owned());
        let cookie = format!("__Host-kanjie={}", token.text());
        self.cookies.lock().unwrap().insert(key, cookie);
    }

    /// A second factor that holds now.
    pub async fn factor(&self, who: &str, session: &str) -> String {
        let person = self.person(who);
        if let Some(account) = self.services.store.account_of(&person).await.unwrap() {
            let totp = totp_rs::Builder::new()
                .with_secret(totp_rs::Secret::from(account.totp_secret.clone()))
                .build()
                .unwrap();
            let now = u64::try_from(self.services.env.now() / 1_000_000).unwrap();
            return totp.generate(now).to_string();
        }
        let code = "123456";
        let new = kanjie_store::NewCode {
            session: session.to_owned(),
            person: person.clone(),
            purpose: kanjie_store::Purpose::Act,
            code_hash: self.services.codes.digest(session, &person.0, code),
            expires_at: self.services.env.now() + 600_000_000,
            attempts: 5,
        };
        self.services.store.put_code(&new).await.unwrap();
        code.to_owned()
    }
}
