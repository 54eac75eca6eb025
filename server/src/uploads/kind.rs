//! What a file is, by its first bytes: what it says of itself counts for nothing.

/// What a case takes as material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    Jpeg,
    Png,
    WebP,
    Heic,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Pdf, Self::Jpeg, Self::Png, Self::WebP, Self::Heic];

    /// By the signatures of the formats (ISO 32000, ISO 10918, PNG, RIFF/WebP, ISO 23008-12).
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let at = |from: usize, signature: &[u8]| {
            bytes
                .get(from..)
                .is_some_and(|rest| rest.starts_with(signature))
        };
        if at(0, b"%PDF-") {
            Some(Self::Pdf)
        } else if at(0, b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if at(0, b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if at(0, b"RIFF") && at(8, b"WEBP") {
            Some(Self::WebP)
        } else if at(4, b"ftyp")
            && [b"heic", b"heix", b"mif1"]
                .iter()
                .any(|brand| at(8, *brand))
        {
            Some(Self::Heic)
        } else {
            None
        }
    }

    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heic => "image/heic",
        }
    }

    /// By its media type.
    #[must_use]
    pub fn named(media_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.media_type() == media_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        for (bytes, kind) in [
            (&b"%PDF-1.7\n"[..], Some(Kind::Pdf)),
            (b"\xff\xd8\xff\xe0", Some(Kind::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0", Some(Kind::Png)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(Kind::WebP)),
            (b"RIFF\0\0\0\0WAVEfmt ", None),
            (b"\0\0\0\x18ftypheic", Some(Kind::Heic)),
            (b"\0\0\0\x18ftypisom", None),
            (b"<html>%PDF-", None),
            (b"MZ", None),
            (b"", None),
        ] {
            assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
        }
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.media_type()), Some(kind));
        }
        assert_eq!(Kind::named("text/html"), None);
    }
}
