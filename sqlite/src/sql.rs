//! Small pieces for building statements: lists of placeholders, multi-row inserts, pages.

use crate::StoreError;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, AssertSqlSafe, query::Query};

/// Sizes in which lists are bound. Few sizes mean few statements to prepare; the driver keeps them.
const SIZES: [usize; 4] = [1, 4, 16, 64];

/// Most values one `in (...)` list may hold.
pub(crate) const IN_LIST_MAX: usize = 64;

/// A value to bind.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Arg::Int(Some(value))
    }
}
impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Arg::Int(value)
    }
}
impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Arg::Int(Some(i64::from(value)))
    }
}
impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Arg::Text(Some(value.to_owned()))
    }
}
impl From<String> for Arg {
    fn from(value: String) -> Self {
        Arg::Text(Some(value))
    }
}
impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Arg::Text(value)
    }
}
impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Arg::Text(value.map(str::to_owned))
    }
}

/// `[1.into(), "a".into()]` without the noise.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$(crate::sql::Arg::from($value)),*] };
}
pub(crate) use args;

pub(crate) type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

pub(crate) fn query(sql: String, args: Vec<Arg>) -> AnyQuery<'static> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for arg in args {
        query = match arg {
            Arg::Int(value) => query.bind(value),
            Arg::Text(value) => query.bind(value),
        };
    }
    query
}

pub(crate) async fn execute(
    connection: &mut AnyConnection,
    sql: &str,
    args: Vec<Arg>,
) -> Result<u64, StoreError> {
    Ok(query(sql.to_owned(), args).execute(connection).await?.rows_affected())
}

pub(crate) async fn fetch(
    connection: &mut AnyConnection,
    sql: &str,
    args: Vec<Arg>,
) -> Result<Vec<AnyRow>, StoreError> {
    Ok(query(sql.to_owned(), args).fetch_all(connection).await?)
}

pub(crate) async fn fetch_one(
    connection: &mut AnyConnection,
    sql: &str,
    args: Vec<Arg>,
) -> Result<Option<AnyRow>, StoreError> {
    Ok(query(sql.to_owned(), args).fetch_optional(connection).await?)
}

/// Runs `sql`, in which `{in}` stands for a list, once per 64 distinct values; `args` come first.
///
/// The list is padded to one of few sizes by repeating its last value.
pub(crate) async fn fetch_in(
    connection: &mut AnyConnection,
    sql: &str,
    args: Vec<Arg>,
    values: &[String],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut distinct: Vec<&String> = values.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut rows = Vec::new();
    for chunk in distinct.chunks(IN_LIST_MAX) {
        let size = SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(IN_LIST_MAX);
        let list = (1..=size).map(|i| format!("${}", args.len() + i)).collect::<Vec<_>>().join(", ");
        let last = chunk[chunk.len() - 1];
        let padding = std::iter::repeat_n(&last, size - chunk.len());
        let mut bound = args.clone();
        bound.extend(chunk.iter().chain(padding).map(|value| Arg::from(value.as_str())));
        rows.extend(fetch(connection, &sql.replace("{in}", &list), bound).await?);
    }
    Ok(rows)
}

/// Runs `sql`, in which `{values}` stands for a table of `rows` with columns of `types`, once per 64 of them;
/// `args` come first.
///
/// The table is padded to one of few sizes by rows of nulls, which join with nothing.
pub(crate) async fn fetch_values(
    connection: &mut AnyConnection,
    sql: &str,
    args: Vec<Arg>,
    types: &[&str],
    rows: Vec<Vec<Arg>>,
) -> Result<Vec<AnyRow>, StoreError> {
    let mut found = Vec::new();
    for chunk in rows.chunks(IN_LIST_MAX) {
        let size = SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(IN_LIST_MAX);
        let table = (0..size)
            .map(|row| {
                let at = args.len() + row * types.len();
                let cells: Vec<String> = types
                    .iter()
                    .enumerate()
                    .map(|(column, kind)| format!("cast(${} as {kind})", at + column + 1))
                    .collect();
                format!("({})", cells.join(", "))
            })
            .collect::<Vec<_>>()
            .join(", ");
        let nulls = types.iter().map(|kind| if *kind == "text" { Arg::Text(None) } else { Arg::Int(None) });
        let padding = std::iter::repeat_n(nulls.collect::<Vec<_>>(), size - chunk.len());
        let mut bound = args.clone();
        bound.extend(chunk.iter().cloned().chain(padding).flatten());
        found.extend(fetch(connection, &sql.replace("{values}", &table), bound).await?);
    }
    Ok(found)
}

/// Inserts rows, many to a statement; `suffix` may hold an `on conflict` clause.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Arg>>,
    suffix: &str,
) -> Result<(), StoreError> {
    let mut rest = rows.into_iter().peekable();
    let mut left = rest.len();
    while rest.peek().is_some() {
        let size = SIZES.into_iter().rev().find(|size| *size <= left).unwrap_or(1);
        left -= size;
        let values = (0..size)
            .map(|row| {
                let list =
                    (1..=columns.len()).map(|i| format!("${}", row * columns.len() + i)).collect::<Vec<_>>();
                format!("({})", list.join(", "))
            })
            .collect::<Vec<_>>();
        let sql =
            format!("insert into {table} ({}) values {} {suffix}", columns.join(", "), values.join(", "));
        let args = rest.by_ref().take(size).flatten().collect();
        execute(connection, &sql, args).await?;
    }
    Ok(())
}

/// `on conflict (key) do update set a = excluded.a, ...` for every column but the key.
pub(crate) fn on_conflict_update(key: &str, columns: &[&str]) -> String {
    let sets: Vec<String> = columns
        .iter()
        .filter(|column| **column != key)
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    format!("on conflict ({key}) do update set {}", sets.join(", "))
}

/// One page of a list, newest first, with the cursor of the next.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Most rows a list answers at once (CONTRACT).
pub const LIMIT_MAX: i64 = 500;
pub const LIMIT_DEFAULT: i64 = 100;

/// Where a page begins: the sort time and id of the last row before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub at_ms: i64,
    pub id: String,
}

impl Cursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (at_ms, id) = text.split_once('~')?;
        Some(Cursor { at_ms: at_ms.parse().ok()?, id: id.to_owned() })
    }

    pub fn write(&self) -> String {
        format!("{}~{}", self.at_ms, self.id)
    }
}

/// A `where` clause that grows with the filters given.
pub(crate) struct Filter {
    clauses: Vec<String>,
    pub(crate) args: Vec<Arg>,
}

impl Filter {
    pub(crate) fn new() -> Self {
        Filter { clauses: Vec::new(), args: Vec::new() }
    }

    /// Adds `clause`, in which `{}` stands for the value.
    pub(crate) fn add(&mut self, clause: &str, value: impl Into<Arg>) {
        self.args.push(value.into());
        self.clauses.push(clause.replace("{}", &format!("${}", self.args.len())));
    }

    pub(crate) fn add_raw(&mut self, clause: &str) {
        self.clauses.push(clause.to_owned());
    }

    pub(crate) fn maybe(&mut self, clause: &str, value: Option<impl Into<Arg>>) {
        if let Some(value) = value {
            self.add(clause, value);
        }
    }

    /// Keyset paging: rows strictly before the cursor in (time, id), descending.
    pub(crate) fn before(&mut self, time: &str, id: &str, cursor: Option<&Cursor>) {
        if let Some(cursor) = cursor {
            self.args.push(cursor.at_ms.into());
            let at = self.args.len();
            self.args.push(cursor.id.as_str().into());
            self.clauses.push(format!("({time} < ${at} or ({time} = ${at} and {id} < ${}))", at + 1));
        }
    }

    pub(crate) fn sql(&self) -> String {
        if self.clauses.is_empty() { String::new() } else { format!("where {}", self.clauses.join(" and ")) }
    }
}

/// Cuts the extra row that tells whether there is a next page.
pub(crate) fn page<T>(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(1);
    let next = (items.len() > limit).then(|| cursor(&items[limit - 1]).write());
    items.truncate(limit);
    Page { items, next }
}
