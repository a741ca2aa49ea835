//! What guests hear at the desk.

use hotpatch::hotpatch;

use crate::book::Inn;
use crate::{cellar, guest};

#[hotpatch]
pub fn answer(inn: &mut Inn, request: &str) -> String {
    inn.visits += 1;
    let (word, number) = request.split_once(' ').unwrap_or((request, "0"));
    let number: usize = number.parse().unwrap();
    match word {
        "guest" => inn.guests[number].shown(),
        "room" => inn.rooms[&(number as u32)].shown(),
        "mood" => inn.mood.shown(),
        "note" => note(inn, number),
        "ledger" => format!("{} coins, first {}", inn.ledger.total(), inn.ledger.first[0].what),
        "keeper" => inn.keeper.greets(),
        "barrel" => cellar::shown(number),
        "ticket" => guest::ticket(number as u32),
        "log" => format!("{} lines", inn.log.as_ref().map_or(0, |log| log.lines.len())),
        _ => format!("the {} is open", inn.name),
    }
}

fn note(inn: &Inn, number: usize) -> String {
    let note = &inn.board.items[number];
    format!("{} by {}", note.text, note.by)
}
