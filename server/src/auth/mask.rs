//! What a page may show of a person before the code was entered.

/// The first character, then stars: enough to see that the link is one's own.
#[must_use]
pub fn name(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(String::from).unwrap_or_default();
    first + &"*".repeat(characters.count().clamp(1, 4))
}

/// The first three and the last four digits; of a short number the last two alone.
#[must_use]
pub fn phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    if digits.len() < 11 {
        let tail: String = digits.iter().skip(digits.len().saturating_sub(2)).collect();
        return format!("****{tail}");
    }
    let head: String = digits.iter().take(3).collect();
    let tail: String = digits.iter().skip(digits.len() - 4).collect();
    format!("{head}****{tail}")
}

/// A phone as [`phone`]; of an e-mail address the first character and the domain.
#[must_use]
pub fn recipient(recipient: &str) -> String {
    match recipient.split_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => phone(recipient),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_little() {
        assert_eq!(name("示例申请人"), "示****");
        assert_eq!(name("王"), "王*");
        assert_eq!(name(""), "*");
        assert_eq!(phone("13800000005"), "138****0005");
        assert_eq!(phone("12345"), "****45");
        assert_eq!(recipient("13800000005"), "138****0005");
        assert_eq!(recipient("kanjie@example.com"), "k***@example.com");
    }
}
