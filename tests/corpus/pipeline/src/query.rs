//! What can be asked.

use hotpatch::hotpatch;

use crate::engine::Engine;
use crate::grid::Grid;
use crate::parse::{self, Mistake};
use crate::stage;
use crate::stats;
use crate::unit::{Celsius, Quantity};

/// A word and what it runs.
struct Query {
    word: &'static str,
    run: fn(&mut Engine, &str) -> Result<String, Mistake>,
}

macro_rules! queries {
    ($($word:ident),* $(,)?) => {
        &[$(Query { word: stringify!($word), run: $word }),*]
    };
}

static QUERIES: &[Query] = queries![take, last, heat, middle, steps, best, peak, tally, grid, products, ask, squares];

#[hotpatch]
pub fn answer(engine: &mut Engine, request: &str) -> String {
    let (word, rest) = request.split_once(' ').unwrap_or((request, ""));
    let unit = engine.answered();
    let Some(query) = QUERIES.iter().find(|query| query.word == word) else {
        return format!("no such query; units: {unit}");
    };
    (query.run)(engine, rest).unwrap_or_else(|mistake| format!("mistake: {mistake}"))
}

/// Takes readings, shows them, and takes them back.
fn take(engine: &mut Engine, rest: &str) -> Result<String, Mistake> {
    let heats: Vec<f64> = parse::numbers(rest)?;
    let taken: Vec<_> = heats.into_iter().filter_map(|heat| engine.take(heat)).collect();
    let texts: Vec<String> = taken
        .iter()
        .map(|reading| format!("{} {}", reading.heat, reading.damp))
        .collect();
    let room = engine.readings.len();
    engine.forget(taken.len());
    Ok(format!("{} of {room}", texts.join(", ")))
}

fn last(engine: &mut Engine, rest: &str) -> Result<String, Mistake> {
    let counts: Vec<usize> = parse::numbers(rest)?;
    let skip = engine.readings.len().saturating_sub(counts[0]);
    let texts: Vec<String> = (&engine.readings)
        .into_iter()
        .skip(skip)
        .map(|reading| reading.heat.to_string())
        .collect();
    Ok(texts.join(" "))
}

fn heat(engine: &mut Engine, _: &str) -> Result<String, Mistake> {
    let count = engine.readings.len() as f64;
    let sum: Quantity<Celsius> = engine.readings.iter().map(|reading| reading.heat).sum();
    let mean = sum * count.recip();
    let below = -(mean - Quantity::new(20.0));
    Ok(format!("{mean}, {below} below 20"))
}

fn middle(engine: &mut Engine, _: &str) -> Result<String, Mistake> {
    Ok(format!("{:.2}", stats::median(engine.heats())))
}

fn steps(engine: &mut Engine, _: &str) -> Result<String, Mistake> {
    let heats: Vec<f64> = engine.heats().collect();
    let steps: Vec<String> = stats::steps(&heats).map(|step| format!("{step:+.1}")).collect();
    Ok(steps.join(" "))
}

fn best(engine: &mut Engine, _: &str) -> Result<String, Mistake> {
    let now = stats::summary(engine.heats());
    let best = engine.best.map_or(0.0, |best| best.high);
    Ok(match now {
        Some(now) => format!("{} readings, {:.1} to {:.1}, best {best:.1}", now.count, now.low, now.high),
        None => "no readings".to_owned(),
    })
}

fn peak(engine: &mut Engine, rest: &str) -> Result<String, Mistake> {
    let numbers: Vec<f64> = parse::numbers(rest)?;
    let peaks: Vec<f64> = numbers.into_iter().filter_map(|number| engine.extra.run(number)).collect();
    Ok(format!("{peaks:?}"))
}

fn tally(_: &mut Engine, rest: &str) -> Result<String, Mistake> {
    let tally = stage::tally(rest.split(' ').map(|word| word.len()));
    let texts: Vec<String> = tally.iter().map(|(length, count)| format!("{count}x{length}")).collect();
    Ok(texts.join(" "))
}

fn grid(engine: &mut Engine, _: &str) -> Result<String, Mistake> {
    let square: Grid<i64, 2, 2> = &engine.grid * &engine.grid.turned();
    let cells: Vec<String> = square.cells().map(i64::to_string).collect();
    Ok(cells.join(" "))
}

fn products(engine: &mut Engine, _: &str) -> Result<String, Mistake> {
    let products = engine.products();
    let odd = products.cells().filter(|cell| **cell % 2 == 1).count();
    Ok(format!("{odd} odd of {}, last {}", products.cells().count(), products[(2, 3)]))
}

fn ask(engine: &mut Engine, name: &str) -> Result<String, Mistake> {
    let sum = engine.named(name);
    Ok(sum.map_or_else(|| format!("{name} is unknown"), |sum| format!("{name}: {sum}")))
}

fn squares(_: &mut Engine, rest: &str) -> Result<String, Mistake> {
    let limits: Vec<u32> = parse::numbers(rest)?;
    let limit = limits.first().copied().unwrap_or(0);
    let all = std::iter::successors(Some(1_u32), |last| Some(last + 2)).scan(0, |sum, odd| {
        *sum += odd;
        Some(*sum)
    });
    let texts: Vec<String> = all.take_while(|square| *square <= limit).map(|square| square.to_string()).collect();
    Ok(texts.join(" "))
}
