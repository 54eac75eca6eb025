use std::collections::BTreeMap;
use std::path::Path;

use super::*;

#[test]
fn the_snapshot_is_not_stale() {
    let now = now().unwrap();
    if std::env::var_os("RENEW").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        std::fs::write(path, &now).unwrap();
        return;
    }
    assert!(
        now == SNAPSHOT,
        "server/openapi.json is stale. Renew it, and the client's types with it: scripts/api"
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document: serde_json::Value = serde_json::from_str(&now().unwrap()).unwrap();
    let mut open = vec![&document];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(fields) => {
                if let Some(target) = fields.get("$ref").and_then(|r| r.as_str()) {
                    let pointer = target.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{target}");
                    seen += 1;
                }
                open.extend(fields.values());
            }
            serde_json::Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(seen > 100, "only {seen} references");
}

/// The schemas that source text derives, with the name under which each is described.
fn derived(text: &str) -> Vec<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let word = |text: &str| text.chars().take_while(|c| is_name(*c)).collect::<String>();
    let after = |text: &str, mark: &str| text.split_once(mark).map(|(_, rest)| word(rest));
    let mut derives = text.split("ToSchema)");
    derives.next();
    let named = derives.filter_map(|rest| {
        let item = rest
            .find("struct ")
            .into_iter()
            .chain(rest.find("enum "))
            .min()?;
        let (attributes, item) = rest.split_at(item);
        let own = item.split_once(' ').map(|(_, rest)| word(rest));
        let own = own.filter(|name| !name.is_empty());
        after(attributes, "schema(as = ").or(own)
    });
    named.collect()
}

fn sources(dir: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            into.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

fn twice(texts: &[String]) -> Vec<String> {
    let mut times = BTreeMap::<String, usize>::new();
    for name in texts.iter().flat_map(|text| derived(text)) {
        *times.entry(name).or_default() += 1;
    }
    let twice = times.into_iter().filter(|(_, times)| *times > 1);
    twice.map(|(name, _)| name).collect()
}

/// Of two types of one name the description would keep the one that came last, without a word.
#[test]
fn no_two_schemas_have_one_name() {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for dir in ["src", "domain/src"] {
        sources(&server.join(dir), &mut texts);
    }
    assert_eq!(twice(&texts), Vec::<String>::new());
    // All that is described was looked at.
    let names: BTreeSet<String> = texts.iter().flat_map(|text| derived(text)).collect();
    let document: serde_json::Value = serde_json::from_str(&now().unwrap()).unwrap();
    let described = document["components"]["schemas"].as_object().unwrap();
    for name in described.keys() {
        assert!(names.contains(name), "{name}");
    }
    let same = [
        "#[derive(ToSchema)]\npub struct Same {}",
        "#[derive(ToSchema)]\n#[schema(as = Same)]\nenum Other {}",
    ];
    assert_eq!(twice(&same.map(str::to_owned)), ["Same"]);
}
