//! The bag itself: which files there are, their digests, the signature over them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Fault, VerifyError, decision_name};
use crate::canonical;
use crate::digest::{Digester, Hash, h};
use crate::key::{self, Key, KeyId, Keys, Signature, Signer};
use crate::segment::SegmentId;

const BAGIT: &str = "bagit.txt";
const BAG_INFO: &str = "bag-info.txt";
const MANIFEST: &str = "manifest-sha256.txt";
const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(super) const SIGNATURE: &str = "signatures/package.json";
pub(super) const JOURNAL: &str = "data/journal.jsonl";
pub(super) const CHECKPOINTS: &str = "data/checkpoints.jsonl";
pub(super) const SESSION: &str = "data/session.json";
pub(super) const KEYS: &str = "data/keys.json";
const VERIFY_TEXT: &str = "data/VERIFY.txt";
pub(super) const TRACKS: &str = "data/media/tracks.json";

const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const REQUIRED: [&str; 10] = [
    BAGIT,
    BAG_INFO,
    MANIFEST,
    TAG_MANIFEST,
    SIGNATURE,
    JOURNAL,
    CHECKPOINTS,
    SESSION,
    KEYS,
    VERIFY_TEXT,
];
/// The tag files that the tag manifest lists: all but itself and the signature, which covers it.
const TAG_FILES: [&str; 3] = [BAG_INFO, BAGIT, MANIFEST];
const DEPTH: usize = 3;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureFile {
    key: KeyId,
    signature: Signature,
    tagmanifest: Hash,
    v: u8,
}

/// A bag whose files are all there, and are what the manifests say.
#[derive(Debug)]
pub(super) struct Bag {
    root: PathBuf,
    tag_manifest: Vec<u8>,
    /// Of the payload, by path from the bag's root.
    digests: BTreeMap<String, Hash>,
}

impl Bag {
    pub(super) fn open(root: &Path) -> Result<Self, VerifyError> {
        let found = files(root)?;
        for path in &found {
            if !allowed(path) {
                return Err(Fault::new(path, "does not belong in a package").into());
            }
        }
        if let Some(missing) = REQUIRED.into_iter().find(|path| !found.contains(*path)) {
            return Err(Fault::new(missing, "missing").into());
        }
        let mut bag = Self {
            root: root.to_owned(),
            tag_manifest: Vec::new(),
            digests: BTreeMap::new(),
        };
        bag.tag_manifest = bag.read(TAG_MANIFEST)?;
        let tags = parse_manifest(TAG_MANIFEST, &bag.tag_manifest)?;
        same_names(TAG_MANIFEST, &tags, &TAG_FILES.map(str::to_owned).into())?;
        bag.check_digests(&tags)?;
        if bag.read(BAGIT)? != DECLARATION.as_bytes() {
            return Err(Fault::new(BAGIT, "not the declaration of BagIt 1.0").into());
        }
        bag.digests = parse_manifest(MANIFEST, &bag.read(MANIFEST)?)?;
        let payload = found.into_iter().filter(|path| path.starts_with("data/"));
        same_names(MANIFEST, &bag.digests, &payload.collect())?;
        bag.check_digests(&bag.digests)?;
        Ok(bag)
    }

    fn check_digests(&self, manifest: &BTreeMap<String, Hash>) -> Result<(), VerifyError> {
        for (path, expected) in manifest {
            if digest_of(&self.root.join(path)).map_err(|e| self.fault(path, e))? != *expected {
                return Err(Fault::new(path, "changed: not the digest in the manifest").into());
            }
        }
        Ok(())
    }

    pub(super) fn check_signature(&self, keys: &Keys) -> Result<Key, VerifyError> {
        let fault = |what: &str| Fault::new(SIGNATURE, what);
        let file: SignatureFile =
            canonical::parse(&self.read(SIGNATURE)?).map_err(|e| Fault::new(SIGNATURE, e))?;
        if file.v != 1 {
            return Err(fault("unknown version").into());
        }
        if file.tagmanifest != h(&[&self.tag_manifest]) {
            return Err(fault("not of this tag manifest").into());
        }
        let key = keys
            .get(&file.key)
            .ok_or_else(|| fault("signed by a key that keys.json lacks"))?;
        if key::verify(
            &key.public,
            &signed_message(&self.tag_manifest),
            &file.signature,
        ) {
            Ok(*key)
        } else {
            Err(fault("the signature does not hold").into())
        }
    }

    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, VerifyError> {
        fs::read(self.root.join(path)).map_err(|e| self.fault(path, e))
    }

    pub(super) fn open_file(&self, path: &str) -> Result<File, VerifyError> {
        File::open(self.root.join(path)).map_err(|e| self.fault(path, e))
    }

    /// The file's digest, if the package has that file.
    pub(super) fn digest(&self, path: &str) -> Option<Hash> {
        self.digests.get(path).copied()
    }

    pub(super) fn length(&self, path: &str) -> Result<u64, VerifyError> {
        let metadata = fs::metadata(self.root.join(path)).map_err(|e| self.fault(path, e))?;
        Ok(metadata.len())
    }

    /// Names in `folder` (`data/stills/`), without it.
    pub(super) fn names<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.digests
            .keys()
            .filter_map(move |path| path.strip_prefix(folder))
    }

    pub(super) fn count(&self) -> usize {
        self.digests.len() + TAG_FILES.len() + 2
    }

    pub(super) fn fault(&self, path: &str, error: io::Error) -> VerifyError {
        unreadable(&self.root.join(path), path, error)
    }
}

fn unreadable(full: &Path, path: &str, error: io::Error) -> VerifyError {
    if error.kind() == io::ErrorKind::NotFound {
        return Fault::new(path, "missing").into();
    }
    VerifyError::Unreadable {
        path: full.to_owned(),
        error,
    }
}

fn signed_message(tag_manifest: &[u8]) -> Vec<u8> {
    [b"kanjie package v1\n", tag_manifest].concat()
}

fn same_names(
    manifest: &str,
    listed: &BTreeMap<String, Hash>,
    present: &BTreeSet<String>,
) -> Result<(), Fault> {
    if let Some(extra) = present.iter().find(|path| !listed.contains_key(*path)) {
        return Err(Fault::new(extra, format!("not listed in {manifest}")));
    }
    match listed.keys().find(|path| !present.contains(*path)) {
        Some(missing) => Err(Fault::new(missing, "missing")),
        None => Ok(()),
    }
}

/// Paths of all files under `root`, `/` between the parts.
fn files(root: &Path) -> Result<BTreeSet<String>, VerifyError> {
    let unreadable = |error| VerifyError::Unreadable {
        path: root.to_owned(),
        error,
    };
    // The root may be reached by a link; nothing inside may be one.
    if !fs::metadata(root).map_err(unreadable)?.is_dir() {
        return Err(Fault::new(".", "a package is a directory").into());
    }
    let mut found = BTreeSet::new();
    walk(root, "", DEPTH, &mut found)?;
    Ok(found)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut BTreeSet<String>,
) -> Result<(), VerifyError> {
    let place = if prefix.is_empty() { "." } else { prefix };
    let mut empty = true;
    for entry in fs::read_dir(folder).map_err(|e| unreadable(folder, place, e))? {
        let entry = entry.map_err(|e| unreadable(folder, place, e))?;
        empty = false;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| plain_name(name)) else {
            let name = name.to_string_lossy();
            return Err(
                Fault::new(format!("{prefix}{name}"), "does not belong in a package").into(),
            );
        };
        let path = format!("{prefix}{name}");
        let kind = entry
            .file_type()
            .map_err(|e| unreadable(&entry.path(), &path, e))?;
        if kind.is_dir() && depth > 0 {
            walk(&entry.path(), &format!("{path}/"), depth - 1, found)?;
        } else if kind.is_file() {
            found.insert(path);
        } else {
            return Err(Fault::new(path, "not a plain file").into());
        }
    }
    if empty {
        return Err(Fault::new(place, "an empty directory").into());
    }
    Ok(())
}

fn plain_name(name: &str) -> bool {
    !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether a package may hold a file at `path`, whose parts are plain names.
fn allowed(path: &str) -> bool {
    if REQUIRED.contains(&path) || path == TRACKS {
        return true;
    }
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    match (folder, extension) {
        ("data/recording", "pcapng") => stem.parse::<SegmentId>().is_ok(),
        ("data/media", "mp4") | ("data/stills", "jpg" | "png") => !stem.is_empty(),
        ("data/documents", "pdf" | "json") => stem == "record" || is_decision(stem),
        ("data/receipts", "pdf" | "json") => {
            stem.parse::<u64>().is_ok_and(|n| n.to_string() == stem)
        }
        _ => false,
    }
}

/// `decision`, `decision-2`, `decision-3` …
fn is_decision(stem: &str) -> bool {
    let nth = match stem.strip_prefix("decision-") {
        None => return stem == "decision",
        Some(nth) => nth.parse::<usize>(),
    };
    nth.is_ok_and(|nth| nth > 1 && decision_name(nth) == stem)
}

fn parse_manifest(name: &str, bytes: &[u8]) -> Result<BTreeMap<String, Hash>, Fault> {
    let mut listed = BTreeMap::new();
    for (number, line) in (1..).zip(bytes.split_inclusive(|b| *b == b'\n')) {
        let (digest, path) = manifest_line(line)
            .ok_or_else(|| Fault::new(format!("{name} line {number}"), "malformed"))?;
        listed.insert(path, digest);
    }
    // One spelling: sorted, each file once, LF after each.
    if render_manifest(&listed).as_bytes() == bytes {
        Ok(listed)
    } else {
        Err(Fault::new(name, "not sorted, or a file twice"))
    }
}

fn manifest_line(line: &[u8]) -> Option<(Hash, String)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (digest, path) = line.split_once("  ")?;
    Some((digest.parse().ok()?, path.to_owned()))
}

fn render_manifest(listed: &BTreeMap<String, Hash>) -> String {
    listed
        .iter()
        .map(|(path, digest)| format!("{digest}  {path}\n"))
        .collect()
}

fn digest_of(path: &Path) -> io::Result<Hash> {
    let mut file = File::open(path)?;
    let mut digester = Digester::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digester.finish()),
            n => digester.update(&buffer[..n]),
        }
    }
}

/// Makes a bag of the directory `root`, whose `data/` is complete: writes the declaration, `bag-info.txt` of `info`
/// (label, value) with the payload's size, both manifests and the signature.
///
/// # Errors
/// When a file cannot be read or written, or `data/` holds what does not belong in a package.
pub fn seal(root: &Path, info: &[(&str, &str)], signer: &dyn Signer) -> io::Result<()> {
    let payload = files(root).map_err(io::Error::other)?;
    let mut digests = BTreeMap::new();
    let mut bytes = 0;
    for path in payload {
        if !path.starts_with("data/") || !allowed(&path) {
            return Err(io::Error::other(format!(
                "{path} does not belong in a package"
            )));
        }
        bytes += fs::metadata(root.join(&path))?.len();
        digests.insert(path.clone(), digest_of(&root.join(&path))?);
    }
    let oxum = format!("{bytes}.{}", digests.len());
    let mut text = String::new();
    for (label, value) in info.iter().chain(&[("Payload-Oxum", oxum.as_str())]) {
        // A line break in a value would begin a label of its own.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        text.push_str(&format!("{label}: {value}\n"));
    }
    fs::write(root.join(BAGIT), DECLARATION)?;
    fs::write(root.join(BAG_INFO), text)?;
    fs::write(root.join(MANIFEST), render_manifest(&digests))?;
    let mut tags = BTreeMap::new();
    for path in TAG_FILES {
        tags.insert(path.to_owned(), digest_of(&root.join(path))?);
    }
    let tag_manifest = render_manifest(&tags);
    fs::write(root.join(TAG_MANIFEST), &tag_manifest)?;
    let signature = SignatureFile {
        key: signer.key_id(),
        signature: signer.sign(&signed_message(tag_manifest.as_bytes())),
        tagmanifest: h(&[tag_manifest.as_bytes()]),
        v: 1,
    };
    let json = canonical::to_string(&signature).map_err(io::Error::other)?;
    fs::create_dir_all(root.join("signatures"))?;
    fs::write(root.join(SIGNATURE), json)
}
