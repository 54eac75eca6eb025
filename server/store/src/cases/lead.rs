//! A page of a list: by the condition that leaves the fewest cases, the others held against each.

use crate::cases::{CaseFilter, CasePage, CaseRow};
use crate::error::StoreError;
use crate::statement::{Statement, statements};
use crate::store::Reader;
use crate::terms::Question;

statements! {
    ALL = "SELECT * FROM case_rows WHERE n < $1 AND n >= $2 ORDER BY n DESC LIMIT $3";
    OF_STAGE = "SELECT * FROM case_rows WHERE stage = $4 AND n < $1 AND n >= $2 ORDER BY n DESC LIMIT $3";
    OF_DEPARTMENT = "SELECT * FROM case_rows WHERE department = $4 AND n < $1 AND n >= $2 ORDER BY n DESC LIMIT $3";
    OF_BOTH = "SELECT * FROM case_rows WHERE department = $4 AND stage = $5 AND n < $1 AND n >= $2
        ORDER BY n DESC LIMIT $3";
    OF_ITEM = "SELECT * FROM case_rows WHERE item = $4 AND n < $1 AND n >= $2 ORDER BY n DESC LIMIT $3";
    OF_COMPANY = "SELECT * FROM case_rows WHERE uscc = $4 AND n < $1 AND n >= $2 ORDER BY n DESC LIMIT $3";
    OF_PERSON = "SELECT c.* FROM case_people p JOIN case_rows c ON c.n = p.n
        WHERE p.person = $4 AND p.n < $1 AND p.n >= $2 ORDER BY p.n DESC LIMIT $3";
    OF_TERM = "SELECT c.* FROM case_terms t JOIN case_rows c ON c.n = t.n
        WHERE t.term = $4 AND t.n < $1 AND t.n >= $2 ORDER BY t.n DESC LIMIT $3";
    RARITY = "SELECT COUNT(*) FROM (SELECT 1 FROM case_terms WHERE term = $1 LIMIT $2) AS counted";
}

/// A term with fewer cases leads before a department does.
const RARE: u32 = 500;
/// Cases read at once where conditions are held against each: at first, and then. And the most that one page looks through.
const FEW: u32 = 50;
const CHUNK: u32 = 500;
const EFFORT: u32 = 5_000;
/// `n` may lie this far after the moment at which the case began.
const MOVED: i64 = 1_000_000;

/// What leads, with its arguments; all of them start by `n`'s bounds and the limit.
struct Lead<'a> {
    statement: Statement,
    first: Option<&'a str>,
    second: Option<&'a str>,
    /// Whether it alone says what the list shows.
    alone: bool,
}

pub(super) async fn page(
    reader: &mut Reader,
    filter: &CaseFilter,
    question: Option<&Question>,
    below: Option<i64>,
    limit: u32,
) -> Result<CasePage, StoreError> {
    let terms = question.map(Question::terms).unwrap_or_default();
    let rarest = rarest(reader, &terms).await?;
    let lead = lead(filter, question, rarest);
    let from = filter.from.unwrap_or(i64::MIN);
    let until = filter
        .until
        .map_or(i64::MAX, |until| until.saturating_add(MOVED));
    let mut below = below.unwrap_or(i64::MAX).min(until);
    // Most often a few are enough.
    let mut chunk = if lead.alone {
        limit
    } else {
        limit.saturating_mul(2).clamp(FEW, CHUNK)
    };
    let mut rows: Vec<CaseRow> = Vec::new();
    let mut looked = 0;
    while looked < EFFORT {
        let found = lead.rows(reader, below, from, chunk).await?;
        looked = looked.saturating_add(chunk);
        let last = found.len() < chunk as usize;
        chunk = CHUNK.min(EFFORT.saturating_sub(looked));
        for row in found {
            if rows.len() == limit as usize {
                return Ok(CasePage {
                    rows,
                    next: Some(below),
                });
            }
            below = row.n;
            if filter.holds(&row) && question.is_none_or(|q| answers(q, &row)) {
                rows.push(row);
            }
        }
        if last {
            return Ok(CasePage { rows, next: None });
        }
        if rows.len() == limit as usize {
            break;
        }
    }
    Ok(CasePage {
        rows,
        next: Some(below),
    })
}

impl Lead<'_> {
    async fn rows(
        &self,
        reader: &mut Reader,
        below: i64,
        from: i64,
        limit: u32,
    ) -> Result<Vec<CaseRow>, StoreError> {
        let mut query = self.statement.bind(below).bind(from).bind(limit);
        for argument in [self.first, self.second].into_iter().flatten() {
            query = query.bind(argument);
        }
        Ok(query.all(reader).await?)
    }
}

/// The term with the fewest cases, and how many it has, counted up to [`RARE`].
async fn rarest<'a>(
    reader: &mut Reader,
    terms: &'a [String],
) -> Result<Option<(i64, &'a str)>, StoreError> {
    let mut counted = Vec::with_capacity(terms.len());
    for term in terms {
        let (cases,): (i64,) = RARITY.bind(term).bind(RARE).one(reader).await?;
        counted.push((cases, term.as_str()));
    }
    Ok(counted.into_iter().min())
}

fn lead<'a>(
    filter: &'a CaseFilter,
    question: Option<&'a Question>,
    rarest: Option<(i64, &'a str)>,
) -> Lead<'a> {
    let bounded = filter.from.is_some() || filter.until.is_some();
    let conditions = [
        filter.person.is_some(),
        filter.item.is_some(),
        filter.department.is_some(),
        filter.stage.is_some(),
        question.is_some(),
    ];
    let conditions = conditions.into_iter().filter(|set| *set).count();
    let by = |statement, first: &'a str| Lead {
        statement,
        first: Some(first),
        second: None,
        alone: conditions == 1 && !bounded,
    };
    let rare = rarest.filter(|(cases, _)| *cases < i64::from(RARE));
    // A term is never alone: that its pairs are all there does not say that they meet.
    let of_term = |term| Lead {
        alone: false,
        ..by(OF_TERM, term)
    };
    match (filter, question) {
        (
            CaseFilter {
                person: Some(person),
                ..
            },
            _,
        ) => by(OF_PERSON, &person.0),
        (_, Some(Question::Company(company))) => by(OF_COMPANY, company),
        _ if rare.is_some() => rare.map_or_else(|| by(ALL, ""), |(_, term)| of_term(term)),
        (
            CaseFilter {
                item: Some(item), ..
            },
            _,
        ) => by(OF_ITEM, item),
        (
            CaseFilter {
                department: Some(department),
                stage: Some(stage),
                ..
            },
            _,
        ) => Lead {
            second: Some(stage),
            alone: conditions == 2 && !bounded,
            ..by(OF_BOTH, department)
        },
        (
            CaseFilter {
                department: Some(department),
                ..
            },
            _,
        ) => by(OF_DEPARTMENT, department),
        (CaseFilter { stage, .. }, _) => match (rarest, stage) {
            (Some((_, term)), _) => of_term(term),
            (None, Some(stage)) => by(OF_STAGE, stage),
            (None, None) => Lead {
                statement: ALL,
                first: None,
                second: None,
                alone: conditions == 0 && !bounded,
            },
        },
    }
}

fn answers(question: &Question, row: &CaseRow) -> bool {
    question.holds(&row.case_no, &row.applicant, &row.item_title, &row.uscc)
}

impl CaseFilter {
    /// The person leads wherever one is asked for, so nothing is left to hold of him.
    fn holds(&self, row: &CaseRow) -> bool {
        let same =
            |asked: &Option<String>, has: Option<&str>| asked.is_none() || asked.as_deref() == has;
        same(&self.stage, Some(&row.stage))
            && same(&self.department, Some(&row.department))
            && same(&self.item, row.item.as_deref())
            && self.from.is_none_or(|from| row.began_at >= from)
            && self.until.is_none_or(|until| row.began_at < until)
    }
}
