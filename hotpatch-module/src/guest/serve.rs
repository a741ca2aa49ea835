//! A call as the module sees it: the input read, the panic caught, the output written.

use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};

use hotpatch_abi::module::STATUS_PANICKED;

use crate::contract::Sink;
use crate::returned::Returned;

/// A slice in an input.
#[repr(C)]
pub struct Slice<T> {
    data: *const T,
    len: usize,
}

impl<T> Slice<T> {
    /// The slice as the other side finds it.
    #[inline(always)]
    pub const fn new(items: &[T]) -> Self {
        Self {
            data: items.as_ptr(),
            len: items.len(),
        }
    }

    /// The slice.
    ///
    /// # Safety
    ///
    /// It lives, and nobody writes to it, for as long as `'a`.
    #[inline(always)]
    pub const unsafe fn get<'a>(&self) -> &'a [T] {
        // SAFETY: promised by the caller; the other side made it of a slice.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }
}

/// An output with bytes.
#[repr(C)]
pub(crate) struct Reply<V> {
    pub(crate) sink: Sink,
    pub(crate) value: MaybeUninit<V>,
}

/// Runs a call. A panic ends here.
#[inline(always)]
pub fn run(call: impl FnOnce()) -> i32 {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(()) => 0,
        Err(payload) => {
            discard(payload);
            STATUS_PANICKED
        }
    }
}

/// Drops what a panic carries. That may panic again, and that one is kept.
#[cold]
pub(super) fn discard(payload: Box<dyn core::any::Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        core::mem::forget(again);
    }
}

/// Writes what a function gives back to where its caller wants it.
///
/// # Safety
///
/// `output` points to a `R::Value`, or where `R` has bytes to a `Reply` of it whose sink is alive.
#[inline(always)]
pub unsafe fn send<R: Returned>(result: R, output: *mut c_void) {
    if !R::BYTES {
        let value = result.send(&mut |_| {});
        // SAFETY: promised by the caller.
        unsafe { output.cast::<MaybeUninit<R::Value>>().write(value) };
        return;
    }
    let place = offset_of!(Reply<R::Value>, value);
    // SAFETY: promised by the caller. Only the sink is read: the value has none yet.
    let sink = unsafe { &*output.cast::<Sink>() };
    let value = result.send(&mut |bytes| write(sink, bytes));
    // SAFETY: promised by the caller.
    unsafe {
        output
            .byte_add(place)
            .cast::<MaybeUninit<R::Value>>()
            .write(value)
    };
}

#[cfg(not(target_arch = "wasm32"))]
fn write(sink: &Sink, bytes: &[u8]) {
    // SAFETY: the host made the sink for this call, and the bytes are alive.
    unsafe { (sink.write)(sink.context, bytes.as_ptr(), bytes.len()) };
}

#[cfg(target_arch = "wasm32")]
fn write(sink: &Sink, bytes: &[u8]) {
    super::wasm::write(sink.context, bytes);
}

/// The input of a call.
///
/// # Safety
///
/// `input` points to an `Input`, for as long as the call runs.
#[inline(always)]
pub unsafe fn serve<'a, Input>(input: *const c_void) -> &'a Input {
    // SAFETY: promised by the caller.
    unsafe { &*input.cast::<Input>() }
}

#[cfg(test)]
mod tests {
    use super::Reply;
    use crate::contract::{ContractFunction, Output, Sink};

    /// What a host without the types makes of the description is what the compiler makes of the types.
    fn check<V>() {
        let function = |bytes| ContractFunction {
            name: "",
            shown: "",
            layout: "",
            signature: 0,
            input: &[],
            input_size: 0,
            output: Output {
                size: size_of::<V>(),
                align: align_of::<V>(),
                bytes,
            },
        };
        assert_eq!(function(false).output_size(), size_of::<V>());
        assert_eq!(function(true).output_size(), size_of::<Reply<V>>());
        let place = size_of::<Sink>().next_multiple_of(align_of::<V>());
        assert_eq!(std::mem::offset_of!(Reply<V>, value), place);
    }

    #[test]
    fn replies_lie_where_the_description_says() {
        check::<()>();
        check::<u8>();
        check::<[u16; 3]>();
        check::<u64>();
        check::<u128>();
        check::<(u128, u8)>();
    }
}
