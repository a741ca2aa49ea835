//! The quick start. Start it with `cargo hotpatch run --example counter`, then edit `step` and save.

use std::{thread, time::Duration};

use hotpatch::hotpatch;

#[hotpatch]
fn step(count: &mut u64) {
    *count += 1;
    println!("the count is {count}");
}

fn main() {
    let mut count = 0;
    loop {
        hotpatch::call(|| step(&mut count));
        thread::sleep(Duration::from_millis(500));
    }
}
