//! Example service guides (办事指南, 示例) of the permit items that have a survey template. A bureau replaces them.

use kanjie_domain::case::Guide;
use kanjie_domain::template::Template;
use serde::Deserialize;

const GUIDES: &str = include_str!("guides.json");

#[derive(Deserialize)]
struct Example {
    title: String,
    guide: Guide,
}

fn examples() -> Vec<Example> {
    // The file is part of the program; a test holds that it parses.
    serde_json::from_str(GUIDES).unwrap_or_default()
}

/// The guide of an item as it stands.
#[must_use]
pub fn of(item: &str) -> Option<Guide> {
    let mut examples = examples().into_iter();
    let example = examples.find(|example| example.guide.item == item);
    example.map(|example| example.guide)
}

/// What the item is called.
#[must_use]
pub fn title(item: &str) -> Option<String> {
    let mut examples = examples().into_iter();
    let example = examples.find(|example| example.guide.item == item);
    example.map(|example| example.title)
}

/// The survey template of an item.
#[must_use]
pub fn template(item: &str) -> Option<Template> {
    let mut templates = kanjie_domain::templates().into_iter();
    templates.find(|template| template.key == item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_survey_template_has_a_guide() {
        let templates = kanjie_domain::templates();
        assert_eq!(examples().len(), templates.len());
        for template in templates {
            let guide = of(&template.key).unwrap();
            assert!(guide.version.contains("示例"), "{}", template.key);
            assert!(!guide.materials.is_empty(), "{}", template.key);
            assert!(title(&template.key).is_some());
        }
    }
}
