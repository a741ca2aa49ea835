//! Reports for people.

use std::fmt::Write;
use std::sync::OnceLock;

use hotpatch::hotpatch;

use crate::station::Station;
use crate::units;

const HEADER: &str = include_str!("header.txt");
static AUTHOR: OnceLock<String> = OnceLock::new();

#[hotpatch]
pub fn report(station: &Station) -> String {
    let author = AUTHOR.get_or_init(|| "ada".to_owned());
    let mut text = format!("{} by {author}:", HEADER.trim());
    for reading in station.history() {
        write!(text, " {}", reading.value()).expect("memory takes all");
    }
    text
}

#[hotpatch]
pub fn convert(tenths: i32) -> String {
    with_unit!(units::degrees(tenths))
}

pub fn describe() -> String {
    AUTHOR.get().map_or("nobody", |author| author).to_owned()
}
