//! The way of a packet: from one seat to the tap and to the others, and back for what they ask.

use bytes::Bytes;

use crate::api::Half;
use crate::down::TrackKey;
use crate::peer::{Connection, ConnectionRef};
use crate::room::{Context, Room};
use crate::rtp::RtpView;
use crate::tap::{TapKind, TapPacket};
use crate::worker::Now;

impl Room {
    pub fn connection_mut(&mut self, reference: ConnectionRef) -> Option<&mut Connection> {
        let seat = self.seats.get_mut(&reference.seat)?;
        match reference.half {
            Half::Up => seat.up.as_mut().map(|up| &mut up.connection),
            Half::Down => seat.down.as_mut().map(|down| &mut down.connection),
        }
    }

    pub fn dtls(
        &mut self,
        reference: ConnectionRef,
        datagram: &[u8],
        now: Now,
        context: &mut Context,
    ) {
        let Some(connection) = self.connection_mut(reference) else {
            return;
        };
        if let Some(change) = connection.dtls(datagram, now, &mut context.scratch, &mut context.out)
        {
            self.changed(reference, change, now, context);
            // Who receives changes nothing for others.
            if reference.half == Half::Up {
                self.refresh(context);
            }
        }
    }

    pub fn rtp(
        &mut self,
        reference: ConnectionRef,
        mut packet: Vec<u8>,
        now: Now,
        context: &mut Context,
    ) {
        let from = reference.seat;
        let Some(seat) = self.seats.get_mut(&from) else {
            return;
        };
        // Clients have nothing to send on their down half.
        let Some(up) = seat.up.as_mut().filter(|_| reference.half == Half::Up) else {
            return;
        };
        if !up.connection.open_rtp(&mut packet, now.at) {
            return;
        }
        let Some((at, accepted)) = up.receive(packet, &context.limits, now) else {
            return;
        };
        let Some(track) = up.tracks.get(at) else {
            return;
        };
        let (key, ids) = (
            TrackKey {
                seat: from,
                source: track.id.source,
            },
            track.media.extensions,
        );
        let Some(view) = RtpView::parse(&accepted.packet) else {
            return;
        };
        if seat.record {
            self.tap.packet(TapPacket {
                track: track.id.clone(),
                kind: TapKind::Rtp,
                codec: track.codec.clone(),
                ssrc: view.ssrc,
                payload: accepted.packet.clone(),
                wall_us: now.wall_us,
                mono_us: now.mono_us,
                recovered: accepted.recovered,
            });
        }
        let mut waiting = false;
        for (_, other) in self.seats.iter_mut().filter(|(other, _)| **other != from) {
            if let Some(down) = other.down.as_mut() {
                waiting |= down.forward(key, &accepted, &view, &ids, now, &mut context.out);
            }
        }
        if waiting {
            self.want_keyframe(key, now, context);
        } else if let Some(up) = self.seats.get_mut(&from).and_then(|seat| seat.up.as_mut()) {
            up.ask_for_keyframes(now.at, &mut context.out);
        }
    }

    pub fn rtcp(
        &mut self,
        reference: ConnectionRef,
        mut packet: Vec<u8>,
        now: Now,
        context: &mut Context,
    ) {
        let Some(connection) = self.connection_mut(reference) else {
            return;
        };
        if !connection.open_rtcp(&mut packet, now.at) {
            return;
        }
        match reference.half {
            Half::Up => self.up_rtcp(reference.seat, &packet, now),
            Half::Down => self.down_rtcp(reference.seat, &packet, now, context),
        }
    }

    fn up_rtcp(&mut self, from: u32, compound: &[u8], now: Now) {
        let Some(seat) = self.seats.get_mut(&from) else {
            return;
        };
        let Some(up) = seat.up.as_mut() else { return };
        for (at, payload) in up.receive_rtcp(compound, now) {
            let Some(track) = up.tracks.get(at).filter(|_| seat.record) else {
                continue;
            };
            self.tap.packet(TapPacket {
                track: track.id.clone(),
                kind: TapKind::SenderReport,
                codec: track.codec.clone(),
                ssrc: track.stream.as_ref().map_or(0, |stream| stream.ssrc),
                payload,
                wall_us: now.wall_us,
                mono_us: now.mono_us,
                recovered: false,
            });
        }
    }

    fn down_rtcp(&mut self, from: u32, compound: &[u8], now: Now, context: &mut Context) {
        let Some(down) = self
            .seats
            .get_mut(&from)
            .and_then(|seat| seat.down.as_mut())
        else {
            return;
        };
        let (requests, keyframes) = down.receive_rtcp(compound, now);
        for request in requests {
            let publisher = self
                .seats
                .get(&request.key.seat)
                .and_then(|seat| seat.up.as_ref());
            let Some(track) = publisher.and_then(|up| up.track(request.key.source)) else {
                continue;
            };
            let ids = track.media.extensions;
            let Some(packet): Option<Bytes> = track.kept(request.generation, request.seq).cloned()
            else {
                continue;
            };
            if let Some(down) = self
                .seats
                .get_mut(&from)
                .and_then(|seat| seat.down.as_mut())
            {
                down.resend(request, &packet, &ids, now, &mut context.out);
            }
        }
        for key in keyframes {
            self.want_keyframe(key, now, context);
        }
    }

    pub(super) fn want_keyframe(&mut self, key: TrackKey, now: Now, context: &mut Context) {
        let Some(up) = self
            .seats
            .get_mut(&key.seat)
            .and_then(|seat| seat.up.as_mut())
        else {
            return;
        };
        if let Some(track) = up.track_mut(key.source) {
            track.keyframes.want();
        }
        up.ask_for_keyframes(now.at, &mut context.out);
    }

    /// A subscriber that could begin gets its pictures at once.
    pub(super) fn ask_for_pictures(&mut self, subscriber: u32, now: Now, context: &mut Context) {
        let Some(down) = self
            .seats
            .get(&subscriber)
            .and_then(|seat| seat.down.as_ref())
        else {
            return;
        };
        if down.connection.connected() {
            for key in down.waiting() {
                self.want_keyframe(key, now, context);
            }
        }
    }
}
