//! Numbers that look random and are the same for the same seed on every machine and in every version.

/// SplitMix64 (Steele, Lea, Flood 2014). For examples only: whoever sees one number knows the next.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Throws for one thing of many do not depend on how many there are.
    #[must_use]
    pub fn new(seed: u64, thing: u64) -> Self {
        let mut dice = Self(seed);
        let mixed = dice.throw() ^ thing;
        Self(mixed)
    }

    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From `low` up to, and with, `high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(self.throw() % span).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, times: u32) -> bool {
        self.between(1, 100) <= times
    }

    /// One of them; `None` of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let most = u32::try_from(of.len()).ok()?.checked_sub(1)?;
        of.get(self.between(0, most) as usize)
    }

    /// 64 hexadecimal digits, as a digest has.
    pub fn digest(&mut self) -> String {
        (0..4).map(|_| format!("{:016x}", self.throw())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throw = |seed, thing| Dice::new(seed, thing).throw();
        assert_eq!(throw(1, 7), throw(1, 7));
        assert_ne!(throw(1, 7), throw(1, 8));
        assert_ne!(throw(1, 7), throw(2, 7));
        // Of the published algorithm, seed 0.
        assert_eq!(Dice(0).throw(), 0xE220_A839_7B1D_CDAF);
    }
}
