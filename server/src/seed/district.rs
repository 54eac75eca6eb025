//! An example district (示例): departments, streets, parks and permit items, in the numbers of a real one.

use std::collections::BTreeSet;

use kanjie_domain::PersonId;
use kanjie_domain::case::{
    CommitmentRoute, Concern, Guide, ListedMaterial, Need, Retention, Supply, TimeLimits,
};
use kanjie_domain::pool::{Availability, PoolExpert};
use kanjie_store::{Catalogued, Person};
use serde::{Deserialize, Serialize};

use crate::cases::pool;
use crate::cases::published::{self, Basis, EXAMPLE_FROM, EXAMPLE_VERSION, Item};
use crate::error::Failure;
use crate::services::Services;

/// 专业 of the example experts, three of each.
const FIELDS: [&str; 8] = [
    "食品安全",
    "公共卫生",
    "药学",
    "建筑消防",
    "环境保护",
    "特种设备",
    "安全生产",
    "城市规划",
];

const DISTRICT: &str = include_str!("district.json");

/// What a bureau has around it. Read from data; a bureau replaces it with its own.
#[derive(Clone, Debug, Deserialize)]
pub struct District {
    /// Says that it is an example.
    pub note: String,
    pub departments: Vec<Named>,
    pub streets: Vec<Named>,
    pub parks: Vec<Park>,
    #[serde(rename = "items")]
    bases: Vec<Base>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Named {
    pub code: String,
    pub name: String,
}

/// An industrial park with its registered position and fence (R23).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Park {
    pub code: String,
    pub name: String,
    pub street: String,
    pub position: Position,
    pub fence_m: u32,
}

/// WGS 84, degrees.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
}

/// A matter with everything that one can ask for in it (新办, 变更, …).
#[derive(Clone, Debug, Deserialize)]
struct Base {
    code: String,
    name: String,
    kinds: Vec<String>,
    /// Whether the first kind needs a survey on the site.
    #[serde(default)]
    survey: bool,
    template: Option<String>,
}

impl District {
    /// # Errors
    /// When the data that came with the program cannot be read.
    pub fn example() -> Result<Self, Failure> {
        Ok(serde_json::from_str(DISTRICT)?)
    }

    /// Where companies sit: parks, and streets beside them.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let street = |code: &str| {
            let mut streets = self.streets.iter();
            let found = streets.find(|street| street.code == code);
            found.map_or("", |street| street.name.as_str())
        };
        let parks = self
            .parks
            .iter()
            .map(|park| format!("示例区{}{}", street(&park.street), park.name));
        let streets = self
            .streets
            .iter()
            .map(|street| format!("示例区{}示例路", street.name));
        parks.chain(streets).collect()
    }

    /// Every item, in the order of departments.
    pub fn items(&self) -> impl Iterator<Item = Item> + '_ {
        self.bases.iter().flat_map(|base| {
            base.kinds.iter().enumerate().map(|(number, kind)| Item {
                code: format!("{}-{}", base.code, number + 1),
                department: base.code.split('-').next().unwrap_or_default().to_owned(),
                title: format!("{}·{kind}", base.name),
                survey: base.survey && number == 0,
                basis: match base.template.clone().filter(|_| number == 0) {
                    Some(key) => Basis::Template(key),
                    None => Basis::Guide(Box::new(guide(&base.code, number + 1))),
                },
            })
        })
    }
}

/// Puts the district into the catalogue, with the five checklists in full, the holidays and the experts; says how much of it
/// was new.
///
/// # Errors
/// When the store fails.
pub async fn load(services: &Services, district: &District) -> Result<u64, Failure> {
    let mut entries = Vec::new();
    for department in &district.departments {
        entries.push(entry("department", &department.code, department)?);
    }
    for street in &district.streets {
        entries.push(entry("street", &street.code, street)?);
    }
    for park in &district.parks {
        entries.push(entry("park", &park.code, park)?);
    }
    for item in district.items() {
        entries.push(entry(published::ITEM, &item.code, &item)?);
    }
    entries.extend(published::examples()?);
    entries.extend(published::example_holidays()?);
    let (experts, people) = experts();
    for expert in &experts {
        entries.push(entry(pool::EXPERT, &expert.person.0, expert)?);
    }
    services.store.add_people(&people).await?;
    Ok(services.store.put_catalogue(&entries).await?)
}

/// An example guide: what is asked for is much the same in each.
fn guide(base: &str, kind: usize) -> Guide {
    let line = |code: &str, title: &str, need, supply| ListedMaterial {
        code: code.to_owned(),
        title: title.to_owned(),
        need,
        supply,
    };
    let from = String::from("示例区政务数据共享平台");
    let safety = ["D01", "D02", "D03", "D07", "D08"];
    let concern = if safety.iter().any(|of| base.starts_with(of)) {
        Concern::SafetyOrHealth
    } else {
        Concern::Ordinary
    };
    Guide {
        item: format!("{base}-{kind}"),
        version: EXAMPLE_VERSION.to_owned(),
        materials: vec![
            line("form", "申请书", Need::Required, Supply::Applicant),
            line(
                "site",
                "经营场所使用证明",
                Need::Required,
                Supply::Applicant,
            ),
            line("plan", "平面布局图", Need::Required, Supply::ApplicantMinor),
            line(
                "licence",
                "营业执照",
                Need::Required,
                Supply::Sharing { from },
            ),
            line("photo", "门头照片", Need::Optional, Supply::Applicant),
        ],
        time: TimeLimits::default(),
        concern,
        commitment: CommitmentRoute::NotOffered,
        retention: Retention::TenYears,
    }
}

fn entry(kind: &str, code: &str, body: &impl Serialize) -> Result<Catalogued, Failure> {
    Ok(Catalogued {
        kind: kind.to_owned(),
        code: code.to_owned(),
        from_day: EXAMPLE_FROM.to_owned(),
        until_day: None,
        version: EXAMPLE_VERSION.to_owned(),
        body: serde_json::to_string(body)?,
    })
}

/// The pool (专家库), and its people.
fn experts() -> (Vec<PoolExpert>, Vec<Person>) {
    let numbered = FIELDS.iter().flat_map(|field| [field; 3]).zip(1..);
    let pool = numbered.map(|(field, number)| {
        let person = Person {
            id: PersonId(format!("example-expert-{number:02}")),
            name: format!("示例专家{number:02}"),
            organisation: format!("示例{field}研究所"),
            department: None,
            phone: format!("13700000{number:03}"),
        };
        let expert = PoolExpert {
            person: person.id.clone(),
            name: person.name.clone(),
            fields: BTreeSet::from([(*field).to_owned()]),
            employer: None,
            ties: BTreeSet::new(),
            availability: Availability::Available,
        };
        (expert, person)
    });
    pool.unzip()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_district_has_the_numbers_of_a_real_one() {
        let district = District::example().unwrap();
        assert!(district.note.starts_with("示例"));
        assert_eq!(
            (district.departments.len(), district.streets.len()),
            (30, 16)
        );
        let items: Vec<Item> = district.items().collect();
        assert_eq!(items.len(), 669);
        assert_eq!(items.iter().filter(|item| item.survey).count(), 105);
        let codes: BTreeSet<&str> = items.iter().map(|item| item.code.as_str()).collect();
        assert_eq!(codes.len(), 669);
        let titles: BTreeSet<(&str, &str)> = items
            .iter()
            .map(|i| (i.department.as_str(), i.title.as_str()))
            .collect();
        assert_eq!(titles.len(), 669);
    }

    #[test]
    fn everything_that_is_named_exists() {
        let district = District::example().unwrap();
        let departments: BTreeSet<&str> = district
            .departments
            .iter()
            .map(|d| d.code.as_str())
            .collect();
        assert!(
            district
                .items()
                .all(|item| departments.contains(item.department.as_str()))
        );
        let streets: BTreeSet<&str> = district.streets.iter().map(|s| s.code.as_str()).collect();
        assert!(
            district
                .parks
                .iter()
                .all(|park| streets.contains(park.street.as_str()) && park.fence_m >= 100)
        );
        let keys: BTreeSet<String> = kanjie_domain::templates()
            .into_iter()
            .map(|template| template.key)
            .collect();
        let surveyed = district.items().filter(|item| item.survey);
        let named: BTreeSet<String> = surveyed
            .filter_map(|item| match item.basis {
                Basis::Template(key) => Some(key),
                Basis::Guide(_) => None,
            })
            .collect();
        assert_eq!(named, keys);
    }
}
