//! DTLS 1.2 as server (RFC 6347, RFC 5764): one handshake a connection, over `dimpl`.
//!
//! Fails closed: keys are handed out only after the client's certificate was seen to have the signalled fingerprint.
//! Bounds what a client may send, because everything before that is a stranger's. No application data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};

use crate::api::{Limits, MediaError};
use crate::srtp::{Profile, Srtp};

/// `dimpl` panics when the peer's certificate does not fit the buffer; no certificate is longer than this.
pub const SCRATCH: usize = 64 * 1024;
/// Longer datagrams are not DTLS over any path that we use.
pub const MAX_DATAGRAM: usize = 1500;

/// SHA-256 of a certificate (RFC 8122).
pub type Fingerprint = [u8; 32];

/// What all connections of a worker share.
#[derive(Clone)]
pub struct Identity {
    config: Arc<Config>,
    certificate: DtlsCertificate,
    pub fingerprint: Fingerprint,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Identity {
    /// A fresh self-made certificate; clients check it by the fingerprint in our descriptions.
    pub fn generate() -> Result<Self, MediaError> {
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|_| MediaError::Crypto("no certificate could be made"))?;
        let config = Config::builder()
            .use_server_cookie(false)
            .flight_start_rto(Duration::from_millis(100))
            .flight_retries(8)
            .handshake_timeout(Duration::from_secs(30))
            .build()
            .map_err(|_| MediaError::Crypto("DTLS could not be configured"))?;
        let fingerprint = sha256(&certificate.certificate);
        Ok(Identity {
            config: Arc::new(config),
            certificate,
            fingerprint,
        })
    }
}

/// Why a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Closed,
    Failed,
    WrongCertificate,
    TooMuch,
}

/// One connection's DTLS.
pub struct DtlsServer {
    dtls: Dtls,
    peer: Fingerprint,
    verified: bool,
    connected: bool,
    bytes_left: usize,
    datagrams_left: usize,
    pub timeout: Option<Instant>,
}

impl std::fmt::Debug for DtlsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DtlsServer")
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}

impl DtlsServer {
    /// Waits for a ClientHello from the peer whose certificate has that fingerprint.
    pub fn new(identity: &Identity, peer: Fingerprint, limits: &Limits, now: Instant) -> Self {
        DtlsServer {
            dtls: Dtls::new_12(identity.config.clone(), identity.certificate.clone(), now),
            peer,
            verified: false,
            connected: false,
            bytes_left: limits.handshake_bytes,
            datagrams_left: limits.handshake_datagrams,
            timeout: None,
        }
    }

    /// The fingerprint that the peer must have.
    pub fn peer(&self) -> &Fingerprint {
        &self.peer
    }

    /// Whether the handshake is done.
    pub fn connected(&self) -> bool {
        self.connected
    }

    /// Takes a datagram (or none, for the timer); pushes what is to be sent to `out`; hands out keys once.
    pub fn handle(
        &mut self,
        now: Instant,
        datagram: Option<&[u8]>,
        scratch: &mut [u8],
        out: &mut Vec<Vec<u8>>,
    ) -> Result<Option<Srtp>, Ended> {
        self.dtls.handle_timeout(now).map_err(|_| Ended::Failed)?;
        if let Some(datagram) = datagram {
            if datagram.len() > MAX_DATAGRAM {
                return Ok(None);
            }
            let (datagrams, bytes) = (
                self.datagrams_left.checked_sub(1),
                self.bytes_left.checked_sub(datagram.len()),
            );
            let (Some(datagrams), Some(bytes)) = (datagrams, bytes) else {
                // Once connected, a flood from a forged source address must not end the call.
                return if self.connected {
                    Ok(None)
                } else {
                    Err(Ended::TooMuch)
                };
            };
            (self.datagrams_left, self.bytes_left) = (datagrams, bytes);
            self.dtls
                .handle_packet(datagram)
                .map_err(|_| Ended::Failed)?;
        }
        let mut keys = None;
        loop {
            match self.dtls.poll_output(scratch) {
                Output::Packet(packet) => out.push(packet.to_vec()),
                Output::Timeout(at) => {
                    self.timeout = Some(at);
                    return Ok(keys);
                }
                Output::PeerCert(certificate) => {
                    if sha256(certificate) != self.peer {
                        return Err(Ended::WrongCertificate);
                    }
                    self.verified = true;
                }
                Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        SrtpProfile::AES128_CM_SHA1_80 => Profile::Aes128CmSha1_80,
                        SrtpProfile::AEAD_AES_128_GCM => Profile::Aes128Gcm,
                        SrtpProfile::AEAD_AES_256_GCM => Profile::Aes256Gcm,
                        _ => return Err(Ended::Failed),
                    };
                    if !self.verified {
                        return Err(Ended::WrongCertificate);
                    }
                    keys = Some(Srtp::new(profile, &material, false).ok_or(Ended::Failed)?);
                }
                Output::Connected => self.connected = true,
                Output::CloseNotify => return Err(Ended::Closed),
                Output::BufferTooSmall { .. } => return Err(Ended::Failed),
                // Application data has no meaning here, and what a later version emits neither.
                _ => {}
            }
        }
    }

    /// Says goodbye, if there is somebody to say it to.
    pub fn close(&mut self, scratch: &mut [u8], out: &mut Vec<Vec<u8>>) {
        if !self.connected || self.dtls.close().is_err() {
            return;
        }
        while let Output::Packet(packet) = self.dtls.poll_output(scratch) {
            out.push(packet.to_vec());
        }
    }
}

/// Whether a datagram begins a new handshake: a ClientHello in epoch 0 (RFC 6347 section 4.1).
pub fn is_client_hello(datagram: &[u8]) -> bool {
    datagram.first() == Some(&22)
        && datagram.get(3..5) == Some(&[0, 0])
        && datagram.get(13) == Some(&1)
}

fn sha256(bytes: &[u8]) -> Fingerprint {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    struct Client {
        dtls: Dtls,
        fingerprint: Fingerprint,
    }

    fn client(now: Instant) -> Client {
        let certificate = dimpl::certificate::generate_self_signed_certificate().unwrap();
        let fingerprint = sha256(&certificate.certificate);
        let mut dtls = Dtls::new_12(
            Arc::new(Config::builder().build().unwrap()),
            certificate,
            now,
        );
        dtls.set_active(true);
        Client { dtls, fingerprint }
    }

    impl Client {
        fn drive(&mut self, now: Instant, datagrams: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
            self.dtls.handle_timeout(now).unwrap();
            datagrams
                .iter()
                .for_each(|datagram| self.dtls.handle_packet(datagram).unwrap());
            let (mut scratch, mut out) = (vec![0; SCRATCH], Vec::new());
            loop {
                match self.dtls.poll_output(&mut scratch) {
                    Output::Packet(packet) => out.push(packet.to_vec()),
                    Output::Timeout(_) => return out,
                    _ => {}
                }
            }
        }
    }

    /// Runs the handshake: whether keys came, or how it ended.
    fn handshake(
        server: &mut DtlsServer,
        client: &mut Client,
        now: Instant,
    ) -> Result<bool, Ended> {
        let (mut scratch, mut to_client) = (vec![0; SCRATCH], Vec::new());
        for _ in 0..10 {
            let mut replies = Vec::new();
            for datagram in client.drive(now, std::mem::take(&mut to_client)) {
                if server
                    .handle(now, Some(&datagram), &mut scratch, &mut replies)?
                    .is_some()
                {
                    return Ok(true);
                }
            }
            to_client = replies;
        }
        Ok(false)
    }

    #[test]
    fn only_the_signalled_certificate_gets_keys() {
        let (now, identity) = (Instant::now(), Identity::generate().unwrap());
        let mut honest = client(now);
        let mut server = DtlsServer::new(&identity, honest.fingerprint, &Limits::default(), now);
        assert_eq!(handshake(&mut server, &mut honest, now), Ok(true));

        let (mut other, expected) = (client(now), client(now).fingerprint);
        let mut server = DtlsServer::new(&identity, expected, &Limits::default(), now);
        assert_eq!(
            handshake(&mut server, &mut other, now),
            Err(Ended::WrongCertificate)
        );
    }

    #[test]
    fn endless_handshakes_end() {
        let (now, identity) = (Instant::now(), Identity::generate().unwrap());
        let mut server = DtlsServer::new(&identity, [0; 32], &Limits::default(), now);
        let hello = client(now).drive(now, Vec::new()).remove(0);
        // The first byte of its message alone, again and again (RFC 6347 section 4.2.3).
        let mut fragment = hello[..26].to_vec();
        fragment[11..13].copy_from_slice(&13u16.to_be_bytes());
        fragment[22..25].copy_from_slice(&[0, 0, 1]);
        let (mut scratch, mut out, mut taken) = (vec![0; SCRATCH], Vec::new(), 0);
        while server
            .handle(now, Some(&fragment), &mut scratch, &mut out)
            .is_ok()
        {
            taken += 1;
            assert!(taken <= Limits::default().handshake_datagrams);
        }
    }
}
