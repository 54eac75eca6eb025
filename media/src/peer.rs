//! One connection of a seat: ICE path, DTLS, SRTP, and whether anybody is still there.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::api::{Half, Limits};
use crate::dtls::{DtlsServer, Ended, Fingerprint, Identity, is_client_hello};
use crate::forward::Outgoing;
use crate::ice::Credentials;
use crate::pacer::{Class, Pacer};
use crate::relay::is_stream;
use crate::srtp::{Plain, Srtp};
use crate::stream::RateMeter;
use crate::worker::{Now, Output};

/// Paths that a client may try at once.
const MAX_ADDRESSES: usize = 8;
/// DTLS datagrams kept while the answer with the fingerprint is still under way.
const MAX_EARLY: usize = 8;

/// Where a connection stands in the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionRef {
    pub room: u64,
    pub seat: u32,
    pub half: Half,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Connected,
    Vanished,
    Returned,
    Ended,
}

/// One ICE and DTLS association.
#[derive(Debug)]
pub struct Connection {
    pub reference: ConnectionRef,
    pub local: Credentials,
    /// The client's ufrag, once known: a new one is a restart.
    pub remote_ufrag: Option<String>,
    /// Of our descriptions.
    pub session: u64,
    pub version: u64,
    dtls: Option<DtlsServer>,
    early: Vec<Vec<u8>>,
    srtp: Option<Srtp>,
    addresses: Vec<(SocketAddr, Instant)>,
    path: Option<SocketAddr>,
    traffic: Instant,
    consent: Instant,
    vanished: bool,
    pacer: Pacer,
    /// The worker knows that something waits in the pacer.
    pub listed: bool,
    pub sent: Counter,
}

/// What was sent or received.
#[derive(Debug, Default)]
pub struct Counter {
    pub packets: u64,
    pub bytes: u64,
    pub meter: RateMeter,
}

impl Connection {
    pub fn new(reference: ConnectionRef, local: Credentials, session: u64, now: Instant) -> Self {
        Connection {
            reference,
            local,
            remote_ufrag: None,
            session,
            version: 0,
            dtls: None,
            early: Vec::new(),
            srtp: None,
            addresses: Vec::new(),
            path: None,
            traffic: now,
            consent: now,
            vanished: false,
            pacer: Pacer::default(),
            listed: false,
            sent: Counter::default(),
        }
    }

    pub fn connected(&self) -> bool {
        self.srtp.is_some()
    }

    pub fn present(&self) -> bool {
        self.connected() && !self.vanished
    }

    /// By what its media goes.
    pub fn path_kind(&self) -> Option<&'static str> {
        let path = self.path?;
        Some(if is_stream(path) { "tcp" } else { "udp" })
    }

    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        self.dtls.as_ref().map(DtlsServer::peer)
    }

    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.addresses.iter().map(|(address, _)| *address)
    }

    /// Takes the signalled fingerprint. A new one begins a new association on the same ICE credentials.
    pub fn expect_peer(
        &mut self,
        fingerprint: Fingerprint,
        identity: &Identity,
        limits: &Limits,
        now: Now,
        scratch: &mut [u8],
        out: &mut Output,
    ) -> Option<Change> {
        if self.fingerprint() == Some(&fingerprint) {
            return None;
        }
        self.srtp = None;
        self.pacer.clear();
        self.vanished = false;
        self.consent = now.at;
        self.dtls = Some(DtlsServer::new(identity, fingerprint, limits, now.at));
        let mut change = None;
        for datagram in std::mem::take(&mut self.early) {
            change = self
                .drive_dtls(Some(&datagram), now, scratch, out)
                .or(change);
        }
        change
    }

    /// An authenticated binding request came from there. Returns a path that was pushed out by it.
    pub fn checked(
        &mut self,
        from: SocketAddr,
        nominated: bool,
        now: Instant,
    ) -> Option<SocketAddr> {
        (self.traffic, self.consent) = (now, now);
        let mut evicted = None;
        match self
            .addresses
            .iter_mut()
            .find(|(address, _)| *address == from)
        {
            Some((_, seen)) => *seen = now,
            None => {
                if self.addresses.len() >= MAX_ADDRESSES {
                    let path = self.path;
                    let oldest = self
                        .addresses
                        .iter()
                        .enumerate()
                        .filter(|(_, (address, _))| Some(*address) != path);
                    if let Some(at) = oldest.min_by_key(|(_, (_, seen))| *seen).map(|(at, _)| at) {
                        evicted = Some(self.addresses.swap_remove(at).0);
                    }
                }
                self.addresses.push((from, now));
            }
        }
        if nominated || self.path.is_none() {
            self.path = Some(from);
        }
        evicted
    }

    /// That path is no more: the one seen last is taken instead, where there is one.
    pub fn lose(&mut self, address: SocketAddr) {
        self.addresses.retain(|(known, _)| *known != address);
        if self.path == Some(address) {
            let latest = self.addresses.iter().max_by_key(|(_, seen)| *seen);
            self.path = latest.map(|(address, _)| *address);
        }
    }

    /// A DTLS datagram from a checked address.
    pub fn dtls(
        &mut self,
        datagram: &[u8],
        now: Now,
        scratch: &mut [u8],
        out: &mut Output,
    ) -> Option<Change> {
        let renewed =
            self.dtls.as_ref().is_some_and(DtlsServer::connected) && is_client_hello(datagram);
        if self.dtls.is_none() || renewed {
            // The answer that names its certificate comes by another way and may be slower.
            if self.early.len() < MAX_EARLY && datagram.len() <= crate::dtls::MAX_DATAGRAM {
                self.early.push(datagram.to_vec());
            }
            return None;
        }
        self.drive_dtls(Some(datagram), now, scratch, out)
    }

    fn drive_dtls(
        &mut self,
        datagram: Option<&[u8]>,
        now: Now,
        scratch: &mut [u8],
        out: &mut Output,
    ) -> Option<Change> {
        let dtls = self.dtls.as_mut()?;
        let mut replies = Vec::new();
        let result = dtls.handle(now.at, datagram, scratch, &mut replies);
        if let Some(path) = self.path {
            replies.iter().for_each(|reply| out.send(path, reply));
        }
        match result {
            Ok(Some(srtp)) => {
                self.srtp = Some(srtp);
                self.traffic = now.at;
                Some(Change::Connected)
            }
            Ok(None) => None,
            Err(ended) => {
                if ended != Ended::Closed {
                    tracing::warn!(?ended, half = ?self.reference.half, "a DTLS association ended");
                }
                Some(Change::Ended)
            }
        }
    }

    /// Timers: handshake, silence, consent.
    pub fn tick(
        &mut self,
        limits: &Limits,
        now: Now,
        scratch: &mut [u8],
        out: &mut Output,
    ) -> Option<Change> {
        if now.at.saturating_duration_since(self.consent) > Duration::from_secs(limits.consent_s) {
            return Some(Change::Ended);
        }
        let due = self
            .dtls
            .as_ref()
            .and_then(|dtls| dtls.timeout)
            .is_some_and(|timeout| timeout <= now.at);
        if due && let Some(change) = self.drive_dtls(None, now, scratch, out) {
            return Some(change);
        }
        let silent =
            now.at.saturating_duration_since(self.traffic) > Duration::from_secs(limits.vanish_s);
        if self.connected() && silent != self.vanished {
            self.vanished = silent;
            return Some(if silent {
                Change::Vanished
            } else {
                Change::Returned
            });
        }
        None
    }

    /// Decrypts an RTP packet in place.
    pub fn open_rtp(&mut self, packet: &mut Vec<u8>, now: Instant) -> bool {
        let opened = self
            .srtp
            .as_mut()
            .is_some_and(|srtp| srtp.open_rtp(packet).is_ok());
        if opened {
            self.traffic = now;
        }
        opened
    }

    /// Decrypts an RTCP compound in place.
    pub fn open_rtcp(&mut self, packet: &mut Vec<u8>, now: Instant) -> bool {
        let opened = self
            .srtp
            .as_mut()
            .is_some_and(|srtp| srtp.open_rtcp(packet).is_ok());
        if opened {
            self.traffic = now;
        }
        opened
    }

    /// Hands a packet to the pacer; `false` before the connection is up. [`Connection::release`] sends it.
    pub fn send_rtp(
        &mut self,
        class: Class,
        packet: Outgoing,
        now: Instant,
        out: &mut Output,
    ) -> bool {
        if self.path.is_none() || self.srtp.is_none() {
            return false;
        }
        self.pacer.push(class, packet, now);
        if !std::mem::replace(&mut self.listed, true) {
            out.waiting.push(self.reference);
        }
        true
    }

    /// Encrypts and sends what the pacer lets pass. `leaves` writes into a packet what is known only now, or holds it back.
    /// Returns the SSRCs whose pictures were given up.
    pub fn release(
        &mut self,
        now: Instant,
        out: &mut Output,
        mut leaves: impl FnMut(&mut Outgoing) -> bool,
    ) -> Vec<u32> {
        let dropped = self.pacer.take_dropped(now);
        while let Some(mut packet) = self.pacer.pop(now) {
            if self.connected()
                && leaves(&mut packet)
                && let Some(length) = self.seal(&packet, now, out)
            {
                self.pacer.sent(length);
            }
        }
        dropped
    }

    /// Encrypts and sends a packet of mere padding, beside what waits: it is to find out what more would pass.
    pub fn send_padding(&mut self, packet: &Outgoing, now: Instant, out: &mut Output) {
        self.seal(packet, now, out);
    }

    /// Writes the sealed packet to where it leaves from: the one place where media is encrypted.
    fn seal(&mut self, packet: &Outgoing, now: Instant, out: &mut Output) -> Option<usize> {
        let (path, srtp) = (self.path?, self.srtp.as_mut()?);
        let header = packet
            .header
            .header(packet.padding > 0 || packet.only_padding);
        let osn = packet.header.osn.map(u16::to_be_bytes);
        let plain = Plain {
            header: header.as_slice(),
            osn: osn.as_ref().map_or(&[], |osn| osn),
            payload: packet.packet.get(packet.payload.clone())?,
            patch: packet.patch,
            padding: packet.padding,
        };
        let length = srtp.sealed_len(&plain);
        let written = out
            .datagrams
            .write(path, length, |place| srtp.seal_rtp(&plain, place).ok());
        if !written {
            return None;
        }
        self.sent.packets += 1;
        self.sent.bytes += length as u64;
        self.sent.meter.add(length, now);
        Some(length)
    }

    /// When the pacer lets the next packet pass; `None` if none waits.
    pub fn release_due(&self, now: Instant) -> Option<Instant> {
        self.pacer.due(now)
    }

    /// How many bits a second may leave, sound apart; `None`, the beginning, lets everything pass.
    pub fn set_rate(&mut self, bps: Option<u64>) {
        self.pacer.set_rate(bps);
    }

    /// Takes back what waits of an SSRC; returns the highest number of it that was sent.
    pub fn take_back(&mut self, ssrc: u32) -> Option<u16> {
        self.pacer.purge(ssrc);
        self.srtp.as_ref()?.highest_sealed(ssrc)
    }

    /// Encrypts and sends an RTCP compound.
    pub fn send_rtcp(&mut self, mut compound: Vec<u8>, out: &mut Output) {
        let (Some(path), Some(srtp)) = (self.path, self.srtp.as_mut()) else {
            return;
        };
        if srtp.seal_rtcp(&mut compound).is_ok() {
            out.send(path, &compound);
        }
    }

    /// Forgets the send state of an SSRC, and what waits of it: numbered afresh it would be encrypted twice.
    pub fn forget(&mut self, ssrc: u32) {
        self.pacer.purge(ssrc);
        if let Some(srtp) = self.srtp.as_mut() {
            srtp.forget_outbound(ssrc);
        }
    }

    /// Says goodbye.
    pub fn close(&mut self, scratch: &mut [u8], out: &mut Output) {
        let mut goodbye = Vec::new();
        if let Some(dtls) = self.dtls.as_mut() {
            dtls.close(scratch, &mut goodbye);
        }
        if let Some(path) = self.path {
            goodbye.iter().for_each(|datagram| out.send(path, datagram));
        }
    }
}
