//! The way of a packet: from one seat to the tap and to the others, and back for what they ask.

use bytes::Bytes;

use crate::api::{CodecKind, Half};
use crate::down::TrackKey;
use crate::forward::{Original, Passing};
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
        let mut asked = track.missing_from_record().filter(|_| seat.record);
        // A change of layer happens at keyframes only.
        let begins = accepted.begins_keyframe && track.codec.kind != CodecKind::Opus;
        let clocks = match begins {
            true => track.clocks().collect(),
            false => Vec::new(),
        };
        let passing = Passing {
            accepted: &accepted,
            view,
            ids,
            clocks,
        };
        let mut waiting = [false; MAX_LAYERS];
        for (_, other) in self.seats.iter_mut().filter(|(other, _)| **other != from) {
            let down = other.down.as_mut();
            let waits = down.and_then(|down| down.forward(key, &passing, now, &mut context.out));
            if let Some(waits) = waits.and_then(|layer| waiting.get_mut(layer)) {
                *waits = true;
            }
        }
        if let Some(waits) = asked.take().and_then(|layer| waiting.get_mut(layer)) {
            *waits = true;
        }
        for layer in (0..MAX_LAYERS).filter(|layer| waiting[*layer]) {
            self.want_keyframe(key, layer, now, context);
        }
        if let Some(up) = self.seats.get_mut(&from).and_then(|seat| seat.up.as_mut()) {
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
            let Some(packet): Option<Bytes> = track.kept(generation, seq).cloned() else {
                continue;
            };
            let payload_type = packet.get(1).map(|second| second & 0x7f);
            let red = track.media.red_payload_type.is_some()
                && track.media.red_payload_type == payload_type;
            if let Some(down) = self
                .seats
                .get_mut(&from)
                .and_then(|seat| seat.down.as_mut())
            {
                down.resend(request, &packet, red, &ids, now, &mut context.out);
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
