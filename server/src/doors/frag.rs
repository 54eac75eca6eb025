//! `application/trickle-ice-sdpfrag` (RFC 8840 section 9): ICE without a description around it.

use std::fmt::Write as _;

/// What of a fragment matters to a relay that is ICE-lite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    pub ufrag: &'a str,
    /// Of its first m-line.
    pub mid: Option<&'a str>,
}

impl<'a> Fragment<'a> {
    /// `None` for what is no fragment, or lacks the credentials that say to which ICE session it belongs.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (mut ufrag, mut pwd, mut mid) = (None, None, None);
        for line in text.lines().map(str::trim_end) {
            if line.is_empty() {
                continue;
            }
            let (kind, value) = line.split_once('=')?;
            match (kind, value.split_once(':')) {
                ("a", Some(("ice-ufrag", value))) => _ = ufrag.get_or_insert(value),
                ("a", Some(("ice-pwd", value))) => _ = pwd.get_or_insert(value),
                ("a", Some(("mid", value))) => _ = mid.get_or_insert(value),
                ("a" | "m" | "c" | "b", _) => {}
                _ => return None,
            }
        }
        let ice = |value: &&str, least: usize| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
            (least..=256).contains(&value.len()) && value.bytes().all(plain)
        };
        pwd.filter(|pwd| ice(pwd, 22))?;
        Some(Self {
            ufrag: ufrag.filter(|ufrag| ice(ufrag, 4))?,
            mid: mid.filter(|mid| mid.len() <= 32),
        })
    }
}

/// The answer to a restart.
pub fn write(ufrag: &str, pwd: &str, candidates: &[String], mid: &str) -> String {
    let mut text = format!(
        "a=ice-lite\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{mid}\r\n"
    );
    for candidate in candidates {
        let _ = write!(text, "a=candidate:{candidate}\r\n");
    }
    text + "a=end-of-candidates\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_9725_is_read() {
        let text = "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\n\
            a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\n\
            a=end-of-candidates\r\n";
        let fragment = Fragment::parse(text).unwrap();
        assert_eq!((fragment.ufrag, fragment.mid), ("EsAw", Some("0")));
    }

    #[test]
    fn what_is_no_fragment_is_refused() {
        for text in [
            "",
            "a=ice-ufrag:EsAw",
            "a=ice-ufrag:EsAw\r\na=ice-pwd:short",
            "v=0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
            "{}",
            "a=ice-ufrag:Es w\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
        ] {
            assert_eq!(Fragment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let candidate = "1 1 udp 1 127.0.0.1 9 typ host".to_owned();
        let text = write("abcd", &"p".repeat(24), &[candidate], "a0");
        let fragment = Fragment::parse(&text).unwrap();
        assert_eq!((fragment.ufrag, fragment.mid), ("abcd", Some("a0")));
        assert!(text.contains("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"));
    }
}
