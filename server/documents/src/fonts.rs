//! The fonts that documents are set in, found once a process (some 90 MB, read at the first document).

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use typst::foundations::Bytes;
use typst::text::Font;

use crate::DocumentError;

/// Where distributions put the Noto CJK collections.
const PLACES: [&str; 4] = [
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/noto-cjk",
    "/usr/share/fonts/google-noto-serif-cjk-fonts",
    "/usr/share/fonts/google-noto-sans-cjk-fonts",
];
const FILES: [&str; 4] = [
    "NotoSerifCJK-Regular.ttc",
    "NotoSerifCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJK-Bold.ttc",
];
/// Of each collection the faces with the forms of mainland China.
const FAMILIES: [&str; 3] = [
    "Noto Serif CJK SC",
    "Noto Sans CJK SC",
    "Noto Sans Mono CJK SC",
];

/// The faces, shared by all documents. An error is not kept: the fonts may be installed meanwhile.
pub(crate) fn fonts() -> Result<&'static [Font], DocumentError> {
    static FONTS: OnceLock<Vec<Font>> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let loaded = load(&PLACES.map(Path::new))?;
    Ok(FONTS.get_or_init(|| loaded))
}

fn load(places: &[&Path]) -> Result<Vec<Font>, DocumentError> {
    let mut fonts = Vec::new();
    for file in FILES {
        let path = find(places, file)?;
        let data = std::fs::read(&path).map_err(|source| DocumentError::FontUnreadable {
            file: path.display().to_string(),
            source,
        })?;
        let faces = Font::iter(Bytes::new(data));
        fonts.extend(faces.filter(|face| FAMILIES.contains(&face.info().family.as_str())));
    }
    Ok(fonts)
}

fn find(places: &[&Path], file: &'static str) -> Result<PathBuf, DocumentError> {
    let candidates = places.iter().map(|place| place.join(file));
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let looked_in: Vec<_> = places
                .iter()
                .map(|place| place.display().to_string())
                .collect();
            DocumentError::FontMissing {
                file,
                looked_in: looked_in.join(", "),
            }
        })
}

/// Whether every face of some family has this character, so that it prints wherever it stands.
pub(crate) fn covers(fonts: &[Font], character: char) -> bool {
    let code = u32::from(character);
    fonts.iter().any(|font| font.info().coverage.contains(code))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn missing_fonts_are_named_with_the_package_that_has_them() {
        let empty = tempfile::tempdir().unwrap();
        let error = load(&[empty.path()]).unwrap_err().to_string();
        assert!(error.contains("NotoSerifCJK-Regular.ttc"), "{error}");
        assert!(error.contains("fonts-noto-cjk"), "{error}");
    }

    #[test]
    fn all_faces_are_there() {
        let fonts = fonts().unwrap();
        for family in FAMILIES {
            let faces = fonts.iter().filter(|font| font.info().family == family);
            assert_eq!(faces.count(), 2, "{family}");
        }
        assert!(covers(fonts, '勘'));
        assert!(!covers(fonts, '\u{1F600}'));
    }
}
