//! VP8: the payload descriptor (RFC 7741 section 4.2) and a keyframe's size (RFC 6386 section 9.1).

/// What a packet holds of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The picture begins here.
    pub begins: bool,
    pub data: &'a [u8],
}

/// `None` if the descriptor is malformed.
pub fn part(payload: &[u8]) -> Option<Part<'_>> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(1)?;
        at = 2;
        if extension & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
    }
    Some(Part {
        begins: first & 0x17 == 0x10,
        data: payload.get(at..)?,
    })
}

/// Width and height, if the picture is a keyframe.
pub fn keyframe(picture: &[u8]) -> Option<(u32, u32)> {
    let header = picture.get(..10)?;
    if header[0] & 1 != 0 || header[3..6] != [0x9D, 0x01, 0x2A] {
        return None;
    }
    let size = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Some((size(header[6], header[7]), size(header[8], header[9])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_of_every_shape_are_skipped() {
        for (descriptor, begins) in [
            (vec![0x10], true),
            (vec![0x00], false),
            (vec![0x11], false), // a later partition
            (vec![0x90, 0x80, 0x05], true),
            (vec![0x90, 0x80, 0x85, 0x01], true),
            (vec![0x90, 0xE0, 0x85, 0x01, 0x07, 0x20], true),
            (vec![0x80, 0x30, 0x20], false),
        ] {
            let payload = [descriptor.clone(), vec![1, 2, 3]].concat();
            let data = [1, 2, 3].as_slice();
            assert_eq!(
                part(&payload),
                Some(Part { begins, data }),
                "{descriptor:x?}"
            );
        }
        assert_eq!(part(&[0x90]), None);
        assert_eq!(part(&[]), None);
    }

    #[test]
    fn a_keyframe_says_its_size() {
        let picture = [0x50, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x41];
        assert_eq!(keyframe(&picture), Some((640, 360)));
        assert_eq!(keyframe(&[0x51; 10]), None);
        assert_eq!(keyframe(&picture[..9]), None);
    }
}
