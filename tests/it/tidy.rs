//! The limits of the house style, as tests over every file that would be committed.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const LINES_MAX: usize = 500;
const COMPONENT_LINES_MAX: usize = 300;
/// Files that may be longer, each with its reason; there is none.
const LONGER: [&str; 0] = [];
/// Written by a program, so nobody reads it top to bottom.
const GENERATED: [&str; 1] = ["ui/src/lib/api/schema.d.ts"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | "dist" | ".git" | "gen") {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Texts of all files that are or would be committed, by path from the root.
fn files() -> BTreeMap<String, String> {
    let root = root();
    let args = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed =
        Command::new("git").args(args).current_dir(&root).output().ok().filter(|l| l.status.success());
    let paths: Vec<PathBuf> = if let Some(listed) = listed {
        String::from_utf8(listed.stdout).unwrap().lines().map(|line| root.join(line)).collect()
    } else {
        let mut found = Vec::new();
        walk(&root, &mut found);
        found
    };
    let texts = paths.into_iter().filter_map(|path| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        // Pictures and fonts are no text.
        Some((name, std::fs::read_to_string(&path).ok()?))
    });
    texts.collect()
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn is_code(path: &str) -> bool {
    matches!(extension(path), "rs" | "ts" | "svelte" | "mjs" | "js")
}

fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// Lines for which `is_bad` holds, as `path:line: text`.
fn lines(
    of: &BTreeMap<String, String>,
    path: impl Fn(&str) -> bool,
    is_bad: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in of.iter().filter(|(name, _)| path(name)) {
        let bad = text.lines().enumerate().filter(|(_, line)| is_bad(line));
        found.extend(bad.map(|(at, line)| format!("{name}:{}: {}", at + 1, line.trim())));
    }
    found
}

/// If this fails, a file has grown past what one reads in a sitting.
#[test]
fn files_stay_short() {
    let long = files().into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        let component = extension(&path) == "svelte" && lines > COMPONENT_LINES_MAX;
        let allowed = LONGER.contains(&path.as_str()) || GENERATED.contains(&path.as_str());
        let long = is_code(&path) && !allowed && (lines > LINES_MAX || component);
        long.then(|| format!("{path}: {lines} lines"))
    });
    none("files too long", &long.collect::<Vec<_>>());
}

/// If this fails, an install depends on the registry of whoever wrote the lock file.
#[test]
fn lock_files_name_no_host() {
    let mark = ["\"resolved\": \"", "http"].concat();
    none(
        "hosts in lock files",
        &lines(&files(), |path| path.ends_with("package-lock.json"), |l| l.contains(&mark)),
    );
    let foreign = |line: &str| {
        line.starts_with("source = ") && !line.contains("registry+https://github.com/rust-lang/")
    };
    none("other sources of crates", &lines(&files(), |path| path == "Cargo.lock", foreign));
}

/// If this fails, the program is tied to one machine.
#[test]
fn no_paths_of_a_machine() {
    let places = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat()];
    let is_bad = |line: &str| places.iter().any(|place| begins_a_path(line, place));
    none("absolute paths", &lines(&files(), |path| !path.ends_with("LICENSE"), is_bad));
}

/// Whether `place` stands in `line` as the beginning of a path, not inside another.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ']'))
    })
}

/// Words that begin a statement when they stand at the beginning of a text.
fn is_sql(line: &str) -> bool {
    const STATEMENTS: [&str; 8] = [
        "select ",
        "insert into ",
        "update ",
        "delete from ",
        "create table ",
        "alter table ",
        "drop table ",
        "pragma ",
    ];
    let lower = line.to_lowercase();
    let begins = STATEMENTS.iter().any(|word| lower.contains(&format!("\"{word}")));
    // `update ` begins sentences too.
    let update = lower.contains("\"update ") && !lower.contains(" set ");
    (begins && !update) || line.contains("sqlx::") || line.contains("rusqlite")
}

/// If this fails, a statement escapes the tests on both engines.
#[test]
fn all_sql_is_in_the_store() {
    assert!(
        is_sql("let sql = \"select 1\";")
            && is_sql("\"UPDATE card SET x\"")
            && !is_sql("\"update the file\"")
    );
    let inside = |path: &str| path.starts_with("src-tauri/") && extension(path) == "rs";
    none("SQL outside sqlite/", &lines(&files(), inside, is_sql));
}

/// If this fails, a rule could depend on more than its arguments.
#[test]
fn fraud_is_pure() {
    const IMPURE: [&str; 9] =
        ["tokio", "sqlx", "reqwest", "axum", "tauri", "std::fs", "std::net", "SystemTime", "Instant::now"];
    let is_bad = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        IMPURE.iter().any(|word| code.contains(word)) || code.contains("Utc::now") || code.contains("rand::")
    };
    let inside =
        |path: &str| path.starts_with("src-tauri/fraud/") && matches!(extension(path), "rs" | "toml");
    none("impure words in fraud", &lines(&files(), inside, is_bad));
}

/// Names of the crates in the dependency tables of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']).ends_with("dependencies");
        } else if let (true, Some((name, _))) = (inside, line.split_once(['=', '.'])) {
            names.insert(name.trim().to_owned());
        }
    }
    names
}

/// If this fails, a crate knows what it must not know.
#[test]
fn crates_depend_as_drawn() {
    let files = files();
    const OURS: [&str; 5] = ["fraud", "store", "cartwardend", "cartwarden", "desk"];
    for (manifest, allowed) in [
        ("src-tauri/fraud/Cargo.toml", &[][..]),
        ("sqlite/Cargo.toml", &["fraud"]),
        ("src-tauri/daemon/Cargo.toml", &["fraud", "store"]),
        ("src-tauri/Cargo.toml", &[]),
        ("src-tauri/desk/Cargo.toml", &[]),
        // For CEL's conformance tests alone: no route of the daemon evaluates a bare expression.
        ("tests/Cargo.toml", &["fraud"]),
    ] {
        let named = dependencies(&files[manifest]);
        let bad: Vec<&String> =
            named.iter().filter(|n| OURS.contains(&n.as_str()) && !allowed.contains(&n.as_str())).collect();
        assert!(bad.is_empty(), "{manifest} depends on {bad:?}");
    }
    let sqlite: Vec<String> = files
        .iter()
        .filter(|(path, text)| path.ends_with("/Cargo.toml") && dependencies(text).contains("libsqlite3-sys"))
        .map(|(path, _)| path.clone())
        .collect();
    assert_eq!(sqlite, ["sqlite/Cargo.toml"], "only the store links SQLite");
}

/// If this fails, parts of the window talk to the native half past the one door.
#[test]
fn only_the_api_imports_tauri() {
    let inside = |path: &str| {
        path.starts_with("ui/src/")
            && !path.starts_with("ui/src/lib/api/")
            && matches!(extension(path), "ts" | "svelte" | "js" | "mjs")
    };
    let tauri = ["@tauri-", "apps/"].concat();
    let is_bad = |line: &str| line.contains(&tauri) && (line.contains("import") || line.contains("from "));
    none("imports of Tauri", &lines(&files(), inside, is_bad));
}

/// If this fails, something was left for later without an issue.
#[test]
fn nothing_is_left_to_do() {
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X:"].concat()];
    let looked_at =
        |path: &str| is_code(path) || matches!(extension(path), "sql" | "toml" | "css" | "sh" | "md");
    none("left to do", &lines(&files(), looked_at, |line| words.iter().any(|word| line.contains(word))));
}

/// If this fails, databases in use cannot be told which migrations they have.
#[test]
fn migrations_are_numbered_without_gaps() {
    let files = files();
    let names: Vec<&str> = files.keys().filter_map(|path| path.strip_prefix("sqlite/migrations/")).collect();
    assert!(!names.is_empty());
    for (at, name) in names.iter().enumerate() {
        assert!(
            name.starts_with(&format!("{:04}_", at + 1)) && name.ends_with(".sql"),
            "{name} is out of line"
        );
        let words = name[5..].trim_end_matches(".sql");
        let plain = words.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(plain && words.contains('_'), "{name} is not NNNN_verb_noun.sql");
    }
}

/// Files that are compiled into tests only: `#[cfg(test)] mod NAME;` of their parent says so.
fn test_modules(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in files.iter().filter(|(path, _)| extension(path) == "rs") {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let own = name.trim_end_matches(".rs");
        let dir = if matches!(own, "mod" | "lib" | "main") { dir.to_owned() } else { format!("{dir}/{own}") };
        let mut of_test = false;
        for line in text.lines().map(str::trim) {
            let module =
                line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|m| m.strip_suffix(';'));
            if let (true, Some(module)) = (of_test, module) {
                found.insert(format!("{dir}/{module}.rs"));
                found.insert(format!("{dir}/{module}/mod.rs"));
            }
            of_test = line == "#[cfg(test)]" || (of_test && line.starts_with("#["));
        }
    }
    found
}

/// If this fails, outside input can end the program.
#[test]
fn nothing_unwraps_outside_tests() {
    let files = files();
    let tests = test_modules(&files);
    let word = [".unw", "rap()"].concat();
    let mut found = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| extension(path) == "rs") {
        if path.starts_with("tests/") || path.contains("/tests/") || tests.contains(path) {
            continue;
        }
        // A file's own tests come last in it.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let bad = code.lines().enumerate().filter(|(_, l)| l.contains(&word) && !l.trim().starts_with("//"));
        found.extend(bad.map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim())));
    }
    none("unwrap outside tests", &found);
}

/// If this fails, a dependency of the window or the card code is not pinned to one version.
#[test]
fn packages_are_pinned() {
    for (path, text) in files().iter().filter(|(path, _)| path.ends_with("package.json")) {
        let package: Value = serde_json::from_str(text).unwrap();
        for table in ["dependencies", "devDependencies"] {
            for (name, version) in package[table].as_object().into_iter().flatten() {
                let exact = version.as_str().is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()));
                assert!(exact, "{path}: {name} {version} is not one version");
            }
        }
    }
}
