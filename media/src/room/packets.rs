//! The way of a packet: from one seat to the tap and to the others, and back for what they ask.

use std::time::Instant;

use bytes::Bytes;

use crate::api::Half;
use crate::down::TrackKey;
use crate::forward::{Original, Passing};
use crate::gather::Ready;
use crate::inbound::Accepted;
use crate::peer::{Connection, ConnectionRef};
use crate::red;
use crate::room::{Context, Room};
use crate::rtp::{Rewrite, RtpView};
use crate::sdp::MAX_LAYERS;
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
        let Some(track) = up.tracks.get_mut(at) else {
            return;
        };
        let key = TrackKey {
            seat: from,
            source: track.id.source,
        };
        let Some(view) = RtpView::parse(&accepted.packet) else {
            return;
        };
        if seat.record && track.records(&accepted, now.at) {
            self.tap.packet(TapPacket {
                track: track.id.clone(),
                kind: TapKind::Rtp,
                codec: track.codec.clone(),
                ssrc: view.ssrc,
                payload: recorded(&accepted, &view, track.codec.payload_type),
                wall_us: now.wall_us,
                mono_us: now.mono_us,
                recovered: accepted.recovered,
            });
        }
        let missing = track.missing_from_record().filter(|_| seat.record);
        if let Some(layer) = missing.and_then(|layer| track.layers.get_mut(layer)) {
            layer.keyframes.want();
        }
        let (layer, ends_frame) = (accepted.layer, view.marker);
        match track.gather(accepted, ends_frame, now.at) {
            Ready::Now => self.spread(key, layer, now, context),
            Ready::At(until) => {
                let gathering = &mut context.out.gathering;
                gathering.push_back((until, self.key, key));
            }
            Ready::Later => {}
        }
    }

    /// The timer of a track's gathering went off: it counts if it was set for what is gathered now.
    pub fn spread_if_due(
        &mut self,
        key: TrackKey,
        until: Instant,
        now: Now,
        context: &mut Context,
    ) {
        let seat = self.seats.get(&key.seat);
        let track = seat
            .and_then(|seat| seat.up.as_ref())
            .and_then(|up| up.track(key.source));
        for layer in track.map_or_else(Vec::new, |track| track.gathered_until(until)) {
            self.spread(key, layer, now, context);
        }
    }

    /// Queues what was gathered of a track's layer for every subscriber.
    fn spread(&mut self, key: TrackKey, layer: usize, now: Now, context: &mut Context) {
        let Some(track) = self
            .seats
            .get_mut(&key.seat)
            .and_then(|seat| seat.up.as_mut())
            .and_then(|up| up.track_mut(key.source))
        else {
            return;
        };
        let gathered = track.take_gathered(layer);
        let pass = |accepted| Passing::of(accepted, track);
        let packets: Vec<_> = gathered.iter().filter_map(pass).collect();
        if packets.is_empty() {
            return;
        }
        let mut waiting = [false; MAX_LAYERS];
        for (_, other) in self
            .seats
            .iter_mut()
            .filter(|(other, _)| **other != key.seat)
        {
            let down = other.down.as_mut();
            let waits = down.and_then(|down| down.forward(key, &packets, now, &mut context.out));
            if let Some(waits) = waits.and_then(|layer| waiting.get_mut(layer)) {
                *waits = true;
            }
        }
        for layer in (0..MAX_LAYERS).filter(|layer| waiting[*layer]) {
            self.want_keyframe(key, layer, now, context);
        }
        if let Some(up) = self
            .seats
            .get_mut(&key.seat)
            .and_then(|seat| seat.up.as_mut())
        {
            up.ask_for_keyframes(now.at, &mut context.out);
        }
    }

    /// Queues all that was gathered, so that a change of policy splits no frame: what came before it goes by the old one.
    pub(super) fn spread_all(&mut self, now: Now, context: &mut Context) {
        for (key, _) in self.live() {
            for layer in 0..MAX_LAYERS {
                self.spread(key, layer, now, context);
            }
        }
    }

    /// Sends what a connection's pacer lets pass; when to come again, if something is left.
    pub fn release(
        &mut self,
        reference: ConnectionRef,
        now: Now,
        context: &mut Context,
    ) -> Option<Instant> {
        let down = self.seats.get_mut(&reference.seat)?.down.as_mut()?;
        let behind = down.release(now, &mut context.out);
        let due = down.connection.release_due(now.at);
        down.connection.listed = due.is_some();
        if due.is_some() {
            context.out.waiting.push(reference);
        }
        for (key, layer) in behind {
            self.want_keyframe(key, layer, now, context);
        }
        due
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
        for (at, ssrc, payload) in up.receive_rtcp(compound, now) {
            let Some(track) = up.tracks.get(at).filter(|_| seat.record) else {
                continue;
            };
            self.tap.packet(TapPacket {
                track: track.id.clone(),
                kind: TapKind::SenderReport,
                codec: track.codec.clone(),
                ssrc,
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
            let Original { generation, seq } = request.original;
            let Some(kept) = track.kept(generation, seq).cloned() else {
                continue;
            };
            if let Some(down) = self
                .seats
                .get_mut(&from)
                .and_then(|seat| seat.down.as_mut())
            {
                down.resend(request, &kept, &ids, now, &mut context.out);
            }
        }
        for (key, layer) in keyframes {
            self.want_keyframe(key, layer, now, context);
        }
    }

    pub(super) fn want_keyframe(
        &mut self,
        key: TrackKey,
        layer: usize,
        now: Now,
        context: &mut Context,
    ) {
        let Some(up) = self
            .seats
            .get_mut(&key.seat)
            .and_then(|seat| seat.up.as_mut())
        else {
            return;
        };
        let track = up.track_mut(key.source);
        if let Some(layer) = track.and_then(|track| track.layers.get_mut(layer)) {
            layer.keyframes.want();
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
            for (key, layer) in down.waiting() {
                self.want_keyframe(key, layer, now, context);
            }
        }
    }
}

/// The packet as the recording gets it: of sound that carries its past, only what is new.
fn recorded(accepted: &Accepted, view: &RtpView<'_>, payload_type: u8) -> Bytes {
    let new = red::primary(view.payload).filter(|_| accepted.red);
    let Some(new) = new else {
        return accepted.packet.clone();
    };
    let header = Rewrite {
        payload_type,
        seq: view.seq,
        timestamp: view.timestamp,
        ssrc: view.ssrc,
        marker: view.marker,
        extensions: [(0, 0); 2],
        transport: None,
        osn: None,
    };
    let mut packet = Vec::with_capacity(crate::rtp::HEADER + new.len());
    header.write(new, &mut packet);
    packet.into()
}
