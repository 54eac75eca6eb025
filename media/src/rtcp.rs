//! RTCP: what peers tell us, and what we tell them (RFC 3550, 4585, 5104), over `rtc-rtcp`.

use rtc_rtcp::packet::{Packet, unmarshal};
use rtc_rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc_rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use rtc_rtcp::transport_feedbacks::transport_layer_nack::{NackPair, TransportLayerNack};
use rtc_shared::marshal::{Marshal, Unmarshal};

use crate::rtp::be16;
use crate::twcc;

/// Requests for one packet in a NACK are at most this many.
const MAX_NACKED: usize = 512;

/// What a compound says, in the terms of the relay.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A sender's clock: which NTP time is which RTP time. `packet` is the report alone.
    SenderClock {
        ssrc: u32,
        ntp: u64,
        rtp: u32,
        packet: Vec<u8>,
    },
    /// How a stream that we send arrives.
    Reception(ReceptionReport),
    /// Packets that the peer lacks.
    Lacks { ssrc: u32, seqs: Vec<u16> },
    /// The peer needs a keyframe.
    WantsKeyframe { ssrc: u32 },
    /// When what we sent arrived.
    Transport(twcc::Report),
}

/// Reads a compound; what is malformed or of no interest is left out.
pub fn read(compound: &[u8]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut rest = compound;
    // Each packet is read by itself, so that one that the library does not take does not hide the others.
    while let Some(words) = be16(rest, 2) {
        let length = 4 + 4 * usize::from(words);
        let Some((packet, after)) = rest.split_at_checked(length) else {
            break;
        };
        rest = after;
        if packet[0] >> 6 != 2 {
            break;
        }
        if let Some(report) = twcc::Report::parse(packet) {
            told.push(Told::Transport(report));
            continue;
        }
        let Ok(parsed) = unmarshal(&mut &packet[..]) else {
            continue;
        };
        for parsed in &parsed {
            interpret(parsed.as_ref(), packet, &mut told);
        }
    }
    told
}

fn interpret(parsed: &dyn Packet, packet: &[u8], told: &mut Vec<Told>) {
    let any = parsed.as_any();
    if let Some(report) = any.downcast_ref::<SenderReport>() {
        let (ssrc, ntp, rtp) = (report.ssrc, report.ntp_time, report.rtp_time);
        told.push(Told::SenderClock {
            ssrc,
            ntp,
            rtp,
            packet: packet.to_vec(),
        });
        told.extend(report.reports.iter().cloned().map(Told::Reception));
    } else if let Some(report) = any.downcast_ref::<ReceiverReport>() {
        told.extend(report.reports.iter().cloned().map(Told::Reception));
    } else if let Some(nack) = any.downcast_ref::<TransportLayerNack>() {
        let seqs = nack
            .nacks
            .iter()
            .flat_map(|pair| pair.into_iter())
            .take(MAX_NACKED)
            .collect();
        told.push(Told::Lacks {
            ssrc: nack.media_ssrc,
            seqs,
        });
    } else if let Some(pli) = any.downcast_ref::<PictureLossIndication>() {
        told.push(Told::WantsKeyframe {
            ssrc: pli.media_ssrc,
        });
    } else if let Some(fir) = any.downcast_ref::<FullIntraRequest>() {
        told.extend(
            fir.fir
                .iter()
                .map(|entry| Told::WantsKeyframe { ssrc: entry.ssrc }),
        );
    }
}

/// A receiver report over those streams (at most 31).
pub fn receiver_report(ssrc: u32, reports: Vec<ReceptionReport>) -> Vec<u8> {
    marshal(&ReceiverReport {
        ssrc,
        reports,
        ..Default::default()
    })
}

/// A sender report with its CNAME.
pub fn sender_report(
    ssrc: u32,
    ntp: u64,
    rtp: u32,
    packets: u32,
    octets: u32,
    cname: &str,
) -> Vec<u8> {
    let report = SenderReport {
        ssrc,
        ntp_time: ntp,
        rtp_time: rtp,
        packet_count: packets,
        octet_count: octets,
        ..Default::default()
    };
    let mut out = marshal(&report);
    let item = SourceDescriptionItem {
        sdes_type: SdesType::SdesCname,
        text: cname.as_bytes().to_vec().into(),
    };
    let chunk = SourceDescriptionChunk {
        source: ssrc,
        items: vec![item],
    };
    out.extend(marshal(&SourceDescription {
        chunks: vec![chunk],
    }));
    out
}

/// Asks for packets.
pub fn nack(sender_ssrc: u32, media_ssrc: u32, seqs: &[u16]) -> Vec<u8> {
    let mut nacks: Vec<NackPair> = Vec::new();
    for &seq in seqs {
        match nacks.last_mut() {
            Some(pair) if (1..=16).contains(&seq.wrapping_sub(pair.packet_id)) => {
                pair.lost_packets |= 1 << (seq.wrapping_sub(pair.packet_id) - 1);
            }
            _ => nacks.push(NackPair {
                packet_id: seq,
                lost_packets: 0,
            }),
        }
    }
    marshal(&TransportLayerNack {
        sender_ssrc,
        media_ssrc,
        nacks,
    })
}

/// Asks for a keyframe.
pub fn keyframe_request(sender_ssrc: u32, media_ssrc: u32) -> Vec<u8> {
    marshal(&PictureLossIndication {
        sender_ssrc,
        media_ssrc,
    })
}

fn marshal(packet: &(impl Marshal + Unmarshal)) -> Vec<u8> {
    // Marshalling into a vector fails only for counts beyond the format, which no caller passes.
    packet
        .marshal()
        .map(|bytes| bytes.to_vec())
        .unwrap_or_default()
}

/// NTP time (RFC 3550 section 4) of µs since 1970.
pub fn ntp_from_us(us: i64) -> u64 {
    const NTP_TO_UNIX: u64 = 2_208_988_800;
    let us = us.max(0) as u64;
    let (seconds, rest) = (us / 1_000_000 + NTP_TO_UNIX, us % 1_000_000);
    (seconds << 32) | ((rest << 32) / 1_000_000)
}

/// µs on the NTP time line, for differences only.
pub fn us_from_ntp(ntp: u64) -> i64 {
    ((ntp >> 32) * 1_000_000 + (((ntp & 0xffff_ffff) * 1_000_000) >> 32)) as i64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_we_write_reads_back() {
        let mut compound = receiver_report(
            1,
            vec![ReceptionReport {
                ssrc: 9,
                jitter: 4,
                ..Default::default()
            }],
        );
        compound.extend(nack(1, 9, &[65_535, 0, 15, 40]));
        compound.extend(keyframe_request(1, 9));
        let told = read(&compound);
        assert!(matches!(&told[0], Told::Reception(report) if report.jitter == 4));
        assert_eq!(
            told[1],
            Told::Lacks {
                ssrc: 9,
                seqs: vec![65_535, 0, 15, 40]
            }
        );
        assert_eq!(told[2], Told::WantsKeyframe { ssrc: 9 });
        let told = read(&sender_report(3, 77, 88, 1, 2, "seat"));
        assert!(
            matches!(&told[..], [Told::SenderClock { ssrc: 3, ntp: 77, rtp: 88, packet }] if packet.len() == 28)
        );
    }

    #[test]
    fn ntp_goes_both_ways() {
        let us = 1_800_000_000_123_456;
        assert!((us_from_ntp(ntp_from_us(us)) - us_from_ntp(ntp_from_us(0)) - us).abs() <= 1);
    }
}
