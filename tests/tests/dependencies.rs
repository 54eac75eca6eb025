//! Holds the directions of dependencies (docs/ARCHITECTURE.md): three ground floors that know nothing of each other (what the
//! law says, how packets travel, what proves a record), rims above them, and each outside library behind one crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Which of our packages a package may use; `kanjie-tests` may use all.
const OURS: [(&str, &[&str]); 9] = [
    ("kanjie-domain", &[]),
    ("kanjie-media", &[]),
    ("kanjie-evidence", &[]),
    ("kanjie-recordings", &["kanjie-evidence"]),
    (
        "kanjie-store",
        &["kanjie-domain", "kanjie-evidence", TEST_POSTGRES],
    ),
    ("kanjie-documents", &["kanjie-domain"]),
    (
        "kanjie-server",
        &[
            "kanjie-domain",
            "kanjie-store",
            "kanjie-documents",
            "kanjie-media",
            "kanjie-recordings",
            "kanjie-evidence",
            TEST_POSTGRES,
        ],
    ),
    (TESTS, &[]),
    (TEST_POSTGRES, &[]),
];
/// For tests alone: a throw-away server.
const TEST_POSTGRES: &str = "kanjie-test-postgres";
const TESTS: &str = "kanjie-tests";

/// Outside libraries by the beginning of their name, and the only packages that may name them; the tests play the other end.
const OUTSIDE: [(&[&str], &[&str]); 6] = [
    (&["sqlx", "libsqlite3"], &["kanjie-store"]),
    (
        &[
            "axum",
            "tower",
            "reqwest",
            "hyper",
            "tokio-rustls",
            "tokio-tungstenite",
        ],
        &["kanjie-server", TESTS],
    ),
    (&["rtc-", "webrtc", "dimpl"], &["kanjie-media", TESTS]),
    (&["gst", "gstreamer"], &["kanjie-recordings"]),
    (&["object_store"], &["kanjie-recordings"]),
    (&["typst", "qrcode"], &["kanjie-documents"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(["--locked", "--filter-platform", PLATFORM].map(String::from))
        .exec()
        .expect("cargo metadata")
}

fn member<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name)
        .unwrap_or_else(|| panic!("{name} is not in the workspace"))
}

/// Names of everything that ends up in the program, by the resolved graph; dev-dependencies apart.
fn reached(metadata: &Metadata, from: &Package) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<&PackageId, _> =
        resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen = BTreeSet::from([&from.id]);
    let mut todo = vec![&from.id];
    while let Some(id) = todo.pop() {
        for dependency in &nodes[id].deps {
            let normal = |kind: &cargo_metadata::DepKindInfo| kind.kind == DependencyKind::Normal;
            if dependency.dep_kinds.iter().any(normal) && seen.insert(&dependency.pkg) {
                todo.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter()
        .map(|id| metadata[id].name.to_string())
        .collect()
}

#[test]
fn our_packages_depend_downwards_only() {
    let metadata = metadata();
    let allowed = BTreeMap::from(OURS);
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let may = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name}: say in OURS what it may depend on"));
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| d.name.starts_with("kanjie-"))
        {
            assert!(
                name == TESTS || may.contains(&dependency.name.as_str()),
                "{name} must not depend on {}",
                dependency.name
            );
        }
    }
}

#[test]
fn each_outside_library_stays_behind_its_package() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            for (prefixes, owners) in OUTSIDE {
                let named = prefixes
                    .iter()
                    .any(|prefix| dependency.name.starts_with(prefix));
                // Camera ingest may one day use GStreamer in the relay, as a feature.
                let ingest = package.name.as_str() == "kanjie-media"
                    && dependency.optional
                    && dependency.name.starts_with("gst");
                assert!(
                    !named || ingest || owners.contains(&package.name.as_str()),
                    "{} must not use {}: only {owners:?}",
                    package.name,
                    dependency.name
                );
            }
        }
    }
}

#[test]
fn the_pure_packages_reach_no_runtime_clock_or_randomness() {
    let metadata = metadata();
    for name in ["kanjie-domain", "kanjie-evidence"] {
        let reached = reached(&metadata, member(&metadata, name));
        for forbidden in [
            "tokio",
            "async-std",
            "mio",
            "socket2",
            "rand",
            "getrandom",
            "aws-lc-rs",
        ] {
            assert!(!reached.contains(forbidden), "{name} reaches {forbidden}");
        }
    }
}

/// `cargo metadata` unites features with those of the tests, which bring another provider along; `cargo tree` does not.
#[test]
fn the_programs_hold_one_provider_of_cryptography() {
    for package in ["kanjie-server", "kanjie-evidence"] {
        let tree = Command::new(env!("CARGO"))
            .args([
                "tree", "--locked", "-e", "normal", "--prefix", "none", "--format", "{p}",
            ])
            .args(["--target", PLATFORM, "-p", package])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo tree");
        assert!(
            tree.status.success(),
            "{}",
            String::from_utf8_lossy(&tree.stderr)
        );
        let tree = String::from_utf8(tree.stdout).expect("names in UTF-8");
        assert!(
            tree.starts_with(package),
            "cargo tree says something else: {tree}"
        );
        for forbidden in ["ring ", "openssl ", "openssl-sys ", "native-tls "] {
            let found = tree.lines().find(|line| line.starts_with(forbidden));
            assert_eq!(found, None, "in the tree of {package}");
        }
    }
}
