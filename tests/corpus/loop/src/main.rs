//! A weather station: one loop that reads requests, samples its sensors and answers.

#[macro_use]
mod units;

mod alarm;
mod filter;
mod journal;
mod report;
mod sensor;
mod station;
mod worker;

use std::io::{BufRead, Write};

use station::Station;

fn main() {
    let mut station = Station::new();
    let worker = worker::start();
    let stdin = std::io::stdin();
    for line in stdin.lock().lines() {
        let line = line.expect("the input is text");
        let (request, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let number = number.parse().unwrap_or(0);
        let answer = match request {
            "tick" => hotpatch::call(|| station::tick(&mut station, number)),
            "report" => hotpatch::call(|| report::report(&station)),
            "alarms" => hotpatch::call(|| station.alarms()),
            "smooth" => hotpatch::call(|| filter::smooth(number)),
            "fresh" => filter::fresh(number),
            "convert" => hotpatch::call(|| report::convert(number)),
            "journal" => hotpatch::call(|| journal::note(number)),
            "remote" => worker.ask(number),
            "version" => version(),
            "state" => state(&station),
            other => format!("unknown request `{other}`"),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("somebody reads");
    }
    println!("bye");
}

fn version() -> String {
    format!("station {}", option_env!("STATION_RELEASE").unwrap_or("dev"))
}

/// What the station knows, read by code that no edit replaces.
fn state(station: &Station) -> String {
    format!(
        "{} {} {} | {} {} {}",
        station.describe(),
        journal::describe(),
        report::describe(),
        station.ticks(),
        journal::count(),
        station::total(),
    )
}
