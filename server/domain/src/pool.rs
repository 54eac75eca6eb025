//! 专家库: who can be drawn for a case, and the random draw that anybody can repeat from its entry (R16, R48).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::people::PersonId;
use crate::refusal::{Code, Refusal};

/// Experts drawn at once.
pub const MOST_DRAWN: usize = 20;

/// One who can be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolExpert {
    pub person: PersonId,
    pub name: String,
    /// 专业: what he can judge.
    pub fields: BTreeSet<String>,
    /// 统一社会信用代码 of whom he works for; absent for one who is retired or works for himself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employer: Option<String>,
    /// 统一社会信用代码 of whom else he has ties with: a share, a contract, a relative in charge.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ties: BTreeSet<String>,
    #[serde(default)]
    pub availability: Availability,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    #[default]
    Available,
    /// Ill, abroad, suspended from the pool.
    Away,
}

/// The pool as it stood at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpertPool {
    version: String,
    experts: Vec<PoolExpert>,
}

/// Why somebody of the field was not a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    Away,
    /// R16.
    Recused,
    WorksForApplicant,
    TiedToApplicant,
    /// Applicant, agent, interested party, or staff of this case.
    HasASide,
    /// Stands in an earlier draw of this case.
    DrawnBefore,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    pub person: PersonId,
    pub why: Unfit,
}

/// What the draw begins with: fresh randomness, in the journal as 16 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed(pub u64);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({:016x})", self.0)
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        format!("{:016x}", seed.0)
    }
}

impl TryFrom<String> for Seed {
    type Error = SeedMalformed;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let seed = u64::from_str_radix(&text, 16).map(Seed);
        seed.ok()
            .filter(|seed| String::from(*seed) == text)
            .ok_or(SeedMalformed)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed is 16 lower-case hex digits")]
pub struct SeedMalformed;

/// A draw as it stands in the journal: everything by which anybody can repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpertDraw {
    /// Within the case, from 1.
    pub number: u32,
    pub field: String,
    /// Version of the pool.
    pub pool: String,
    /// In the order of their ids.
    pub candidates: Vec<PersonId>,
    /// The others of the field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Excluded>,
    pub seed: Seed,
    /// In the order drawn.
    pub drawn: Vec<PersonId>,
    /// Of a redraw.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl ExpertDraw {
    /// Whether candidates and seed give just those who were drawn.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        let sorted = self.candidates.windows(2).all(|pair| pair[0] < pair[1]);
        sorted && drawn(&self.candidates, self.drawn.len(), self.seed) == self.drawn
    }
}

impl ExpertPool {
    /// # Errors
    /// Where somebody stands twice, has no field, or a text is missing.
    pub fn new(version: &str, mut experts: Vec<PoolExpert>) -> Result<Self, Refusal> {
        limits::needed(version, limits::TOKEN)?;
        experts.sort_by(|a, b| a.person.cmp(&b.person));
        for expert in &experts {
            limits::needed(&expert.person.0, limits::TOKEN)?;
            limits::needed(&expert.name, limits::SHORT)?;
            if expert.fields.is_empty() {
                return Err(Refusal::of(Code::TextMissing, [&expert.person.0]));
            }
            for field in &expert.fields {
                limits::needed(field, limits::SHORT)?;
            }
        }
        let twice = experts
            .windows(2)
            .find(|pair| pair[0].person == pair[1].person);
        if let Some(pair) = twice {
            return Err(Refusal::of(Code::AlreadyExists, [&pair[0].person.0]));
        }
        Ok(Self {
            version: version.to_owned(),
            experts,
        })
    }

    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// In the order of their ids.
    #[must_use]
    pub fn experts(&self) -> &[PoolExpert] {
        &self.experts
    }

    /// The experts of a field, told apart by whoever knows the case.
    pub(crate) fn of_field(
        &self,
        field: &str,
        unfit: impl Fn(&PoolExpert) -> Option<Unfit>,
    ) -> (Vec<PersonId>, Vec<Excluded>) {
        let mut candidates = Vec::new();
        let mut excluded = Vec::new();
        let able = self
            .experts
            .iter()
            .filter(|expert| expert.fields.contains(field));
        for expert in able {
            let person = expert.person.clone();
            match unfit(expert) {
                None => candidates.push(person),
                Some(why) => excluded.push(Excluded { person, why }),
            }
        }
        (candidates, excluded)
    }
}

/// `count` of the candidates, drawn without putting back: the first places of a Fisher–Yates shuffle by `SplitMix64`.
///
/// For place i = 0, 1, …: take numbers n from the generator until n < 2^64 − (2^64 mod m), where m is how many are left;
/// swap place i with place i + (n mod m).
#[must_use]
pub fn drawn(candidates: &[PersonId], count: usize, seed: Seed) -> Vec<PersonId> {
    let mut left = candidates.to_vec();
    let mut state = seed.0;
    for place in 0..count.min(left.len()) {
        let step = below(&mut state, left.len() - place);
        left.swap(place, place + step);
    }
    left.truncate(count);
    left
}

/// Below `most`, each as likely as the others. `most` is not zero.
fn below(state: &mut u64, most: usize) -> usize {
    let most = most as u64;
    // 2^64 mod most: numbers above the last whole multiple would favour the first ones.
    let over = (u64::MAX % most + 1) % most;
    loop {
        let number = next(state);
        if number <= u64::MAX - over {
            return usize::try_from(number % most).unwrap_or_default();
        }
    }
}

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
const fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    fn people(count: usize) -> Vec<PersonId> {
        (0..count).map(|n| PersonId(format!("e{n}"))).collect()
    }

    /// The first numbers that the generator's authors print for seed 1234567.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut state = 1_234_567;
        let numbers = [(); 3].map(|()| next(&mut state));
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(numbers, published);
    }

    #[test]
    fn r16_each_expert_is_drawn_as_often_as_the_others() {
        let mut times = BTreeMap::<_, u32>::new();
        for seed in 0..6_000 {
            for person in drawn(&people(6), 2, Seed(seed)) {
                *times.entry(person).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 6);
        assert!(
            times.values().all(|of| of.abs_diff(2_000) < 150),
            "{times:?}"
        );
    }

    #[test]
    fn a_draw_takes_nobody_twice_and_no_more_than_there_are() {
        for seed in 0..100 {
            let all: BTreeSet<_> = drawn(&people(5), 9, Seed(seed)).into_iter().collect();
            assert_eq!(all, people(5).into_iter().collect());
        }
        assert_eq!(drawn(&[], 3, Seed(1)), []);
    }

    #[test]
    fn a_number_beyond_the_last_whole_multiple_is_not_used() {
        // Most = 2^63 + 1: of the numbers only those up to 2^63 stand for one each.
        let most = usize::try_from((1_u64 << 63) + 1).unwrap();
        for seed in 0..50 {
            let mut state = seed;
            let mut expected = next(&mut state);
            while expected > 1 << 63 {
                expected = next(&mut state);
            }
            let mut state = seed;
            assert_eq!(below(&mut state, most) as u64, expected);
        }
    }

    /// As in docs/protocol/draw.md, by its own program.
    #[test]
    fn the_documented_draw_is_this_one() {
        let ids: Vec<_> = drawn(&people(5), 3, Seed(255))
            .into_iter()
            .map(|person| person.0)
            .collect();
        assert_eq!(ids, ["e2", "e0", "e1"]);
    }

    #[test]
    fn a_seed_has_one_spelling() {
        let read = |text: &str| Seed::try_from(text.to_owned());
        assert_eq!(read("00000000000000ff"), Ok(Seed(255)));
        assert_eq!(String::from(Seed(255)), "00000000000000ff");
        for text in ["ff", "00000000000000FF", "+0000000000000ff", ""] {
            assert_eq!(read(text), Err(SeedMalformed), "{text}");
        }
    }

    #[test]
    fn r16_a_draw_can_be_repeated_from_its_entry_alone() {
        let candidates = people(5);
        let draw = ExpertDraw {
            number: 1,
            field: "食品".to_owned(),
            pool: "示例-1".to_owned(),
            drawn: drawn(&candidates, 2, Seed(7)),
            candidates,
            excluded: Vec::new(),
            seed: Seed(7),
            reason: String::new(),
        };
        assert!(draw.is_repeatable());
        let text = serde_json::to_string(&draw).unwrap();
        let read: ExpertDraw = serde_json::from_str(&text).unwrap();
        assert!(read.is_repeatable());
        let mut chosen = draw.clone();
        chosen.drawn.reverse();
        assert!(!chosen.is_repeatable());
        // The same people in another order would give others.
        let mut shuffled = draw;
        shuffled.candidates.swap(0, 1);
        shuffled.drawn = drawn(&shuffled.candidates, 2, Seed(7));
        assert!(!shuffled.is_repeatable());
    }

    #[test]
    fn a_pool_holds_everybody_once() {
        let expert = |id: &str| PoolExpert {
            person: PersonId(id.to_owned()),
            name: "示例专家".to_owned(),
            fields: BTreeSet::from(["食品".to_owned()]),
            employer: None,
            ties: BTreeSet::new(),
            availability: Availability::Available,
        };
        let pool = ExpertPool::new("1", vec![expert("b"), expert("a")]).unwrap();
        assert_eq!(pool.experts()[0].person.0, "a");
        let twice = ExpertPool::new("1", vec![expert("a"), expert("b"), expert("a")]);
        assert_eq!(twice.unwrap_err().code, Code::AlreadyExists);
        let mut idle = expert("a");
        idle.fields.clear();
        let idle = ExpertPool::new("1", vec![idle]);
        assert_eq!(idle.unwrap_err().code, Code::TextMissing);
    }
}
