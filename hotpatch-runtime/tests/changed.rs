//! Waiting for the next generation, and futures that are made anew with it.

#[macro_use]
mod support;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use hotpatch_runtime::{apply, changed, generation, ptr, rollback, serve};

use support::{alone, folder, returning};

hot!(one, ONE, 10);

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn commit() -> u64 {
    let folder = folder();
    let (path, _) = returning(folder.path(), "1.so", &[(&ONE, 11)]);
    apply(path).unwrap().generation
}

#[test]
fn a_thread_waits_for_the_next_generation() {
    let _alone = alone();
    let next = changed();
    assert_eq!(changed().wait_timeout(Duration::from_millis(1)), None);
    let waiting = thread::spawn(|| next.wait());
    let generation = commit();
    assert_eq!(waiting.join().unwrap(), generation);
    assert_eq!(one(), 11);
}

#[test]
fn what_came_before_it_was_asked_for_does_not_count_and_what_comes_later_does() {
    let _alone = alone();
    let before = changed();
    commit();
    let after = changed();
    assert_eq!(before.wait_timeout(Duration::from_secs(60)), Some(generation()));
    assert_eq!(after.wait_timeout(Duration::from_millis(1)), None);
    let next = changed();
    rollback(0).unwrap();
    assert_eq!(next.wait(), generation());
}

#[test]
fn a_future_is_woken_once_and_a_dropped_one_never() {
    let _alone = alone();
    let [woken, dropped] = [(); 2].map(|()| Arc::new(Woken::default()));
    let wakers = [&woken, &dropped].map(|woken| Waker::from(Arc::clone(woken)));
    let mut next = pin!(changed());
    for _ in 0..3 {
        assert!(
            next.as_mut()
                .poll(&mut Context::from_waker(&wakers[0]))
                .is_pending()
        );
    }
    {
        let mut other = pin!(changed());
        assert!(
            other
                .as_mut()
                .poll(&mut Context::from_waker(&wakers[1]))
                .is_pending()
        );
    }
    let generation = commit();
    assert_eq!(
        next.poll(&mut Context::from_waker(&wakers[0])),
        Poll::Ready(generation)
    );
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(dropped.0.load(Ordering::SeqCst), 0);
}

/// Counts how often it is made, and ends when it is polled after `end` was set.
async fn app((made, end): (Arc<AtomicU32>, Arc<AtomicU32>)) -> u32 {
    let number = made.fetch_add(1, Ordering::SeqCst);
    std::future::poll_fn(|_| match end.load(Ordering::SeqCst) {
        0 => Poll::Pending,
        _ => Poll::Ready(()),
    })
    .await;
    number
}

#[test]
fn a_served_future_is_made_anew_only_if_that_was_asked_for() {
    let _alone = alone();
    for (restarts, expected) in [(false, 0), (true, 2)] {
        let [made, end] = [(); 2].map(|()| Arc::new(AtomicU32::new(0)));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let serving = serve((Arc::clone(&made), Arc::clone(&end)), app);
        let mut serving = pin!(if restarts {
            serving.restart_on_commit()
        } else {
            serving
        });
        for _ in 0..2 {
            assert!(serving.as_mut().poll(&mut context).is_pending());
            commit();
        }
        assert_eq!(woken.0.load(Ordering::SeqCst) > 0, restarts);
        assert!(serving.as_mut().poll(&mut context).is_pending());
        end.store(1, Ordering::SeqCst);
        assert_eq!(serving.as_mut().poll(&mut context), Poll::Ready(expected));
    }
}

#[test]
fn pointers_are_plain_and_take_functions_and_closures() {
    fn longer<'a>(a: &'a str, b: &'a str) -> &'a str {
        if a.len() < b.len() { b } else { a }
    }
    let table: [fn(&'static str, &'static str) -> &'static str; 2] =
        [ptr(longer), ptr(|a: &'static str, _| a)];
    assert_eq!(table.map(|function| function("a", "bc")), ["bc", "a"]);
    assert_eq!(ptr(|| 7)(), 7);
}
