//! 校验码: which paper this is, in sixteen digits that can be read out over the telephone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

const DATA_DIGITS: usize = 15;

/// Fifteen digits from the content's digest and a check digit. The alphabet is `0`–`9` alone: digits have one reading in every
/// dialect and on every keypad, letters do not. Data: the first 8 bytes of the SHA-256 as a big-endian number, modulo 10^15, with
/// leading zeros. Check digit: ISO/IEC 7064 MOD 11,10 (GB/T 17710), which finds every wrong digit and nearly every swap of two.
/// Printed in fours: `1234 5678 9012 3456`.
///
/// It finds a paper, it proves nothing: what proves is the signature over the whole digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckCode(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CheckCodeFault {
    #[error("a check code has 16 digits")]
    Length,
    #[error("a check code has digits only")]
    NotADigit,
    /// A digit was misread or two were swapped.
    #[error("the last digit does not fit the others: please read it again")]
    CheckDigit,
    #[error("not a SHA-256 digest in lower-case hex")]
    Digest,
}

impl CheckCode {
    /// From a content digest, 64 lower-case hex digits.
    ///
    /// # Errors
    /// When it is no such digest.
    pub fn of_digest(digest: &str) -> Result<Self, CheckCodeFault> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digest.len() != 64 || !digest.bytes().all(hex) {
            return Err(CheckCodeFault::Digest);
        }
        let first = digest.get(..16).unwrap_or_default();
        let number = u64::from_str_radix(first, 16).map_err(|_| CheckCodeFault::Digest)?;
        let data = format!("{:015}", number % 1_000_000_000_000_000);
        let check = check_digit(data.bytes().map(|byte| u32::from(byte - b'0')));
        Ok(Self(format!("{data}{check}")))
    }

    /// The sixteen digits without spaces.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// ISO/IEC 7064 MOD 11,10.
fn check_digit(digits: impl Iterator<Item = u32>) -> u32 {
    let product = digits.fold(10, |product, digit| {
        let sum = match (product + digit) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    });
    (11 - product) % 10
}

impl fmt::Display for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digit) in self.0.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// Takes what people type: spaces, hyphens and full-width digits too.
impl FromStr for CheckCode {
    type Err = CheckCodeFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let digits: Vec<u32> = typed
            .map(|c| match c {
                '０'..='９' => Some(u32::from(c) - u32::from('０')),
                _ => c.to_digit(10),
            })
            .collect::<Option<_>>()
            .ok_or(CheckCodeFault::NotADigit)?;
        let Some((check, data)) = digits.split_last() else {
            return Err(CheckCodeFault::Length);
        };
        if data.len() != DATA_DIGITS {
            return Err(CheckCodeFault::Length);
        }
        if check_digit(data.iter().copied()) != *check {
            return Err(CheckCodeFault::CheckDigit);
        }
        Ok(Self(digits.iter().map(ToString::to_string).collect()))
    }
}

impl TryFrom<String> for CheckCode {
    type Error = CheckCodeFault;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CheckCode> for String {
    fn from(code: CheckCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // The standard's own example: 0794 is completed by 5.
        assert_eq!(check_digit([0, 7, 9, 4].into_iter()), 5);
    }

    #[test]
    fn it_is_read_from_the_digest_and_typed_back_as_people_type() {
        let code = CheckCode::of_digest(DIGEST).unwrap();
        // 0x0123456789abcdef = 81985529216486895
        assert_eq!(&code.digits()[..15], "985529216486895");
        let typed = code.to_string();
        assert_eq!(typed.len(), 19);
        assert_eq!(typed.parse(), Ok(code.clone()));
        assert_eq!(typed.replace(' ', "-").parse(), Ok(code.clone()));
        let wide = code.digits().replace('9', "９");
        assert_eq!(wide.parse(), Ok(code));
    }

    #[test]
    fn every_misread_digit_is_found() {
        let code = CheckCode::of_digest(DIGEST).unwrap();
        for place in 0..16 {
            for digit in '0'..='9' {
                let mut misread: Vec<char> = code.digits().chars().collect();
                if misread[place] == digit {
                    continue;
                }
                misread[place] = digit;
                let misread: String = misread.into_iter().collect();
                let read: Result<CheckCode, _> = misread.parse();
                assert_eq!(read, Err(CheckCodeFault::CheckDigit), "{misread}");
            }
        }
    }

    #[test]
    fn what_is_no_code_or_no_digest_is_refused() {
        assert_eq!("".parse::<CheckCode>(), Err(CheckCodeFault::Length));
        assert_eq!("12345".parse::<CheckCode>(), Err(CheckCodeFault::Length));
        assert_eq!("12O4".parse::<CheckCode>(), Err(CheckCodeFault::NotADigit));
        for digest in ["", &DIGEST[1..], &DIGEST.to_uppercase()] {
            assert_eq!(CheckCode::of_digest(digest), Err(CheckCodeFault::Digest));
        }
    }
}
