//! Running the future of a program, and making it anew from new code.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::changed::{Changed, changed};
use crate::enter_instance;
use crate::started::Started;

/// Runs the future that `app` makes of `state`.
///
/// The hot functions that it calls are those of the live generation, as everywhere. With
/// [`restart_on_commit`](Serve::restart_on_commit), each new generation also drops the future and lets the new code of
/// `app` make another one, of a clone of the same `state`. What lies in the state is not touched: a listener that the
/// caller made stays open, and connections that wait in it are served by the new future.
///
/// ```
/// # use std::sync::Arc;
/// struct App {
///     name: &'static str,
/// }
///
/// async fn app(app: Arc<App>) -> usize {
///     app.name.len() // Listen, accept, answer..
/// }
///
/// # async fn example() {
/// let state = Arc::new(App { name: "shop" });
/// hotpatch_runtime::serve(state, app).restart_on_commit().await;
/// # }
/// ```
pub fn serve<S, A, F>(state: S, app: A) -> Serve<S, A, F>
where
    S: Clone,
    A: Fn(S) -> F,
    F: Future,
{
    Serve {
        state,
        app,
        restarts: false,
        running: None,
    }
}

/// A future that runs another one. See [`serve`].
#[must_use = "it does nothing unless it is awaited"]
pub struct Serve<S, A, F> {
    state: S,
    app: A,
    restarts: bool,
    /// The future, and the next generation after it was made.
    running: Option<(Started<F>, Changed)>,
}

impl<S, A, F> Serve<S, A, F> {
    /// Drops the future with each new generation, and makes it anew.
    pub fn restart_on_commit(mut self) -> Self {
        self.restarts = true;
        self
    }
}

impl<S, A, F> Future for Serve<S, A, F>
where
    S: Clone,
    A: Fn(S) -> F,
    F: Future,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if let Some((_, changed)) = &mut this.running
            && this.restarts
            && Pin::new(changed).poll(context).is_ready()
        {
            this.running = None;
        }
        loop {
            let (future, changed) = this.running.get_or_insert_with(|| {
                let changed = changed();
                (start(&this.app, this.state.clone()), changed)
            });
            if let Poll::Ready(output) = Pin::new(future).poll(context) {
                return Poll::Ready(output);
            }
            if !this.restarts || Pin::new(changed).poll(context).is_pending() {
                return Poll::Pending;
            }
            this.running = None;
        }
    }
}

// The future that runs lies in a box, and nothing else is pinned.
impl<S, A, F> Unpin for Serve<S, A, F> {}

impl<S, A, F> fmt::Debug for Serve<S, A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("restarts", &self.restarts)
            .finish_non_exhaustive()
    }
}

/// Lets the code that `app` has now make the future.
fn start<S, A, F>(app: &A, state: S) -> Started<F>
where
    A: Fn(S) -> F,
    F: Future,
{
    /// Known to the patch linker by its name.
    #[inline(never)]
    fn __hotpatch_instance_0000000000000001<S, A, F>(app: &A, state: S) -> Started<F>
    where
        A: Fn(S) -> F,
        F: Future,
    {
        Started::new(app(state))
    }
    let body: fn(&A, S) -> Started<F> = __hotpatch_instance_0000000000000001;
    // SAFETY: the bodies that are published for this instance take the same arguments, and the representation of what
    // they return is the same for all futures.
    unsafe { enter_instance(body, |body| body(app, state)) }
}
