//! The future that the body of a hot `async fn` gives: of one representation, whatever future is inside.
//!
//! New code makes a future of another size and with other states than old code. So it is kept in a box, and the code
//! that knows its type comes along with it: every body of an entry returns the same two words.

use std::future::Future;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(feature = "live")]
use crate::image::Use;
#[cfg(not(feature = "live"))]
use std::convert::Infallible as Use;

/// A future that was made by one version of a hot `async fn`, and that ends on that version.
///
/// `F` is the future that the program was built with; the one inside may be of a later version of the same function. Both
/// have the same output, and borrow the same arguments. What is inside is reached only through `code`.
#[repr(C)]
pub struct Started<F> {
    /// A `Boxed` of some future.
    future: *mut (),
    code: &'static Code,
    made_by: PhantomData<F>,
}

/// A future with what keeps its code in the process, which every image puts first.
#[repr(C)]
struct Boxed<F> {
    image: Option<Use>,
    future: F,
}

/// What the image that made a future knows about it.
#[repr(C)]
struct Code {
    /// Writes a `Poll` of the output to the last argument.
    poll: unsafe fn(*mut (), &mut Context<'_>, *mut ()),
    drop: unsafe fn(*mut ()),
}

impl<F: Future> Started<F> {
    /// Moves a future into a box.
    pub fn new(future: F) -> Self {
        let code: &'static Code = const {
            &Code {
                poll: poll::<F>,
                drop: drop_box::<F>,
            }
        };
        let image = use_of(code);
        Self {
            future: Box::into_raw(Box::new(Boxed { image, future })).cast(),
            code,
            made_by: PhantomData,
        }
    }
}

/// What keeps the image of `code` in the process.
#[cfg(feature = "live")]
#[inline(never)]
fn use_of(code: &'static Code) -> Option<Use> {
    crate::image::by_future(std::ptr::from_ref(code).addr())
}

#[cfg(not(feature = "live"))]
fn use_of(_code: &'static Code) -> Option<Use> {
    None
}

/// # Safety
///
/// - `future` comes from a `Box<Boxed<F>>`, is not used by anybody else, and never moves again.
/// - `result` is a place for a `Poll<F::Output>`.
unsafe fn poll<F: Future>(future: *mut (), context: &mut Context<'_>, result: *mut ()) {
    // SAFETY: promised by the caller.
    let poll = unsafe { Pin::new_unchecked(&mut (*future.cast::<Boxed<F>>()).future) }.poll(context);
    // SAFETY: promised by the caller.
    unsafe { result.cast::<Poll<F::Output>>().write(poll) };
}

/// # Safety
///
/// `future` comes from a `Box<Boxed<F>>` and is not used any more.
unsafe fn drop_box<F>(future: *mut ()) {
    // SAFETY: promised by the caller.
    drop(unsafe { Box::from_raw(future.cast::<Boxed<F>>()) });
}

impl<F: Future> Future for Started<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let mut result = MaybeUninit::<Poll<F::Output>>::uninit();
        // SAFETY: the code came with the future, which is ours alone and stays in its box. Its output is that of `F`.
        unsafe { (this.code.poll)(this.future, context, result.as_mut_ptr().cast()) };
        // SAFETY: written by `poll`.
        unsafe { result.assume_init() }
    }
}

impl<F> Drop for Started<F> {
    #[inline]
    fn drop(&mut self) {
        // Taken out first, and dropped last: the image is needed until its own code has returned.
        // SAFETY: whatever future is inside, the box begins with this field, and it is ours alone.
        let _image = unsafe { (*self.future.cast::<Option<Use>>()).take() };
        // SAFETY: the code came with the future, which is ours alone; nobody uses it after this.
        unsafe { (self.code.drop)(self.future) }
    }
}

// The future stays where it is when this moves.
impl<F> Unpin for Started<F> {}

// SAFETY: this owns the future inside and gives access to nobody else. That is `F`, or the future of a later version of
// the same function. The sources of that version were compiled together with all their callers, and where one of them
// needs a future that can be sent, the compiler has checked that it can.
unsafe impl<F: Send> Send for Started<F> {}
// SAFETY: nothing is reached through a shared reference.
unsafe impl<F: Sync> Sync for Started<F> {}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::rc::Rc;
    use std::task::Waker;

    use super::*;

    fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    async fn pause() {
        let mut paused = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut paused, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    struct Dropped(Rc<Cell<u32>>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    fn waiting(drops: &Rc<Cell<u32>>) -> Started<impl Future<Output = u32> + use<>> {
        let guard = Dropped(Rc::clone(drops));
        Started::new(async move {
            pause().await;
            drop(guard);
            7
        })
    }

    #[test]
    fn it_is_two_words_and_polls_the_future_inside() {
        let drops = Rc::new(Cell::new(0));
        assert_eq!(size_of_val(&waiting(&drops)), 2 * size_of::<usize>());
        let mut future = pin!(waiting(&drops));
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(poll_once(future.as_mut()), Poll::Ready(7));
        assert_eq!(drops.get(), 2);
    }

    #[test]
    fn what_the_future_owns_is_dropped_once_whenever_it_ends() {
        let drops = Rc::new(Cell::new(0));
        drop(waiting(&drops));
        assert_eq!(drops.get(), 1);
        let mut future = Box::pin(waiting(&drops));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
        assert_eq!(drops.get(), 2);
    }
}
