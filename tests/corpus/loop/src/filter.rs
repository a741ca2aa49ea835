//! Smoothing: a pipeline of closures that is made once and kept on the heap.

use std::cell::RefCell;

use hotpatch::hotpatch;

type Stage = Box<dyn Fn(i32) -> i32>;

thread_local! {
    static PIPELINE: RefCell<Vec<Stage>> = RefCell::new(vec![offset(10), limit(50)]);
    static USES: RefCell<Vec<u8>> = RefCell::new(Vec::new());
}

fn offset(by: i32) -> Stage {
    Box::new(move |value| value + by)
}

fn limit(most: i32) -> Stage {
    Box::new(move |value| value.min(most))
}

/// Sends a value through a pipeline that is made for it: every thread has its own.
pub fn fresh(value: i32) -> String {
    let answer = std::thread::spawn(move || hotpatch::call(|| smooth(value)));
    answer.join().expect("smoothing never fails")
}

/// Sends a value through the pipeline.
#[hotpatch]
pub fn smooth(value: i32) -> String {
    USES.with_borrow_mut(|uses| uses.push(1));
    let factor = 3;
    let twice = |value: i32| value * factor;
    let smoothed = PIPELINE.with_borrow(|stages| stages.iter().fold(value, |value, stage| stage(value)));
    format!("smooth {smoothed} {}", twice(value))
}
