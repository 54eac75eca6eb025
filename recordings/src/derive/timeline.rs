//! When each packet was captured, on the server's wall clock.
//!
//! A sender report ties the sender's RTP clock to its wall clock: `t = ntp + (rtp − rtp_sr) / rate`, used for what came
//! before the first report too, and interpolated between reports since the two clocks drift. The sender's wall clock may
//! be wrong by any amount; the offset to the server's is the least `arrival − ntp` over all reports of the device, one
//! for its sound and its pictures alike, so that they stay in step. Without usable reports a stream is placed by its
//! packets' arrival: the one that was under way the shortest anchors it.

use super::index::{PacketRef, TrackIndex};
use super::rtp::SenderReport;

/// Nothing for this long: what follows is a run of its own, since a sequence number says nothing over a long pause.
const PAUSE_US: i64 = 2_000_000;
/// Reports of one device agree on its clock within this.
const SAME_CLOCK_US: i64 = 500_000;
/// A report that would place packets further than this from their arrival is not believed.
const BELIEVED_US: i64 = 1_000_000;

/// A packet in its place.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    pub packet: &'a PacketRef,
    /// Captured, UTC µs by the server's clock.
    pub time_us: i64,
    /// RTP time without wrap, ticks; equal for the packets of one picture.
    pub ticks: i64,
    /// It directly follows the packet before it.
    pub follows: bool,
}

struct Numbered<'a> {
    packet: &'a PacketRef,
    ticks: i64,
    sequence: i64,
}

/// The track's packets in the order they were sent, without duplicates.
///
/// They are taken in runs: what came of one SSRC without a pause. The recording has one layer of a picture at a time, so
/// a run ends where another SSRC comes, and when the layer comes back that is a run of its own, behind the other's.
pub fn place<'a>(track: &'a TrackIndex, seat_reports: &[SenderReport]) -> Vec<Placed<'a>> {
    let rate = i64::from(track.codec.clock_rate.max(1));
    let same_run = |before: &PacketRef, packet: &PacketRef| {
        packet.ssrc == before.ssrc && packet.wall_us - before.wall_us <= PAUSE_US
    };
    track
        .packets
        .chunk_by(same_run)
        .flat_map(|run| place_run(run, rate, &track.reports, seat_reports))
        .collect()
}

/// `run` is not empty. The reports are those of the whole track: what was said in another run of the SSRC still holds.
fn place_run<'a>(
    run: &'a [PacketRef],
    rate: i64,
    reports: &[SenderReport],
    seat_reports: &[SenderReport],
) -> Vec<Placed<'a>> {
    let first = &run[0];
    let unwrap = |timestamp: u32, wall_us: i64| {
        let expected = i64::from(first.timestamp) + (wall_us - first.wall_us) * rate / 1_000_000;
        expected + i64::from(timestamp.wrapping_sub(expected as u32) as i32)
    };
    let mut numbered = number(run, unwrap);
    numbered.sort_by_key(|packet| packet.sequence);
    numbered.dedup_by_key(|packet| packet.sequence);
    let arrival = run
        .iter()
        .map(|packet| packet.wall_us - to_us(unwrap(packet.timestamp, packet.wall_us), rate))
        .min()
        .unwrap_or(0);
    let anchors = anchors(first.ssrc, rate, reports, seat_reports, arrival, unwrap);
    let mut before = None;
    numbered
        .into_iter()
        .map(|packet| {
            let follows = before == Some(packet.sequence - 1);
            before = Some(packet.sequence);
            Placed {
                packet: packet.packet,
                time_us: to_us(packet.ticks, rate) + offset(&anchors, packet.ticks, arrival),
                ticks: packet.ticks,
                follows,
            }
        })
        .collect()
}

fn number(run: &[PacketRef], unwrap: impl Fn(u32, i64) -> i64) -> Vec<Numbered<'_>> {
    let mut sequence = i64::from(run[0].sequence);
    let numbered = run.iter().map(|packet| {
        sequence += i64::from(packet.sequence.wrapping_sub(sequence as u16) as i16);
        Numbered {
            packet,
            ticks: unwrap(packet.timestamp, packet.wall_us),
            sequence,
        }
    });
    numbered.collect()
}

const fn to_us(ticks: i64, rate: i64) -> i64 {
    (ticks as i128 * 1_000_000 / rate as i128) as i64
}

/// (ticks, server's wall clock − ticks as µs) of each believed report, by ticks.
fn anchors(
    ssrc: u32,
    rate: i64,
    reports: &[SenderReport],
    seat_reports: &[SenderReport],
    arrival: i64,
    unwrap: impl Fn(u32, i64) -> i64,
) -> Vec<(i64, i64)> {
    let clock = |report: &SenderReport| report.wall_us - report.ntp_us;
    let own = reports.iter().filter(|report| report.ssrc == ssrc);
    let Some(own_clock) = own.clone().map(clock).min() else {
        return Vec::new();
    };
    let device_clock = seat_reports
        .iter()
        .map(clock)
        .filter(|other| (other - own_clock).abs() < SAME_CLOCK_US)
        .min()
        .unwrap_or(own_clock);
    let mut anchors: Vec<(i64, i64)> = own
        .map(|report| {
            let ticks = unwrap(report.timestamp, report.wall_us);
            (ticks, report.ntp_us + device_clock - to_us(ticks, rate))
        })
        .filter(|(_, offset)| (offset - arrival).abs() < BELIEVED_US)
        .collect();
    anchors.sort_unstable();
    anchors
}

fn offset(anchors: &[(i64, i64)], ticks: i64, arrival: i64) -> i64 {
    let after = anchors.partition_point(|(at, _)| *at <= ticks);
    let left = after.checked_sub(1).and_then(|n| anchors.get(n));
    match (left, anchors.get(after)) {
        (Some((a, from)), Some((b, to))) if b > a => {
            from + ((to - from) as i128 * (ticks - a) as i128 / (b - a) as i128) as i64
        }
        (Some((_, only)), _) | (None, Some((_, only))) => *only,
        (None, None) => arrival,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::CodecInfo;

    const AT: i64 = 1_764_000_000_000_000;

    fn track(packets: Vec<PacketRef>, reports: Vec<SenderReport>) -> TrackIndex {
        TrackIndex {
            track: "s-camera".into(),
            name: "s-camera".into(),
            person: None,
            seat: "s".into(),
            source: "camera".into(),
            codec: CodecInfo {
                name: "vp8".into(),
                clock_rate: 90_000,
                channels: 0,
                fmtp: String::new(),
            },
            segments: Vec::new(),
            files: Vec::new(),
            first_wall_us: AT,
            packets,
            reports,
        }
    }

    fn packet(ssrc: u32, sequence: u16, timestamp: u32, wall_us: i64) -> PacketRef {
        PacketRef {
            file: 0,
            offset: 0,
            length: 0,
            ssrc,
            sequence,
            timestamp,
            marker: false,
            wall_us,
        }
    }

    #[test]
    fn reordered_and_repeated_packets_come_in_order_once_over_both_wraps() {
        let start = 65_534_u16;
        let ticks = u32::MAX - 3000;
        let make = |n: u16| {
            let timestamp = ticks.wrapping_add(3000 * u32::from(n));
            packet(
                1,
                start.wrapping_add(n),
                timestamp,
                AT + i64::from(n) * 33_333,
            )
        };
        let track = track([0, 2, 1, 1, 4, 3, 5].map(make).into(), Vec::new());
        let placed = place(&track, &[]);
        let sequences: Vec<u16> = placed.iter().map(|p| p.packet.sequence).collect();
        assert_eq!(sequences, [65_534, 65_535, 0, 1, 2, 3]);
        let follows: Vec<bool> = placed.iter().map(|p| p.follows).collect();
        assert_eq!(follows, [false, true, true, true, true, true]);
        for pair in placed.windows(2) {
            let step = pair[1].time_us - pair[0].time_us;
            assert!((33_332..=33_334).contains(&step), "{step}");
        }
    }

    #[test]
    fn a_report_places_what_came_before_it_by_the_senders_clock() {
        // The sender's clock is an hour behind; its packets take 40 ms, its report 10 ms.
        let hour = 3_600_000_000;
        let packets = (0..100_u16)
            .map(|n| {
                let captured = AT + i64::from(n) * 20_000;
                packet(1, n, u32::from(n) * 1800, captured + 40_000)
            })
            .collect();
        let report = SenderReport {
            ssrc: 1,
            ntp_us: AT + 1_000_000 - hour,
            timestamp: 90_000,
            wall_us: AT + 1_010_000,
        };
        let track = track(packets, vec![report]);
        for (n, placed) in (0..).zip(place(&track, &[report])) {
            assert_eq!(placed.time_us, AT + n * 20_000 + 10_000);
        }
    }

    #[test]
    fn a_bogus_report_is_not_believed() {
        let packets = (0..10_u16)
            .map(|n| packet(1, n, u32::from(n) * 1800, AT + i64::from(n) * 20_000))
            .collect();
        let report = SenderReport {
            ssrc: 1,
            ntp_us: AT,
            timestamp: 900_000_000,
            wall_us: AT,
        };
        let track = track(packets, vec![report]);
        assert_eq!(place(&track, &[report])[3].time_us, AT + 60_000);
    }

    #[test]
    fn a_long_pause_and_a_new_ssrc_are_anchored_anew() {
        let later = AT + 400_000_000;
        let mut packets = vec![packet(1, 10, 0, AT), packet(1, 11, 3000, AT + 33_333)];
        // 400 s later; 40,000 packets went unrecorded.
        packets.push(packet(1, 40_011, 36_000_000, later));
        packets.push(packet(2, 7, 123, later + 5_000_000));
        let track = track(packets, Vec::new());
        let placed = place(&track, &[]);
        let times: Vec<i64> = placed.iter().map(|p| p.time_us - AT).collect();
        assert_eq!(times[2], 400_000_000);
        assert_eq!(times[3], 405_000_000);
        assert!(placed[1].follows && !placed[2].follows && !placed[3].follows);
    }

    #[test]
    fn a_layer_that_comes_back_stands_behind_the_one_between() {
        let second = |n: i64| AT + n * 1_000_000;
        let packets = vec![
            packet(1, 10, 0, second(0)),
            packet(1, 11, 90_000, second(1)),
            packet(2, 60_000, 500, second(2)),
            packet(2, 60_001, 90_500, second(3)),
            packet(1, 14, 360_000, second(4)),
            packet(1, 15, 450_000, second(5)),
        ];
        let track = track(packets, Vec::new());
        let placed = place(&track, &[]);
        let times: Vec<i64> = placed.iter().map(|p| p.time_us).collect();
        assert_eq!(times, [0, 1, 2, 3, 4, 5].map(second));
        let follows: Vec<bool> = placed.iter().map(|p| p.follows).collect();
        assert_eq!(follows, [false, true, false, true, false, true]);
    }
}
