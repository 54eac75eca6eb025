//! The VP8 payload descriptor (RFC 7741 section 4.2): picture numbers, which must run on where the layer changes.

/// The numbers in a descriptor, and where they stand in the payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// (place, value, 15 bits wide rather than 7)
    pub picture: Option<(usize, u16, bool)>,
    /// (place, value) of TL0PICIDX.
    pub base: Option<(usize, u8)>,
}

/// A read descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub numbers: Numbers,
    /// The first packet of the picture.
    pub begins: bool,
    /// Bytes before the VP8 payload.
    pub length: usize,
}

impl Descriptor {
    /// `None` if it is cut short.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut numbers = Numbers::default();
        let mut at = 1;
        if first & 0x80 != 0 {
            let extension = *payload.get(1)?;
            at = 2;
            if extension & 0x80 != 0 {
                let high = *payload.get(at)?;
                let wide = high & 0x80 != 0;
                let value = if wide {
                    u16::from(high & 0x7f) << 8 | u16::from(*payload.get(at + 1)?)
                } else {
                    u16::from(high)
                };
                numbers.picture = Some((at, value, wide));
                at += if wide { 2 } else { 1 };
            }
            if extension & 0x40 != 0 {
                numbers.base = Some((at, *payload.get(at)?));
                at += 1;
            }
            at += usize::from(extension & 0x30 != 0);
        }
        Some(Descriptor {
            numbers,
            begins: first & 0x17 == 0x10,
            length: at,
        })
    }
}

/// Width and height that a keyframe's first packet states (RFC 6386 section 9.1); `None` if it is none.
pub fn keyframe_size(payload: &[u8]) -> Option<(u16, u16)> {
    let descriptor = Descriptor::parse(payload).filter(|descriptor| descriptor.begins)?;
    let frame = payload.get(descriptor.length..)?;
    if frame.first()? & 1 != 0 || frame.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let side =
        |at: usize| Some(u16::from_le_bytes(frame.get(at..at + 2)?.try_into().ok()?) & 0x3fff);
    Some((side(6)?, side(8)?))
}

/// Bytes of a payload that a subscriber gets changed; the rest it shares with all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    bytes: [(u16, u8); 4],
    used: usize,
}

impl Patch {
    /// Beyond four bytes nothing is added: `false`.
    pub fn set(&mut self, at: usize, value: u8) -> bool {
        let (Some(slot), Ok(at)) = (self.bytes.get_mut(self.used), u16::try_from(at)) else {
            return false;
        };
        *slot = (at, value);
        self.used += 1;
        true
    }

    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Changes a copy of the payload.
    pub fn apply(&self, payload: &mut [u8]) {
        for (at, value) in &self.bytes[..self.used] {
            if let Some(byte) = payload.get_mut(usize::from(*at)) {
                *byte = *value;
            }
        }
    }
}

/// What is added to a publisher's numbers, so that they run on for the subscriber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    picture: u16,
    base: u8,
}

/// The last numbers that a subscriber got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Last {
    picture: Option<u16>,
    base: Option<u8>,
}

impl Last {
    /// The offsets with which a picture with these numbers directly follows.
    pub fn followed_by(&self, numbers: &Numbers) -> Offsets {
        let picture = self.picture.zip(numbers.picture);
        let base = self.base.zip(numbers.base);
        Offsets {
            picture: picture.map_or(0, |(last, (_, next, _))| {
                last.wrapping_add(1).wrapping_sub(next)
            }),
            base: base.map_or(0, |(last, (_, next))| {
                last.wrapping_add(1).wrapping_sub(next)
            }),
        }
    }

    /// Remembers what went out.
    pub fn went(&mut self, numbers: &Numbers, offsets: &Offsets) {
        if let Some((_, value, _)) = numbers.picture {
            self.picture = Some(value.wrapping_add(offsets.picture));
        }
        if let Some((_, value)) = numbers.base {
            self.base = Some(value.wrapping_add(offsets.base));
        }
    }
}

impl Offsets {
    /// The changes to a payload with these numbers.
    pub fn patch(&self, numbers: &Numbers) -> Patch {
        let mut patch = Patch::default();
        if let Some((at, value, wide)) = numbers.picture.filter(|_| self.picture != 0) {
            let value = value.wrapping_add(self.picture);
            if wide {
                patch.set(at, 0x80 | (value >> 8 & 0x7f) as u8);
                patch.set(at + 1, value as u8);
            } else {
                patch.set(at, (value & 0x7f) as u8);
            }
        }
        if let Some((at, value)) = numbers.base.filter(|_| self.base != 0) {
            patch.set(at, value.wrapping_add(self.base));
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_run_on_over_a_change_of_layer() {
        let before = Descriptor::parse(&[0x90, 0xe0, 0xff, 0xff, 7, 0x20, 0x11]).unwrap();
        assert_eq!(before.numbers.picture, Some((2, 0x7fff, true)));
        assert_eq!((before.numbers.base, before.length), (Some((4, 7)), 6));
        let mut last = Last::default();
        last.went(&before.numbers, &Offsets::default());
        let mut next = [0x90, 0xe0, 0x81, 0x02, 200, 0x20, 0x10];
        let numbers = Descriptor::parse(&next).unwrap().numbers;
        let offsets = last.followed_by(&numbers);
        offsets.patch(&numbers).apply(&mut next);
        let patched = Descriptor::parse(&next).unwrap().numbers;
        assert_eq!(patched.picture, Some((2, 0, true)), "it wraps at 15 bits");
        assert_eq!(patched.base, Some((4, 8)));
    }

    #[test]
    fn a_keyframe_states_its_size() {
        let keyframe = [0x10, 0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41];
        assert_eq!(keyframe_size(&keyframe), Some((640, 360)));
        assert_eq!(keyframe_size(&keyframe[..9]), None);
        assert_eq!(
            keyframe_size(&[0x10, 0x51, 0, 0, 0x9d, 1, 0x2a, 0, 0, 0, 0]),
            None
        );
    }
}
