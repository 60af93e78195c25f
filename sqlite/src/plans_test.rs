//! What SQLite does for the statements of a swipe's path and of the big lists: look things up, never scan.

use crate::sql::{fetch, insert};
use crate::{
    Database, Location, alerts, authorizations, bank_events, cards, firings, history, orders, past, relink,
    roster, swipe,
};
use sqlx::Row;

async fn plan(database: &Database, sql: &str) -> Vec<String> {
    let sql = sql
        .replace("{in}", "'a', 'b'")
        .replace("{columns}", "order_id")
        .replace("{limit}", "10")
        .replace("{values}", "('a', 1), ('b', 2)")
        .replace("{whose}", "c.shopper_id");
    let mut connection = database.reader().await.unwrap();
    // Unbound parameters are null to the planner, which is all it needs.
    let rows = fetch(&mut connection, &format!("explain query plan {sql}"), vec![]).await.unwrap();
    rows.iter().map(|row| row.try_get::<String, _>("detail").unwrap()).collect()
}

/// Each line: a name, the statement, and an index it must go by.
fn guarded() -> Vec<(&'static str, String, &'static str)> {
    let newest = |sql: &str, order: &str| format!("{sql} order by {order} limit 101");
    vec![
        ("card of a swipe", cards::RESOLVE_SQL.into(), "card_alias"),
        ("repeat by reference", swipe::BY_REFERENCE_SQL.into(), "card_authorization_by_reference"),
        ("repeat by content", swipe::BY_CONTENT_SQL.into(), "card_authorization_by_repeat"),
        ("orders of shoppers", orders::BY_SHOPPERS_SQL.into(), "customer_order_by_shopper"),
        ("windows of cards", history::CARDS_SQL.into(), "card_authorization_history"),
        ("uses of orders", history::ORDERS_SQL.into(), "card_authorization_by_order"),
        ("rosters", roster::NEAREST_SQL.into(), "shift_by_shopper"),
        ("somebody idle on shift", roster::IDLE_SQL.into(), "shift_by_end"),
        ("swipes to replay", past::PAST_SQL.into(), "card_authorization_by_time"),
        ("rule statistics", firings::STATISTICS_SQL.into(), "sqlite_autoindex_card_authorization"),
        ("spent on orders", orders::SPENT_SQL.into(), "card_authorization_by_order"),
        ("reports that came early", bank_events::EARLY_SQL.into(), "bank_event_by_card"),
        ("alert to join", alerts::JOINABLE_SQL.into(), "alert_by_card"),
        ("repeat of a report", bank_events::REPEAT_BY_REFERENCE_SQL.into(), "bank_event_by_"),
        ("repeat of a report by content", bank_events::REPEAT_BY_CONTENT_SQL.into(), "bank_event_by_"),
        ("swipes to judge afresh", relink::PAST_SQL.into(), "card_authorization_by_card"),
        (
            "newest swipes",
            newest(authorizations::SQL, "a.received_at_ms desc, a.authorization_id desc"),
            "card_authorization_by_time",
        ),
        ("newest alerts", newest(alerts::ALERT_SQL, "a.raised_at_ms desc, a.alert_id desc"), "alert_by_time"),
    ]
}

#[tokio::test]
async fn every_statement_of_the_hot_path_and_the_big_lists_goes_by_an_index() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&Location::file(&directory.path().join("plan.db"))).await.unwrap();
    for (name, sql, index) in guarded() {
        let plan = plan(&database, &sql).await;
        let goes_by = plan.iter().any(|step| step.contains(index));
        // "SCAN a USING INDEX" walks an index in order and stops at the limit; a bare SCAN or a sort reads all.
        // What is asked stands in a table of its own of a few constant rows.
        let asked = |step: &str| step == "SCAN q" || step.contains("CONSTANT ROW");
        let scans =
            plan.iter().any(|step| step.starts_with("SCAN") && !step.contains("USING") && !asked(step));
        assert!(goes_by && !scans, "{name}: {plan:#?}");
        if name.starts_with("newest") {
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{name} sorts: {plan:#?}");
        }
    }
    database.close().await;
}

#[tokio::test]
async fn a_statement_without_its_index_is_caught() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&Location::file(&directory.path().join("plan.db"))).await.unwrap();
    let mut connection = database.writer_connection().await.unwrap();
    crate::sql::execute(&mut connection, "drop index card_authorization_by_reference", vec![]).await.unwrap();
    let plan = plan(&database, swipe::BY_REFERENCE_SQL).await;
    assert!(
        !plan.iter().any(|step| step.contains("by_reference")),
        "the guard above could not fail: {plan:?}"
    );
    database.close().await;
}

#[tokio::test]
async fn rows_go_in_by_fixed_sizes_and_none_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&Location::file(&directory.path().join("rows.db"))).await.unwrap();
    let mut connection = database.writer_connection().await.unwrap();
    for count in [1_i64, 3, 4, 63, 64, 65, 149] {
        let rows = (0..count).map(|n| crate::sql::args![format!("{count}-{n}"), n]).collect();
        insert(&mut connection, "counter", &["name", "value"], rows, "").await.unwrap();
        let sql = "select count(*) as found from counter where name like $1";
        let found = fetch(&mut connection, sql, crate::sql::args![format!("{count}-%")]).await.unwrap();
        assert_eq!(found[0].try_get::<i64, _>("found").unwrap(), count);
    }
    database.close().await;
}
