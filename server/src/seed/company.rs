//! Example companies: each plainly one, with a code whose check character is right.

use kanjie_domain::PersonId;
use kanjie_domain::uscc::{Uscc, UsccError};
use kanjie_store::Person;

use super::dice::Dice;

const BRAND: [&str; 40] = [
    "东", "方", "长", "江", "云", "海", "明", "德", "安", "康", "永", "兴", "和", "顺", "金", "桥",
    "泰", "山", "朝", "阳", "华", "盛", "福", "源", "天", "成", "瑞", "丰", "春", "林", "新", "宇",
    "嘉", "禾", "万", "里", "星", "辰", "博", "雅",
];
const TRADE: [&str; 16] = [
    "餐饮",
    "食品",
    "商贸",
    "医药",
    "美容",
    "酒店",
    "物流",
    "印刷",
    "培训",
    "建材",
    "机械",
    "电子",
    "科技",
    "环保",
    "文化传媒",
    "生物科技",
];
const FORM: [&str; 4] = ["有限公司", "有限责任公司", "股份有限公司", "店"];

/// A company that applies, and the person who does so for it.
#[derive(Clone, Debug)]
pub struct Company {
    pub name: String,
    pub uscc: String,
    pub applicant: Person,
}

/// The company of that number; the same for the same seed.
#[must_use]
pub fn company(seed: u64, number: u64) -> Company {
    let mut dice = Dice::new(seed ^ 0xC0, number);
    let mut part = |of: &[&'static str]| dice.pick(of).copied().unwrap_or_default();
    let name = format!(
        "示例{}{}{}{}",
        part(&BRAND),
        part(&BRAND),
        part(&TRADE),
        part(&FORM)
    );
    let applicant = Person {
        id: PersonId(format!("example-{seed}-{number}")),
        name: format!("示例申请人{number}"),
        organisation: name.clone(),
        department: None,
        // No operator gives out numbers of this kind to people.
        phone: format!("1390000{:04}", number % 10_000),
    };
    Company {
        uscc: uscc(number),
        name,
        applicant,
    }
}

/// Of a registration authority that does not exist (000000).
fn uscc(number: u64) -> String {
    let body = format!("91000000MA{:07}", number % 10_000_000);
    match Uscc::parse(&format!("{body}0")) {
        Err(UsccError::Check { expected }) => format!("{body}{expected}"),
        _ => format!("{body}0"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_company_has_a_code_that_checks() {
        for number in 0..500 {
            let company = company(1, number);
            assert_eq!(Uscc::parse(&company.uscc).unwrap().as_str(), company.uscc);
            assert!(company.name.starts_with("示例"));
        }
    }
}
