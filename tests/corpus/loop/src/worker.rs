//! A thread that answers in its own loop.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use hotpatch::hotpatch;

pub struct Worker {
    questions: Sender<i32>,
    answers: Receiver<String>,
}

impl Worker {
    pub fn ask(&self, number: i32) -> String {
        self.questions.send(number).expect("the worker lives");
        self.answers.recv().expect("the worker lives")
    }
}

pub fn start() -> Worker {
    let (questions, hear) = channel();
    let (say, answers) = channel();
    thread::spawn(move || serve(&hear, &say));
    Worker { questions, answers }
}

fn serve(hear: &Receiver<i32>, say: &Sender<String>) {
    let mut served = 0;
    while let Ok(number) = hear.recv() {
        served += 1;
        let place = if served > 0 { "remote" } else { "nowhere" };
        let answer = hotpatch::call(|| answer(number));
        if say.send(format!("{place} {answer}")).is_err() {
            return;
        }
    }
}

#[hotpatch]
fn answer(number: i32) -> String {
    format!("squared {}", square(number))
}

fn square(number: i32) -> i32 {
    number * number
}
