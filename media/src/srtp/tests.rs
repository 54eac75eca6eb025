#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! `rtc-srtp` is the oracle: another implementation than ours.

use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::*;
use crate::rtp::Rewrite;

const PROFILES: [(Profile, ProtectionProfile); 3] = [
    (
        Profile::Aes128CmSha1_80,
        ProtectionProfile::Aes128CmHmacSha1_80,
    ),
    (Profile::Aes128Gcm, ProtectionProfile::AeadAes128Gcm),
    (Profile::Aes256Gcm, ProtectionProfile::AeadAes256Gcm),
];

fn material(profile: Profile) -> Vec<u8> {
    let length = match profile {
        Profile::Aes128CmSha1_80 => 60,
        Profile::Aes128Gcm => 56,
        Profile::Aes256Gcm => 88,
    };
    (0..length).map(|byte| byte as u8 ^ 0x5a).collect()
}

fn oracle(profile: (Profile, ProtectionProfile), server: bool) -> Context {
    let material = material(profile.0);
    let (key, salt) = profile.0.split(&material).unwrap()[usize::from(server)];
    let provider = rtc_srtp::crypto::default_provider().unwrap();
    Context::new(key, salt, profile.1, None, None, provider.crypto()).unwrap()
}

fn packet(seq: u16, ssrc: u32) -> Vec<u8> {
    let mut out = Vec::new();
    Rewrite {
        payload_type: 96,
        seq,
        timestamp: 3000,
        ssrc,
        marker: false,
        extensions: [(1, 2), (0, 0)],
        transport: None,
        osn: None,
    }
    .write(&[7; 100], &mut out);
    out
}

const RTCP: [u8; 12] = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];

#[test]
fn our_bytes_are_the_oracles() {
    for profile in PROFILES {
        let mut ours = Srtp::new(profile.0, &material(profile.0), false).unwrap();
        let mut theirs = oracle(profile, true);
        for seq in [40_000, 65_535, 0, 1] {
            let plain = packet(seq, 5);
            let mut sealed = plain.clone();
            ours.seal_whole_rtp(&mut sealed).unwrap();
            assert_eq!(
                sealed,
                theirs.encrypt_rtp(&plain).unwrap(),
                "{profile:?} {seq}"
            );
        }
        let mut sealed = RTCP.to_vec();
        ours.seal_rtcp(&mut sealed).unwrap();
        assert_eq!(
            &oracle(profile, true).decrypt_rtcp(&sealed).unwrap()[..],
            RTCP
        );
    }
}

/// Parts that are encrypted into place make the same packet as the whole does.
#[test]
fn a_packet_from_its_parts_is_the_oracles_too() {
    for profile in PROFILES {
        let mut ours = Srtp::new(profile.0, &material(profile.0), false).unwrap();
        let mut theirs = oracle(profile, true);
        let parts: [(&[u8], u8); 4] = [(&[], 0), (&[], 1), (&[], MAX_PADDING), (&[1, 2], 3)];
        for (seq, (osn, padding)) in parts.into_iter().enumerate() {
            let whole = packet(seq as u16, 5);
            let mut header = whole[..20].to_vec();
            header[0] |= if padding > 0 { 0x20 } else { 0 };
            let plain = Plain {
                header: &header,
                osn,
                payload: &whole[20..],
                padding,
                patch: Default::default(),
            };
            let mut sealed = vec![0; ours.sealed_len(&plain)];
            ours.seal_rtp(&plain, &mut sealed).unwrap();
            let mut expected = [&header, osn, &whole[20..]].concat();
            if padding > 0 {
                expected.resize(expected.len() + usize::from(padding) - 1, 0);
                expected.push(padding);
            }
            assert_eq!(
                sealed,
                theirs.encrypt_rtp(&expected).unwrap(),
                "{profile:?} {seq}"
            );
        }
    }
}

#[test]
fn the_oracles_packets_open_once() {
    for profile in PROFILES {
        let mut ours = Srtp::new(profile.0, &material(profile.0), false).unwrap();
        let mut theirs = oracle(profile, false);
        for seq in [65_534, 65_535, 0, 1] {
            let plain = packet(seq, 5);
            let sealed = theirs.encrypt_rtp(&plain).unwrap().to_vec();
            let mut opened = sealed.clone();
            ours.open_rtp(&mut opened).unwrap();
            assert_eq!(opened, plain);
            assert_eq!(ours.open_rtp(&mut sealed.clone()), Err(SrtpError::Replayed));
        }
        let sealed = theirs.encrypt_rtcp(&RTCP).unwrap().to_vec();
        let mut opened = sealed.clone();
        ours.open_rtcp(&mut opened).unwrap();
        assert_eq!(opened, RTCP);
        assert_eq!(
            ours.open_rtcp(&mut sealed.clone()),
            Err(SrtpError::Replayed)
        );
    }
}

#[test]
fn every_flipped_bit_is_found_and_leaves_no_state() {
    for profile in PROFILES {
        let mut ours = Srtp::new(profile.0, &material(profile.0), false).unwrap();
        let sealed = oracle(profile, false)
            .encrypt_rtp(&packet(9, 5))
            .unwrap()
            .to_vec();
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(ours.open_rtp(&mut forged).is_err());
        }
        assert!(ours.rtp_in.is_empty());
        assert!(ours.open_rtp(&mut sealed.clone()).is_ok());
    }
}

#[test]
fn rfc_3711_b3_key_derivation() {
    let key = [
        0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
        0x39,
    ];
    let salt = [
        0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6,
    ];
    let derived = cipher::session_key_for_test(&key, &salt, 0, 16);
    let expected = [
        0xc6, 0x1e, 0x7a, 0x93, 0x74, 0x4f, 0x39, 0xee, 0x10, 0x73, 0x4a, 0xfe, 0x3f, 0xf7, 0xa0,
        0x87,
    ];
    assert_eq!(derived, expected);
    let derived = cipher::session_key_for_test(&key, &salt, 2, 14);
    assert_eq!(
        derived,
        [
            0x30, 0xcb, 0xbc, 0x08, 0x86, 0x3d, 0x8c, 0x85, 0xd4, 0x9d, 0xb3, 0x4a, 0x9a, 0xe1
        ]
    );
}
