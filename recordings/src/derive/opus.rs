//! Opus packets (RFC 6716 section 3.1): how long they last, and what fills a gap between them.

/// Ticks of 48 kHz that a packet lasts; `None` if it is malformed.
pub fn duration(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let config = toc >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3F),
    };
    let ticks = frame * frames;
    (1..=5760).contains(&ticks).then_some(ticks)
}

/// A gap up to this long is left to the decoder to conceal; ticks of 48 kHz.
const CONCEAL: u32 = 5760;

/// Frames that fill a gap of `ticks` to within 2.5 ms, longest first: empty ones (RFC 6716 section 3.2.1), which a
/// decoder conceals, for a few lost packets; else silence, whose sudden quiet would weaken what comes right behind.
pub fn fill(ticks: u32, stereo: bool) -> impl Iterator<Item = (Vec<u8>, u32)> {
    let conceal = ticks <= CONCEAL;
    let mut left = ticks;
    std::iter::from_fn(move || {
        let (config, length) = [(31, 960), (30, 480), (29, 240), (28, 120)]
            .into_iter()
            .find(|(_, length)| *length <= left)?;
        left -= length;
        let toc = config << 3 | if stereo { 4 } else { 0 };
        let frame = if conceal {
            vec![toc]
        } else {
            vec![toc, 0xFF, 0xFE]
        };
        Some((frame, length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_the_table() {
        for (packet, ticks) in [
            (vec![0xFC], Some(960)),        // CELT 20 ms
            (vec![0x78], Some(960)),        // hybrid 20 ms
            (vec![0x18], Some(2880)),       // SILK 60 ms
            (vec![0xE1], Some(240)),        // two of 2.5 ms
            (vec![0xFF, 0x03], Some(2880)), // three of 20 ms
            (vec![0xFF, 0x00], None),       // none at all
            (vec![0x1B, 0x03], None),       // 180 ms
            (vec![0xFF], None),
            (vec![], None),
        ] {
            assert_eq!(duration(&packet), ticks, "{packet:x?}");
        }
    }

    #[test]
    fn a_gap_is_filled_to_its_length() {
        let total: u32 = fill(960 * 3 + 480 + 130, true)
            .map(|(_, ticks)| ticks)
            .sum();
        assert_eq!(total, 960 * 3 + 480 + 120);
        for (packet, ticks) in fill(2000, false).chain(fill(9000, true)) {
            assert_eq!(duration(&packet), Some(ticks));
        }
    }
}
