//! Sound that carries its past (RFC 2198): passed through where both ends have it, else only what is new of it.

use crate::vp8::Patch;

/// Blocks of one packet; Chromium sends two.
const MAX_BLOCKS: usize = 4;

/// Where things are in a payload of redundant blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Blocks {
    headers: usize,
    /// Where the newest block begins.
    primary: usize,
}

fn blocks(payload: &[u8]) -> Option<Blocks> {
    let (mut at, mut past) = (0, 0);
    for headers in 1..=MAX_BLOCKS {
        let head = *payload.get(at)?;
        if head & 0x80 == 0 {
            let primary = at + 1 + past;
            return (primary < payload.len()).then_some(Blocks { headers, primary });
        }
        let length =
            u16::from(*payload.get(at + 2)? & 0x03) << 8 | u16::from(*payload.get(at + 3)?);
        past += usize::from(length);
        at += 4;
    }
    None
}

/// The newest block alone.
pub fn primary(payload: &[u8]) -> Option<&[u8]> {
    payload.get(blocks(payload)?.primary..)
}

/// The changes that give every block the payload type `ours`; `None` if it is malformed.
pub fn relabel(payload: &[u8], ours: u8) -> Option<Patch> {
    let mut patch = Patch::default();
    for header in 0..blocks(payload)?.headers {
        let head = *payload.get(4 * header)?;
        if head & 0x7f != ours {
            patch.set(4 * header, head & 0x80 | ours);
        }
    }
    Some(patch)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_newest_block_is_found_and_blocks_are_relabelled() {
        let mut payload = vec![0x80 | 96, 0x0f, 0x00, 3, 96];
        payload.extend_from_slice(b"oldnew!");
        assert_eq!(primary(&payload), Some(&b"new!"[..]));
        relabel(&payload, 111).unwrap().apply(&mut payload);
        assert_eq!((payload[0], payload[4]), (0x80 | 111, 111));
        assert_eq!(relabel(&payload, 111), Some(Patch::default()));
        assert_eq!(primary(&[96, 1]), Some(&[1][..]), "without a past");
    }

    #[test]
    fn what_is_cut_or_endless_is_no_sound() {
        for malformed in [&[][..], &[96], &[0x80 | 96, 0, 0, 9, 96, 1], &[0xff; 40]] {
            assert_eq!(primary(malformed), None, "{malformed:?}");
        }
    }
}
