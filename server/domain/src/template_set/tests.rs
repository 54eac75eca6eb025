#![allow(clippy::unwrap_used)]

use rstest::rstest;

use super::*;
use crate::seed::templates;
use crate::tests::case_play::{CasePlay, date, guide};

const ITEM: &str = "food_catering";

fn version(name: &str, from: &str, until: Option<&str>) -> TemplateVersion {
    let mut template = templates().swap_remove(0);
    name.clone_into(&mut template.version);
    TemplateVersion {
        from: date(from),
        until: until.map(date),
        suitability: Suitability::Remote,
        guide: Guide {
            version: name.to_owned(),
            ..guide()
        },
        template,
        texts: PaperTexts::example().unwrap(),
    }
}

fn two() -> Vec<TemplateVersion> {
    vec![
        version("b", "2026-07-01", None),
        version("a", "2026-01-01", Some("2026-06-30")),
    ]
}

fn set() -> TemplateSet {
    TemplateSet::new(ITEM, two()).unwrap()
}

#[rstest]
#[case::first_day("2026-01-01", Some("a"))]
#[case::last_day("2026-06-30", Some("a"))]
#[case::next_version("2026-07-01", Some("b"))]
#[case::until_further_notice("2036-07-01", Some("b"))]
#[case::before_the_first("2025-12-31", None)]
fn a_case_begins_with_the_version_in_force(#[case] day: &str, #[case] name: Option<&str>) {
    let set = set();
    let found = set.on(date(day));
    match name {
        Some(name) => assert_eq!(found.unwrap().name(), name),
        None => assert_eq!(found, Err(TemplateFault::NoneInForce(date(day)))),
    }
}

#[test]
fn after_the_last_day_of_the_last_version_none_is_in_force() {
    let one = version("a", "2026-01-01", Some("2026-06-30"));
    let set = TemplateSet::new(ITEM, vec![one]).unwrap();
    let day = date("2026-07-01");
    assert_eq!(set.on(day), Err(TemplateFault::NoneInForce(day)));
}

#[test]
fn a_case_keeps_the_version_it_began_with() {
    let set = set();
    let began = set.on(date("2026-03-02")).unwrap();
    let mut play = CasePlay::opened_by("case-1", began.guide.clone(), "2026-03-02");
    play.to("2026-07-06");
    assert_eq!(set.on(date("2026-07-06")).unwrap().name(), "b");
    assert_eq!(set.of(&play.case).unwrap().name(), "a");
}

#[test]
fn a_case_of_another_item_or_an_unknown_version_has_none_here() {
    for guide in [
        Guide {
            item: "outdoor_ad".to_owned(),
            version: "a".to_owned(),
            ..guide()
        },
        Guide {
            version: "c".to_owned(),
            ..guide()
        },
    ] {
        let name = guide.version.clone();
        let play = CasePlay::opened_by("case-1", guide, "2026-03-02");
        assert_eq!(set().of(&play.case), Err(TemplateFault::Unknown(name)));
    }
}

#[rstest]
#[case::a_day_twice("2026-06-30", TemplateFault::Overlap("a".to_owned(), "b".to_owned()))]
#[case::a_day_never("2026-07-02", TemplateFault::Gap("a".to_owned(), "b".to_owned()))]
fn versions_follow_each_other_day_after_day(#[case] from: &str, #[case] fault: TemplateFault) {
    let mut versions = two();
    versions[0].from = date(from);
    assert_eq!(TemplateSet::new(ITEM, versions), Err(fault));
}

#[test]
fn a_version_without_end_is_the_last() {
    let mut versions = two();
    versions[1].until = None;
    let fault = TemplateFault::Overlap("a".to_owned(), "b".to_owned());
    assert_eq!(TemplateSet::new(ITEM, versions), Err(fault));
}

type Change = fn(&mut TemplateVersion);

#[rstest]
#[case::ends_first(|of: &mut TemplateVersion| of.until = Some(date("2026-06-30")), "ends before")]
#[case::name_twice(|of: &mut TemplateVersion| { of.template.version = "a".to_owned(); of.guide.version = "a".to_owned(); }, "two versions")]
#[case::other_item(|of: &mut TemplateVersion| of.template.key = "x".to_owned(), "another item")]
#[case::other_guide(|of: &mut TemplateVersion| of.guide.item = "x".to_owned(), "another item")]
#[case::guide_of_another_version(|of: &mut TemplateVersion| of.guide.version = "a".to_owned(), "another item")]
#[case::no_items(|of: &mut TemplateVersion| of.template.items.clear(), "empty")]
#[case::item_twice(|of: &mut TemplateVersion| { let again = of.template.items[0].clone(); of.template.items.push(again); }, "twice")]
#[case::no_gloss(|of: &mut TemplateVersion| of.template.items[0].gloss.clear(), "English")]
#[case::three_on_site(|of: &mut TemplateVersion| { of.suitability = Suitability::Hybrid; of.template.settings.staff_on_site = 3; }, "more than two")]
#[case::contradiction(|of: &mut TemplateVersion| of.template.settings.staff_on_site = 1, "yet remote")]
#[case::no_notice(|of: &mut TemplateVersion| of.template.settings.notice_text = " ".to_owned(), "notice")]
#[case::no_notice_version(|of: &mut TemplateVersion| of.template.settings.notice_version.clear(), "notice")]
#[case::beyond_the_law(|of: &mut TemplateVersion| of.guide.time.notice = 6, "guide is refused")]
fn a_version_that_contradicts_itself_is_refused(#[case] change: Change, #[case] says: &str) {
    let mut versions = two();
    change(&mut versions[0]);
    let fault = TemplateSet::new(ITEM, versions).unwrap_err();
    assert!(fault.to_string().contains(says), "{fault}");
}

#[rstest]
#[case(Suitability::Remote, [true, true, true])]
#[case(Suitability::Hybrid, [false, true, true])]
#[case(Suitability::OnSite, [false, false, true])]
fn r21_an_item_not_suited_is_not_surveyed_remotely(
    #[case] suitability: Suitability,
    #[case] allowed: [bool; 3],
) {
    let mut of = version("a", "2026-01-01", None);
    of.suitability = suitability;
    let modes = [Mode::Remote, Mode::Hybrid, Mode::OnSite];
    assert_eq!(modes.map(|mode| of.allows(mode).is_ok()), allowed);
}

#[test]
fn two_staff_may_be_wanted_on_the_site() {
    let mut of = version("a", "2026-01-01", None);
    of.suitability = Suitability::Hybrid;
    of.template.settings.staff_on_site = 2;
    assert!(TemplateSet::new(ITEM, vec![of]).is_ok());
}

#[test]
fn a_set_reads_from_json_and_a_version_without_its_first_day_does_not() {
    let text = serde_json::to_string(&two()).unwrap();
    let read = TemplateSet::from_json(ITEM, &text).unwrap();
    assert_eq!(read, set());
    assert_eq!(read.item(), ITEM);
    assert_eq!(read.versions().len(), 2);
    let without = text.replace(r#""from":"2026-07-01","#, "");
    let fault = TemplateSet::from_json(ITEM, &without).unwrap_err();
    assert!(matches!(fault, TemplateFault::Malformed(_)), "{fault}");
    assert_eq!(
        TemplateSet::new(ITEM, Vec::new()),
        Err(TemplateFault::Empty)
    );
}

#[test]
fn every_area_of_the_example_checklists_has_one_english_name() {
    let mut names = std::collections::BTreeMap::new();
    for item in templates().into_iter().flat_map(|of| of.items) {
        assert!(!item.group_gloss.is_empty(), "{}", item.code);
        let known = names
            .entry(item.group.clone())
            .or_insert_with(|| item.group_gloss.clone());
        assert_eq!(*known, item.group_gloss, "{}", item.group);
    }
}

#[test]
fn every_example_is_published_whole() {
    let published = crate::template_versions();
    assert_eq!(published.len(), templates().len());
    for version in published {
        let item = version.template.key.clone();
        assert!(version.guide.version.contains("示例"), "{item}");
        assert!(!version.guide.materials.is_empty(), "{item}");
        let set = TemplateSet::new(&item, vec![version]).unwrap();
        assert!(set.on(date("2026-01-01")).is_ok());
    }
}
