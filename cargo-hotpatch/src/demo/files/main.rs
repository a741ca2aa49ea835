use std::{thread, time::Duration};

use hotpatch::hotpatch;

struct Balloon {
    ticks: u32,
    height: u32,
}

#[hotpatch]
fn fly(balloon: &mut Balloon) -> bool {
    balloon.ticks += 1;
    balloon.height += sky::wind();
    println!("tick {:>2}: the balloon is {} m high", balloon.ticks, balloon.height);
    true
}

fn main() {
    let mut balloon = Balloon { ticks: 0, height: 0 };
    while hotpatch::call(|| fly(&mut balloon)) {
        thread::sleep(Duration::from_millis(200));
    }
}
