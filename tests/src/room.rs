//! A session with everybody in it, brought to a stage by the commands that people would give.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::socket::event_of;
use crate::{Api, Socket, TestServer};

/// Who takes part in the seeded sessions, by key.
pub const CAST: [&str; 6] = [
    "chair",
    "surveyor_1",
    "surveyor_2",
    "expert",
    "applicant",
    "supervisor",
];

/// The cast in one session, each with client and socket.
#[derive(Debug)]
pub struct Room {
    pub session: String,
    pub apis: BTreeMap<&'static str, Api>,
    pub sockets: BTreeMap<&'static str, Socket>,
    persons: BTreeMap<&'static str, String>,
}

impl Room {
    /// Everybody signs in or follows the link, and the chair opens the lobby; all others are at the door.
    ///
    /// # Panics
    /// If anybody is refused.
    pub async fn at_the_door(server: &TestServer, name: &str) -> Self {
        let session = server.seed.session(name).to_owned();
        let mut room = Self {
            session: session.clone(),
            apis: BTreeMap::new(),
            sockets: BTreeMap::new(),
            persons: BTreeMap::new(),
        };
        for key in CAST {
            let person = server.seed.person(key);
            room.persons.insert(key, person.person.clone());
            let api = Api::enter(server, person, name).await;
            let mut socket = api.socket(&session, 0).await;
            if key == "chair" {
                socket.command(json!({"type": "open_lobby"}), None).await;
            }
            room.apis.insert(key, api);
            room.sockets.insert(key, socket);
        }
        room
    }

    /// Notice, identity, admission and credentials, then the chair starts.
    ///
    /// # Panics
    /// If anything on the way is refused.
    pub async fn live(server: &TestServer, name: &str) -> Self {
        let mut room = Self::at_the_door(server, name).await;
        let notice = room.notice_version();
        for key in CAST {
            room.command(key, json!({"type": "acknowledge_notice", "notice": notice}))
                .await;
        }
        let chair = room.person("chair").to_owned();
        let factor = server.seed.person("chair").totp();
        let own = json!({"type": "confirm_identity", "person": chair, "method": "second_factor", "last_four": "0001"});
        room.socket("chair").command(own, Some(&factor)).await;
        for key in &CAST[1..] {
            room.admit(key).await;
        }
        for key in ["chair", "surveyor_1", "surveyor_2"] {
            room.command(
                key,
                json!({"type": "show_credential", "number_last_four": "1024"}),
            )
            .await;
        }
        room.command("chair", json!({"type": "start"})).await;
        room
    }

    async fn admit(&mut self, key: &str) {
        let person = self.person(key).to_owned();
        let method = if matches!(key, "expert" | "applicant") {
            "id_card"
        } else {
            "staff_credential"
        };
        for command in [
            json!({"type": "begin_identity_check", "person": person}),
            json!({"type": "confirm_identity", "person": person, "method": method, "last_four": "1024"}),
            json!({"type": "admit", "person": person}),
        ] {
            self.command("chair", command).await;
        }
    }

    /// # Panics
    /// If that key is not of the cast.
    #[must_use]
    pub fn person(&self, key: &str) -> &str {
        &self.persons[key]
    }

    /// # Panics
    /// If that person has no socket.
    pub fn socket(&mut self, key: &str) -> &mut Socket {
        self.sockets
            .get_mut(key)
            .unwrap_or_else(|| panic!("{key} has no socket"))
    }

    /// A command of that person that must be accepted.
    pub async fn command(&mut self, key: &str, command: Value) -> Value {
        self.socket(key).command(command, None).await
    }

    fn notice_version(&self) -> String {
        let scheduled =
            event_of(&self.sockets["chair"].entries[0]).expect("entry 1 is for all to see");
        scheduled["template"]["settings"]["notice_version"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
