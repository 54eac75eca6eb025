//! Words to find a case by. Chinese has no spaces, and no database splits it as another does: a text is kept by its pairs of
//! neighbouring characters, a case's number by its last part.

use std::collections::BTreeSet;

use kanjie_domain::uscc::Uscc;

/// Bounds the work that one question may cause.
const MOST: usize = 12;

/// What somebody typed to find cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// A 统一社会信用代码 whose check character is right.
    Company(String),
    /// Letters and digits alone, with a digit among them: a case's number or the end of one, in its parts.
    Number(Vec<String>),
    /// Words of the applicant's name and the item's title.
    Words(Vec<String>),
}

impl Question {
    /// `None` where there is nothing to look for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(company) = Uscc::parse(&text.chars().map(narrow).collect::<String>()) {
            return Some(Self::Company(company.as_str().to_owned()));
        }
        let runs = runs(text);
        let mut characters = runs.iter().flat_map(|run| run.chars());
        let plain = characters.clone().all(|c| c.is_ascii());
        if plain && characters.any(|c| c.is_ascii_digit()) {
            return Some(Self::Number(runs));
        }
        (!runs.is_empty()).then_some(Self::Words(runs))
    }

    /// Every case that answers the question is kept under each of these; none where only looking at each helps.
    pub(crate) fn terms(&self) -> Vec<String> {
        match self {
            Self::Company(_) => Vec::new(),
            Self::Number(parts) => parts
                .last()
                .map(|part| of_number(part))
                .into_iter()
                .collect(),
            Self::Words(words) => {
                let pairs: BTreeSet<String> = words.iter().flat_map(|word| pairs(word)).collect();
                pairs.into_iter().take(MOST).collect()
            }
        }
    }

    /// Whether a case with these answers it.
    pub(crate) fn holds(
        &self,
        case_no: &str,
        applicant: &str,
        item_title: &str,
        uscc: &str,
    ) -> bool {
        match self {
            Self::Company(company) => company == uscc,
            Self::Number(parts) => runs(case_no).ends_with(parts),
            Self::Words(words) => {
                let kept = [runs(applicant), runs(item_title)].concat();
                words
                    .iter()
                    .all(|word| kept.iter().any(|run| run.contains(word.as_str())))
            }
        }
    }
}

/// What a case is kept under, without doubles.
pub(crate) fn of_case(case_no: &str, applicant: &str, item_title: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for run in runs(applicant).iter().chain(&runs(item_title)) {
        terms.extend(pairs(run));
    }
    terms.extend(runs(case_no).last().map(|part| of_number(part)));
    terms
}

fn of_number(part: &str) -> String {
    format!("#{part}")
}

fn pairs(run: &str) -> impl Iterator<Item = String> + '_ {
    let second = run.chars().skip(1);
    run.chars()
        .zip(second)
        .map(|(a, b)| [a, b].iter().collect())
}

/// Runs of letters, digits and Chinese characters between everything else, in lower case. Full-width forms count as their
/// narrow ones.
fn runs(text: &str) -> Vec<String> {
    let text: String = text
        .chars()
        .map(narrow)
        .flat_map(char::to_lowercase)
        .collect();
    let runs = text.split(|c: char| !c.is_alphanumeric());
    runs.filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect()
}

/// U+FF01–U+FF5E are U+0021–U+007E set wide.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;

    fn holds(question: &str) -> bool {
        let question = Question::parse(question).unwrap();
        let (case_no, applicant, title) = (
            "SL-2026-0042",
            "示例云海餐饮（East）有限公司",
            "食品经营许可·新办",
        );
        let kept = of_case(case_no, applicant, title);
        let holds = question.holds(case_no, applicant, title, "91350100M000100Y43");
        // Otherwise the case could not be found by them.
        assert!(!holds || question.terms().iter().all(|term| kept.contains(term)));
        holds
    }

    #[rstest]
    #[case::pair("云海", true)]
    #[case::one_character("海", true)]
    #[case::words_of_both("云海 经营许可", true)]
    #[case::small_letters("east", true)]
    #[case::wide_letters("ＥＡＳＴ", true)]
    #[case::pairs_that_do_not_meet("示例餐饮", false)]
    #[case::over_a_mark("餐饮有限", false)]
    #[case::number("sl-2026-0042", true)]
    #[case::end_of_the_number("0042", true)]
    #[case::wide_digits("２０２６－００４２", true)]
    #[case::other_year("2025-0042", false)]
    #[case::part_of_an_end("42", false)]
    #[case::company("91350100m000100y43", true)]
    #[case::wrong_check_character("91350100M000100Y44", false)]
    fn a_case_is_found_by_what_it_says(#[case] question: &str, #[case] found: bool) {
        assert_eq!(holds(question), found);
    }

    #[test]
    fn marks_alone_ask_for_nothing() {
        assert_eq!(Question::parse("（，。）"), None);
    }

    #[test]
    fn a_question_has_bounds() {
        let long: String = ('a'..='z').collect();
        assert_eq!(Question::parse(&long).unwrap().terms().len(), MOST);
    }
}
