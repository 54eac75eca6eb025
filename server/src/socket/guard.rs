//! What a socket measures a client by: nesting of its JSON, rate of its commands, count of its bad frames.

use std::time::Duration;

use tokio::time::Instant;

/// Whether `text` nests arrays and objects at most `limit` deep; brackets inside strings do not count. Looks at the text
/// before any parser does, so depth costs a stranger's frame nothing but this scan.
#[must_use]
pub fn within_depth(text: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// A token bucket: `burst` at once, then `per_second`.
#[derive(Debug)]
pub struct Bucket {
    tokens: f64,
    burst: f64,
    per_second: f64,
    filled: Instant,
}

impl Bucket {
    #[must_use]
    pub fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self {
            tokens: f64::from(burst),
            burst: f64::from(burst),
            per_second: f64::from(per_second),
            filled: now,
        }
    }

    /// Takes one token, or says that there is none.
    pub fn take(&mut self, now: Instant) -> bool {
        let since: Duration = now.saturating_duration_since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + since.as_secs_f64() * self.per_second).min(self.burst);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert!(within_depth(&"[".repeat(32), 32));
        assert!(!within_depth(&"[".repeat(33), 32));
        assert!(within_depth(r#"{"a":"[[[[\"[[[["}"#, 1));
        assert!(within_depth("[][][][]", 1));
    }

    #[test]
    fn bucket_gives_its_burst_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(20, 40, start);
        assert!((0..40).all(|_| bucket.take(start)));
        assert!(!bucket.take(start));
        assert!(bucket.take(start + Duration::from_millis(51)));
        assert!(!bucket.take(start + Duration::from_millis(52)));
    }
}
