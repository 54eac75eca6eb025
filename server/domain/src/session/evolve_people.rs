//! The fold of who is where.

use crate::event::Event;
use crate::people::PersonId;
use crate::site::Whereabouts;

use super::{
    Admitted, AtDoor, Attendance, Connection, Credential, Identity, IdentityCheck, Media, Notice,
    Place, Presence, Session, Stay,
};

impl Session {
    pub(super) fn evolve_presence(&mut self, event: &Event, at: i64) {
        match event {
            Event::Arrived {
                person,
                seat,
                device,
            } => {
                let place = Place {
                    seat: seat.clone(),
                    device: device.clone(),
                    since: at,
                    connection: Connection::Up,
                    media: Media::default(),
                };
                self.with(person, |attendance| attendance.arrive(place, at));
            }
            Event::NoticeAcknowledged { person, notice } => self.at_door(person, |door| {
                door.notice = Notice::Acknowledged {
                    version: notice.clone(),
                    at,
                };
            }),
            Event::NoticeRefused { person } => {
                self.at_door(person, |door| door.notice = Notice::Refused { at });
            }
            Event::Admitted { person } => self.with(person, |attendance| attendance.admit(at)),
            Event::CredentialShown {
                person,
                number_last_four,
                whereabouts,
            } => {
                let credential = Credential {
                    number_last_four: number_last_four.clone(),
                    at,
                    whereabouts: *whereabouts,
                };
                self.with(person, |attendance| attendance.show(&credential));
            }
            Event::WhereaboutsChanged {
                person,
                whereabouts,
            } => self.with(person, |attendance| attendance.go(*whereabouts)),
            Event::Departed { person, .. } => {
                self.with(person, |attendance| attendance.depart(at));
            }
            Event::ConnectionLost { person } => {
                self.at_place(person, |place| {
                    place.connection = Connection::Lost { since: at };
                    place.media = Media::default();
                });
            }
            Event::ConnectionRestored { person } => {
                self.at_place(person, |place| place.connection = Connection::Up);
            }
            Event::MediaChanged {
                person,
                microphone,
                camera,
                screen,
            } => self.at_place(person, |place| {
                place.media = Media {
                    microphone: *microphone,
                    camera: *camera,
                    screen: *screen,
                };
            }),
            Event::HandRaised { person } => {
                self.admitted(person, |admitted| admitted.hand_raised = Some(at));
            }
            Event::HandLowered { person } => {
                self.admitted(person, |admitted| admitted.hand_raised = None);
            }
            Event::IdentityCheckBegun { .. }
            | Event::IdentityCheckStopped { .. }
            | Event::IdentityChecked { .. } => self.evolve_identity(event, at),
            _ => {}
        }
    }

    fn evolve_identity(&mut self, event: &Event, at: i64) {
        match event {
            Event::IdentityCheckBegun { person, checker } if self.identity_check.is_none() => {
                self.identity_check = Some(IdentityCheck {
                    person: person.clone(),
                    checker: checker.clone(),
                    since: at,
                });
            }
            Event::IdentityCheckStopped { person } => self.end_check(person),
            Event::IdentityChecked {
                person,
                checker,
                method,
                last_four,
                authorisation,
            } => {
                self.end_check(person);
                self.at_door(person, |door| {
                    door.identity = Some(Identity {
                        checker: checker.clone(),
                        method: *method,
                        last_four: last_four.clone(),
                        authorisation: authorisation.clone(),
                        at,
                    });
                });
            }
            _ => {}
        }
    }

    fn end_check(&mut self, person: &PersonId) {
        self.identity_check.take_if(|check| check.person == *person);
    }

    fn with(&mut self, person: &PersonId, change: impl FnOnce(&mut Attendance)) {
        if let Some(attendance) = self.attendance.get_mut(person) {
            change(attendance);
        }
    }

    fn at_place(&mut self, person: &PersonId, change: impl FnOnce(&mut Place)) {
        self.with(person, |attendance| {
            if let Some(place) = attendance.presence.place_mut() {
                change(place);
            }
        });
    }

    fn at_door(&mut self, person: &PersonId, change: impl FnOnce(&mut AtDoor)) {
        self.with(person, |attendance| {
            if let Presence::AtDoor(door) = &mut attendance.presence {
                change(door);
            }
        });
    }

    fn admitted(&mut self, person: &PersonId, change: impl FnOnce(&mut Admitted)) {
        self.with(person, |attendance| {
            if let Presence::Admitted(admitted) = &mut attendance.presence {
                change(admitted);
            }
        });
    }
}

impl Attendance {
    /// The same seat again is the same joining; another seat is a new one, and is checked again (R18).
    fn arrive(&mut self, place: Place, at: i64) {
        let cut_off = self.presence.is_cut_off();
        if let Some(held) = self.presence.place_mut()
            && held.seat == place.seat
        {
            *held = place;
            return;
        }
        self.end_stay(at);
        self.presence = Presence::AtDoor(AtDoor {
            place,
            notice: Notice::Unanswered,
            identity: None,
            after_loss: cut_off,
        });
    }

    fn admit(&mut self, at: i64) {
        let presence = std::mem::take(&mut self.presence);
        self.presence = match presence {
            Presence::AtDoor(AtDoor {
                place,
                notice: Notice::Acknowledged { version, .. },
                identity: Some(identity),
                ..
            }) => {
                self.stays.push(Stay {
                    from: at,
                    until: None,
                    identity: identity.clone(),
                    credential: None,
                });
                Presence::Admitted(Admitted {
                    place,
                    notice: version,
                    identity,
                    since: at,
                    credential: None,
                    hand_raised: None,
                })
            }
            other => other,
        };
    }

    fn show(&mut self, credential: &Credential) {
        if let (Presence::Admitted(admitted), Some(stay)) =
            (&mut self.presence, self.stays.last_mut())
        {
            admitted.credential = Some(credential.clone());
            stay.credential = Some(credential.clone());
        }
    }

    fn go(&mut self, whereabouts: Whereabouts) {
        let Presence::Admitted(admitted) = &mut self.presence else {
            return;
        };
        let stay = self.stays.last_mut();
        let stay = stay.and_then(|stay| stay.credential.as_mut());
        for credential in admitted.credential.iter_mut().chain(stay) {
            credential.whereabouts = whereabouts;
        }
    }

    fn depart(&mut self, at: i64) {
        self.end_stay(at);
        self.presence = Presence::Absent;
    }

    fn end_stay(&mut self, at: i64) {
        if let Some(stay) = self.stays.last_mut() {
            stay.until.get_or_insert(at);
        }
    }
}
