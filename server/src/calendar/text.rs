//! Content lines of RFC 5545: folded at 75 octets, never within a character; texts escaped; moments in UTC.

use jiff::Timestamp;

/// Octets of a line without its break (section 3.1).
const WIDTH: usize = 75;

/// Writes line after line.
#[derive(Debug, Default)]
pub struct Writer(String);

impl Writer {
    /// A value that needs no escaping: a word, a number, an address.
    pub fn line(&mut self, name: &str, value: &str) {
        // No value ends its line: what would be a break is left out.
        let line: String = [name, ":", value]
            .concat()
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        let mut width = 0;
        for character in line.chars() {
            if width + character.len_utf8() > WIDTH {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(character);
            width += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// A TEXT value (section 3.3.11).
    pub fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for character in value.replace("\r\n", "\n").chars() {
            match character {
                '\\' | ';' | ',' => {
                    escaped.push('\\');
                    escaped.push(character);
                }
                '\n' => escaped.push_str("\\n"),
                _ => escaped.push(character),
            }
        }
        self.line(name, &escaped);
    }

    /// A DATE-TIME in UTC (section 3.3.5), from UTC µs.
    pub fn moment(&mut self, name: &str, at: i64) {
        if let Ok(at) = Timestamp::from_microsecond(at) {
            self.line(name, &at.strftime("%Y%m%dT%H%M%SZ").to_string());
        }
    }

    /// All that was written.
    #[must_use]
    pub fn end(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_by_octets_and_never_within_a_character() {
        let mut to = Writer::default();
        let long = "示例，".repeat(40) + "end";
        to.text("SUMMARY", &long);
        let text = to.end();
        assert!(text.lines().count() > 3);
        for line in text.split_terminator("\r\n") {
            assert!(line.len() <= 75, "{}", line.len());
        }
        assert_eq!(text.replace("\r\n ", ""), format!("SUMMARY:{long}\r\n"));
    }

    #[test]
    fn what_would_end_a_value_is_escaped() {
        let mut to = Writer::default();
        to.text("SUMMARY", "a;b,c\\d\r\ne\nf\rEND:VEVENT");
        assert_eq!(to.end(), "SUMMARY:a\\;b\\,c\\\\d\\ne\\nfEND:VEVENT\r\n");
        let mut to = Writer::default();
        to.line("URL", "https://a\r\nEND:VCALENDAR");
        assert_eq!(to.end(), "URL:https://aEND:VCALENDAR\r\n");
    }

    #[test]
    fn moments_are_in_utc() {
        let mut to = Writer::default();
        to.moment("DTSTART", 1_795_510_800_000_000);
        assert_eq!(to.end(), "DTSTART:20261124T090000Z\r\n");
    }
}
