//! Makes a store, or opens one, and adds so many commits that hold a setting each: a log for other
//! people's tools to check (`tests/foreign/run`).
//!
//! ```text
//! grow_log FOLDER COMMITS WORD
//! ```

use lineal_engine::{Options, Store};
use lineal_proof::Value;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(folder), Some(commits), Some(word)) = (words.next(), words.next(), words.next())
    else {
        return Err("grow_log FOLDER COMMITS WORD".into());
    };
    let folder = Path::new(&folder);
    let store = if folder.join("head").is_file() {
        Store::open(folder, Options::default())?
    } else {
        Store::create(folder, Options::default())?
    };
    for number in 0..commits.parse::<u64>()? {
        let mut transaction = store.begin(None, None)?;
        transaction.add_setting("note", Value::text(format!("{word} {number}")));
        transaction.commit()?;
    }
    store.write_indexes()?;
    Ok(())
}
