//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), written for publishers and read from
//! subscribers.
//!
//! Without it Chromium's estimate starves within seconds. Arrival times are recorded for each packet of a connection and
//! reported every [`INTERVAL`]. What subscribers report feeds [`crate::estimate`].

use std::collections::BTreeMap;
use std::time::Duration;

use crate::rtp::{Unwrapper, be16, be32};

/// Time between two reports.
pub const INTERVAL: Duration = Duration::from_millis(50);
/// Packets in one report: keeps it well below an MTU.
const MAX_REPORT: u64 = 400;
/// Packets waiting to be reported.
const MAX_WAITING: usize = 2000;
/// Reference time unit, µs.
const REFERENCE: i64 = 64_000;
/// Delta unit, µs.
const TICK: i64 = 250;

/// Packets read of one report: more than any peer has sent within a second.
const MAX_READ: usize = 2000;

/// What a subscriber tells about packets on their way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Transport-wide number of the first.
    pub base: u16,
    /// µs on the subscriber's clock, modulo 2^24 × 64 ms, from which `arrivals` count.
    pub reference_us: i64,
    /// µs from the reference for each packet from `base` on; `None` for those that did not come.
    pub arrivals: Vec<Option<i64>>,
}

impl Report {
    /// Length of the cycle of `reference_us`.
    pub const CYCLE_US: i64 = REFERENCE << 24;

    /// Reads a whole RTCP packet; `None` if it is no well-formed report.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        if packet.first()? & 0x1f != 15 || *packet.get(1)? != 205 {
            return None;
        }
        let (base, count) = (be16(packet, 12)?, usize::from(be16(packet, 14)?));
        let reference = be32(packet, 16)? >> 8;
        let (mut symbols, mut at) = (Vec::new(), 20);
        while symbols.len() < count {
            let chunk = be16(packet, at)?;
            at += 2;
            let left = count - symbols.len();
            match chunk >> 14 {
                0 | 1 => {
                    let run = usize::from(chunk & 0x1fff).min(left);
                    if run == 0 {
                        return None;
                    }
                    symbols.resize(symbols.len() + run, (chunk >> 13) as u8);
                }
                2 => symbols.extend((0..left.min(14)).map(|bit| (chunk >> (13 - bit) & 1) as u8)),
                _ => symbols
                    .extend((0..left.min(7)).map(|pair| (chunk >> (12 - 2 * pair) & 3) as u8)),
            }
            if symbols.len() > MAX_READ {
                return None;
            }
        }
        let (mut us, mut arrivals) = (0, Vec::with_capacity(count));
        for symbol in symbols {
            let ticks = match symbol {
                0 => {
                    arrivals.push(None);
                    continue;
                }
                1 => {
                    at += 1;
                    i64::from(*packet.get(at - 1)?)
                }
                2 => {
                    at += 2;
                    i64::from(be16(packet, at - 2)? as i16)
                }
                _ => return None,
            };
            us += ticks * TICK;
            arrivals.push(Some(us));
        }
        Some(Report {
            base,
            reference_us: i64::from(reference) * REFERENCE,
            arrivals,
        })
    }
}

/// Arrival times not yet reported.
#[derive(Debug, Default)]
pub struct Recorder {
    unwrapper: Unwrapper,
    waiting: BTreeMap<u64, i64>,
    next: Option<u64>,
    count: u8,
}

impl Recorder {
    /// Notes the arrival of a transport-wide sequence number at `us` on the monotonic clock.
    pub fn record(&mut self, seq: u16, us: i64) {
        let seq = self.unwrapper.unwrap(seq);
        if self.waiting.len() < MAX_WAITING {
            self.waiting.entry(seq).or_insert(us);
        }
    }

    /// The next report as a whole RTCP packet, if there is something to report.
    pub fn report(&mut self, sender_ssrc: u32, media_ssrc: u32) -> Option<Vec<u8>> {
        let (&first, &first_us) = self.waiting.first_key_value()?;
        // Packets reported as lost that came late are reported again, from where they are.
        let base = self
            .next
            .map_or(first, |next| next.min(first))
            .max(first.saturating_sub(MAX_REPORT / 2));
        let reference = first_us.div_euclid(REFERENCE);
        let (mut clock, mut symbols, mut deltas) = (reference * REFERENCE, Vec::new(), Vec::new());
        for (&seq, &us) in self.waiting.range(base..base + MAX_REPORT) {
            let ticks = (us - clock).div_euclid(TICK);
            let Ok(delta) = i16::try_from(ticks) else {
                break;
            };
            symbols.resize((seq - base) as usize, 0u8);
            if let Ok(small) = u8::try_from(delta) {
                symbols.push(1);
                deltas.push(small);
            } else {
                symbols.push(2);
                deltas.extend_from_slice(&delta.to_be_bytes());
            }
            clock += ticks * TICK;
        }
        if symbols.is_empty() {
            // The first arrival cannot be told relative to itself: impossible, but never loop on it.
            self.waiting.pop_first();
            return None;
        }
        let end = base + symbols.len() as u64;
        self.waiting = self.waiting.split_off(&end);
        self.next = Some(self.next.map_or(end, |next| next.max(end)));
        self.count = self.count.wrapping_add(1);
        Some(write(
            sender_ssrc,
            media_ssrc,
            base as u16,
            reference,
            self.count.wrapping_sub(1),
            &symbols,
            &deltas,
        ))
    }
}

fn write(
    sender: u32,
    media: u32,
    base: u16,
    reference: i64,
    count: u8,
    symbols: &[u8],
    deltas: &[u8],
) -> Vec<u8> {
    let mut out = vec![0x8f, 205, 0, 0];
    out.extend_from_slice(&sender.to_be_bytes());
    out.extend_from_slice(&media.to_be_bytes());
    out.extend_from_slice(&base.to_be_bytes());
    out.extend_from_slice(&(symbols.len() as u16).to_be_bytes());
    out.extend_from_slice(&(reference as u32).to_be_bytes()[1..]);
    out.push(count);
    let mut rest = symbols;
    while let Some(&symbol) = rest.first() {
        let run = rest.iter().take_while(|other| **other == symbol).count();
        let chunk = if run >= 7 {
            let run = run.min(0x1fff);
            rest = &rest[run..];
            u16::from(symbol) << 13 | run as u16
        } else {
            let (seven, after) = rest.split_at(rest.len().min(7));
            rest = after;
            let packed = seven.iter().enumerate().fold(0, |word, (at, symbol)| {
                word | u16::from(*symbol) << (12 - 2 * at)
            });
            0xc000 | packed
        };
        out.extend_from_slice(&chunk.to_be_bytes());
    }
    out.extend_from_slice(deltas);
    let padding = (4 - out.len() % 4) % 4;
    if padding > 0 {
        out[0] |= 0x20;
        out.resize(out.len() + padding - 1, 0);
        out.push(padding as u8);
    }
    let words = (out.len() / 4 - 1) as u16;
    out[2..4].copy_from_slice(&words.to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use rtc_rtcp::transport_feedbacks::transport_layer_cc::{PacketStatusChunk, TransportLayerCc};
    use rtc_shared::marshal::Unmarshal;

    use super::*;

    /// Reads a report with the oracle: (seq, µs) of the packets it says came.
    fn read(report: &[u8]) -> Vec<(u16, i64)> {
        let parsed = TransportLayerCc::unmarshal(&mut &report[..]).unwrap();
        let mut symbols = Vec::new();
        for chunk in &parsed.packet_chunks {
            match chunk {
                PacketStatusChunk::RunLengthChunk(run) => {
                    symbols.extend(std::iter::repeat_n(
                        run.packet_status_symbol as u16,
                        usize::from(run.run_length),
                    ));
                }
                PacketStatusChunk::StatusVectorChunk(vector) => {
                    symbols.extend(vector.symbol_list.iter().map(|symbol| *symbol as u16));
                }
            }
        }
        let mut us = i64::from(parsed.reference_time) * REFERENCE;
        let mut deltas = parsed.recv_deltas.iter();
        let mut got = Vec::new();
        for (at, symbol) in symbols
            .iter()
            .take(usize::from(parsed.packet_status_count))
            .enumerate()
        {
            if *symbol != 0 {
                us += deltas.next().unwrap().delta;
                got.push((parsed.base_sequence_number.wrapping_add(at as u16), us));
            }
        }
        got
    }

    #[test]
    fn what_came_is_told_with_its_time() {
        let mut recorder = Recorder::default();
        let sent = [
            (65_530u16, 1_000_000i64),
            (65_531, 1_000_300),
            (65_535, 1_070_000),
            (2, 1_069_000),
            (3, 1_300_000),
        ];
        for (seq, us) in sent {
            recorder.record(seq, us);
        }
        let got = read(&recorder.report(1, 2).unwrap());
        assert_eq!(
            got.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
            sent.map(|(seq, _)| seq)
        );
        for ((_, told), (_, true_us)) in got.iter().zip(sent) {
            assert!((told - true_us).abs() <= TICK, "{told} for {true_us}");
        }
        assert_eq!(recorder.report(1, 2), None);
        recorder.record(9, 1_310_000);
        let got = read(&recorder.report(1, 2).unwrap());
        assert_eq!(got.len(), 1, "packets 4 to 8 are told as lost");
    }

    /// What we read of our own reports is what the oracle reads.
    fn assert_read_alike(report: &[u8]) {
        let ours = Report::parse(report).unwrap();
        let came = ours.arrivals.iter().enumerate().filter_map(|(at, us)| {
            Some((
                ours.base.wrapping_add(at as u16),
                ours.reference_us + (*us)?,
            ))
        });
        assert_eq!(came.collect::<Vec<_>>(), read(report));
    }

    #[test]
    fn a_cut_or_contradictory_report_is_not_read() {
        let mut recorder = Recorder::default();
        for seq in [5u16, 6, 9, 40] {
            recorder.record(seq, 2_000_000 + i64::from(seq) * 70_000);
        }
        let report = recorder.report(1, 2).unwrap();
        assert_read_alike(&report);
        for length in 0..23 {
            assert_eq!(Report::parse(&report[..length]), None, "{length} bytes");
        }
        let mut endless = report.clone();
        endless[14..16].copy_from_slice(&[0xff, 0xff]);
        endless[20..22].copy_from_slice(&[0x1f, 0xff]);
        assert_eq!(Report::parse(&endless), None);
    }

    #[test]
    fn long_runs_and_pauses_are_split() {
        let mut recorder = Recorder::default();
        for seq in 0..1000u16 {
            recorder.record(
                seq,
                i64::from(seq) * 1000 + if seq > 500 { 60_000_000 } else { 0 },
            );
        }
        let mut told = 0;
        while let Some(report) = recorder.report(1, 2) {
            assert!(report.len() < 1200);
            assert_read_alike(&report);
            told += read(&report).len();
        }
        assert_eq!(told, 1000);
    }
}
