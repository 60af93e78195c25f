//! `generate_context!` needs `ui/dist`: on a fresh clone a placeholder lets check, clippy and tests run without npm.

use std::{env, fs, io, path::Path};

const PLACEHOLDER: &str = "<!doctype html><meta charset=\"utf-8\"><title>Cartwarden</title>\
    <h1>The window's pages are not built yet</h1><p>Run <code>cargo desk</code>.</p>\n";

fn main() -> io::Result<()> {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let dist = Path::new(&manifest_dir).join("../ui/dist");
    if !dist.join("index.html").exists() {
        fs::create_dir_all(&dist)?;
        fs::write(dist.join("index.html"), PLACEHOLDER)?;
    }
    tauri_build::build();
    Ok(())
}
