//! 统一社会信用代码 and mobile numbers: parsed once, then known to be well formed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The characters of GB 32100 in the order of their values: digits and letters without I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A code of 18 characters whose check character is right (GB 32100-2015).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uscc(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsccError {
    #[error("{0} characters instead of 18")]
    Length(usize),
    /// At this place, counted from one.
    #[error("character {0} is none of GB 32100")]
    Character(usize),
    #[error("the check character should be {expected}")]
    Check { expected: char },
}

impl Uscc {
    /// Blanks around it and small letters are taken as meant.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UsccError> {
        let text = text.trim().to_ascii_uppercase();
        let length = text.chars().count();
        if length != 18 {
            return Err(UsccError::Length(length));
        }
        let mut sum = 0;
        // The weights are the powers of three modulo 31.
        let mut weight = 1;
        for (place, character) in text.chars().enumerate() {
            let value = value(character).ok_or(UsccError::Character(place + 1))?;
            if place < 17 {
                sum += value * weight;
                weight = weight * 3 % 31;
            }
        }
        let expected = char::from(ALPHABET[(31 - sum % 31) % 31]);
        if !text.ends_with(expected) {
            return Err(UsccError::Check { expected });
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn value(character: char) -> Option<usize> {
    let character = u8::try_from(character).ok()?;
    ALPHABET.iter().position(|known| *known == character)
}

impl TryFrom<String> for Uscc {
    type Error = UsccError;

    fn try_from(text: String) -> Result<Self, UsccError> {
        Self::parse(&text)
    }
}

impl From<Uscc> for String {
    fn from(uscc: Uscc) -> Self {
        uscc.0
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mobile number of the mainland, eleven digits without the country's code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mobile(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mobile number of eleven digits that begins with 13 to 19")]
pub struct MobileError;

impl Mobile {
    /// Blanks, hyphens and +86 are taken as meant.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, MobileError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = digits.strip_prefix("+86").unwrap_or(&digits);
        let bytes = digits.as_bytes();
        let well_formed = bytes.len() == 11
            && bytes.iter().all(u8::is_ascii_digit)
            && bytes[0] == b'1'
            && bytes[1] >= b'3';
        if !well_formed {
            return Err(MobileError);
        }
        Ok(Self(digits.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Mobile {
    type Error = MobileError;

    fn try_from(text: String) -> Result<Self, MobileError> {
        Self::parse(&text)
    }
}

impl From<Mobile> for String {
    fn from(mobile: Mobile) -> Self {
        mobile.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;

    /// The example of the standard's kind: 91350100M000100Y43.
    #[rstest]
    #[case("91350100M000100Y43")]
    #[case(" 91350100m000100y43 ")]
    fn a_code_with_its_check_character_is_taken(#[case] text: &str) {
        assert_eq!(Uscc::parse(text).unwrap().as_str(), "91350100M000100Y43");
    }

    #[rstest]
    #[case::short("91350100M000100Y4", UsccError::Length(17))]
    #[case::letter("9I350100M000100Y43", UsccError::Character(2))]
    #[case::check("91350100M000100Y44", UsccError::Check { expected: '3' })]
    fn a_code_that_is_none_says_why(#[case] text: &str, #[case] error: UsccError) {
        assert_eq!(Uscc::parse(text), Err(error));
        assert!(serde_json::from_value::<Uscc>(text.into()).is_err());
    }

    #[test]
    fn any_one_wrong_character_is_found() {
        let right = "91350100M000100Y43";
        for place in 0..17 {
            for other in ALPHABET {
                let mut wrong = right.as_bytes().to_vec();
                if wrong[place] != *other {
                    wrong[place] = *other;
                    assert!(Uscc::parse(std::str::from_utf8(&wrong).unwrap()).is_err());
                }
            }
        }
    }

    #[rstest]
    #[case("13800000001", true)]
    #[case("+86 138-0000-0001", true)]
    #[case("12800000001", false)]
    #[case("1380000000", false)]
    #[case("1380000000x", false)]
    fn a_mobile_number_has_eleven_digits(#[case] text: &str, #[case] taken: bool) {
        assert_eq!(Mobile::parse(text).is_ok(), taken);
    }
}
