//! Threads that run an expression again and again, to show that swaps disturb nobody.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::pipeline::{Pipeline, Stages};

/// How often which stages had which result.
pub(crate) type Counts = BTreeMap<(Stages, String), u64>;

/// Threads that run an expression.
pub(crate) struct Busy {
    stop: Arc<AtomicBool>,
    counts: Arc<Mutex<Counts>>,
    /// A message for each run, as long as somebody waits for one.
    ran: mpsc::Receiver<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    /// Starts two threads.
    pub(crate) fn start(pipeline: &Pipeline, expression: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let counts = Arc::new(Mutex::new(Counts::new()));
        let (sender, ran) = mpsc::sync_channel(0);
        let thread = |_| {
            let (pipeline, expression) = (pipeline.clone(), expression.to_owned());
            let (stop, counts, sender) = (stop.clone(), counts.clone(), sender.clone());
            thread::spawn(move || {
                // The counts are behind a lock, so nothing depends on when the flag is seen.
                while !stop.load(Ordering::Relaxed) {
                    let outcome = match pipeline.run(&expression, 0.0) {
                        Ok(run) => (run.stages, format!("{:?}", run.result)),
                        Err(error) => {
                            eprintln!("error: {error}");
                            return;
                        }
                    };
                    *counts
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .entry(outcome)
                        .or_default() += 1;
                    let _ = sender.try_send(());
                }
            })
        };
        Self {
            threads: (0..2).map(thread).collect(),
            stop,
            counts,
            ran,
        }
    }

    /// Waits until some runs have ended that began after this was called.
    pub(crate) fn wait(&self) {
        // Each thread may have had one message from a run that began before.
        for _ in 0..10 {
            let _ = self.ran.recv();
        }
    }

    /// Stops them, and tells what they counted.
    pub(crate) fn stop(self) -> Counts {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
        std::mem::take(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
