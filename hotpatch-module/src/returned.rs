//! What a function of a contract may give back, and how it becomes a value and bytes, and a value again.

use core::mem::MaybeUninit;

use crate::layout::{Kind, Layout};
use crate::shared::{Invalid, Shared};

/// A type that a function of a contract may give back: `()`, what is [`Shared`], `String`, `Vec` of what is shared, and
/// `Option` and `Result` of these.
///
/// # Safety
///
/// [`receive`](Self::receive) trusts nothing of what it is given.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given back by a function of a contract",
    label = "cannot cross from a module to its host",
    note = "given back are `()`, `String`, what is `Shared`, `Vec<T>` where `T: Shared`, and `Option` and `Result` of these"
)]
pub unsafe trait Returned: Sized {
    /// What lies where the output points to.
    #[doc(hidden)]
    type Value: Copy;
    /// What it is.
    #[doc(hidden)]
    const LAYOUT: &'static Layout;
    /// Whether there may also be bytes.
    #[doc(hidden)]
    const BYTES: bool;

    /// Gives it away: the value is the result, the bytes go to `write`.
    #[doc(hidden)]
    fn send(self, write: &mut dyn FnMut(&[u8])) -> MaybeUninit<Self::Value>;

    /// Takes what was sent.
    ///
    /// # Errors
    ///
    /// It is no value of this type.
    ///
    /// # Safety
    ///
    /// All bytes of `value` are initialised.
    #[doc(hidden)]
    unsafe fn receive(value: &MaybeUninit<Self::Value>, bytes: Vec<u8>) -> Result<Self, Invalid>;
}

#[inline(always)]
fn no_bytes(bytes: &[u8]) -> Result<(), Invalid> {
    if bytes.is_empty() {
        Ok(())
    } else {
        Err(too_many(bytes))
    }
}

#[cold]
fn too_many(bytes: &[u8]) -> Invalid {
    Invalid::new(format!("{} bytes where there are none", bytes.len()))
}

// SAFETY: the value is checked before it is taken for one.
unsafe impl<T: Shared> Returned for T {
    type Value = T;
    const LAYOUT: &'static Layout = <T as Shared>::LAYOUT;
    const BYTES: bool = false;

    #[inline(always)]
    fn send(self, _: &mut dyn FnMut(&[u8])) -> MaybeUninit<T> {
        MaybeUninit::new(self)
    }

    #[inline(always)]
    unsafe fn receive(value: &MaybeUninit<T>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        no_bytes(&bytes)?;
        // SAFETY: the caller promises that the bytes are initialised.
        unsafe { T::check(value.as_ptr().cast())? };
        // SAFETY: the bytes are a value, as the check says.
        Ok(unsafe { value.assume_init() })
    }
}

// SAFETY: there is nothing to trust.
unsafe impl Returned for () {
    type Value = ();
    const LAYOUT: &'static Layout = &Layout::of::<()>("", Kind::Nothing);
    const BYTES: bool = false;

    #[inline(always)]
    fn send(self, _: &mut dyn FnMut(&[u8])) -> MaybeUninit<()> {
        MaybeUninit::new(())
    }

    #[inline(always)]
    unsafe fn receive(_: &MaybeUninit<()>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        no_bytes(&bytes)
    }
}

// SAFETY: the bytes are checked to be UTF-8.
unsafe impl Returned for String {
    type Value = ();
    const LAYOUT: &'static Layout = &Layout::of::<()>("", Kind::Text);
    const BYTES: bool = true;

    fn send(self, write: &mut dyn FnMut(&[u8])) -> MaybeUninit<()> {
        write(self.as_bytes());
        MaybeUninit::new(())
    }

    unsafe fn receive(_: &MaybeUninit<()>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        String::from_utf8(bytes)
            .map_err(|error| Invalid::new(format!("a text is no UTF-8: {}", error.utf8_error())))
    }
}

// SAFETY: each item is checked.
unsafe impl<T: Shared> Returned for Vec<T> {
    type Value = ();
    const LAYOUT: &'static Layout = &Layout::of::<()>("", Kind::List(<T as Shared>::LAYOUT));
    const BYTES: bool = true;

    fn send(self, write: &mut dyn FnMut(&[u8])) -> MaybeUninit<()> {
        const { assert!(size_of::<T>() != 0, "items without a size are not supported") };
        // SAFETY: the bytes of the items, which are only copied by the other side.
        write(unsafe { core::slice::from_raw_parts(self.as_ptr().cast(), size_of_val(&*self)) });
        MaybeUninit::new(())
    }

    unsafe fn receive(_: &MaybeUninit<()>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        let size = const {
            assert!(size_of::<T>() != 0, "items without a size are not supported");
            size_of::<T>()
        };
        let count = bytes.len() / size;
        if !bytes.len().is_multiple_of(size) {
            return Err(Invalid::new(format!(
                "{} bytes are no whole items of {size}",
                bytes.len()
            )));
        }
        for index in 0..count {
            // SAFETY: the item lies within the bytes.
            unsafe { T::check(bytes.as_ptr().add(index * size)) }
                .map_err(|invalid| invalid.within(format!("[{index}]")))?;
        }
        let mut items = Vec::<T>::with_capacity(count);
        // SAFETY: there is room for as many, and the bytes of each are a value, as the check says.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), items.as_mut_ptr().cast(), bytes.len());
            items.set_len(count);
        }
        Ok(items)
    }
}

/// A value that says which of two it is.
#[doc(hidden)]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Tagged<A: Copy, B: Copy> {
    tag: u32,
    value: Either<A, B>,
}

#[doc(hidden)]
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) union Either<A: Copy, B: Copy> {
    first: MaybeUninit<A>,
    second: MaybeUninit<B>,
}

impl<A: Copy, B: Copy> Tagged<A, B> {
    fn first(value: MaybeUninit<A>) -> MaybeUninit<Self> {
        let value = Either { first: value };
        MaybeUninit::new(Self { tag: 0, value })
    }

    fn second(value: MaybeUninit<B>) -> MaybeUninit<Self> {
        let value = Either { second: value };
        MaybeUninit::new(Self { tag: 1, value })
    }
}

// SAFETY: the tag is checked, and the value of a variant by the type of that variant.
unsafe impl<T: Returned> Returned for Option<T> {
    type Value = Tagged<(), T::Value>;
    const LAYOUT: &'static Layout = &Layout::of::<Self::Value>("", Kind::Option(T::LAYOUT));
    const BYTES: bool = T::BYTES;

    fn send(self, write: &mut dyn FnMut(&[u8])) -> MaybeUninit<Self::Value> {
        match self {
            None => Tagged::first(MaybeUninit::new(())),
            Some(value) => Tagged::second(value.send(write)),
        }
    }

    unsafe fn receive(value: &MaybeUninit<Self::Value>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        // SAFETY: the caller promises that the bytes are initialised; in this record only the tag is no bare memory.
        let Tagged { tag, value } = unsafe { value.assume_init_ref() };
        match tag {
            0 => no_bytes(&bytes).map(|()| None),
            // SAFETY: a part of what the caller speaks of.
            1 => unsafe { T::receive(&value.second, bytes) }
                .map(Some)
                .map_err(|invalid| invalid.within(".Some")),
            _ => Err(Invalid::number("Option", tag)),
        }
    }
}

// SAFETY: the tag is checked, and the value of a variant by the type of that variant.
unsafe impl<T: Returned, E: Returned> Returned for Result<T, E> {
    type Value = Tagged<T::Value, E::Value>;
    const LAYOUT: &'static Layout = &Layout::of::<Self::Value>("", Kind::Result(T::LAYOUT, E::LAYOUT));
    const BYTES: bool = T::BYTES || E::BYTES;

    fn send(self, write: &mut dyn FnMut(&[u8])) -> MaybeUninit<Self::Value> {
        match self {
            Ok(value) => Tagged::first(value.send(write)),
            Err(error) => Tagged::second(error.send(write)),
        }
    }

    unsafe fn receive(value: &MaybeUninit<Self::Value>, bytes: Vec<u8>) -> Result<Self, Invalid> {
        // SAFETY: as with `Option`.
        let Tagged { tag, value } = unsafe { value.assume_init_ref() };
        match tag {
            // SAFETY: a part of what the caller speaks of.
            0 => unsafe { T::receive(&value.first, bytes) }
                .map(Ok)
                .map_err(|invalid| invalid.within(".Ok")),
            // SAFETY: a part of what the caller speaks of.
            1 => unsafe { E::receive(&value.second, bytes) }
                .map(Err)
                .map_err(|invalid| invalid.within(".Err")),
            _ => Err(Invalid::number("Result", tag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::Returned;

    /// Sends a value and receives it, after `change` had its way with the value and the bytes.
    fn check<R: Returned + PartialEq + std::fmt::Debug>(
        value: R,
        change: impl FnOnce(&mut [u8], &mut Vec<u8>),
        expect: Result<R, &str>,
    ) {
        let mut bytes = Vec::new();
        let sent = value.send(&mut |sent| bytes.extend_from_slice(sent));
        let mut received = MaybeUninit::<R::Value>::zeroed();
        // SAFETY: both are of the same size, and bytes that were not sent stay 0 in the second. Padding that is copied is never
        // read.
        unsafe { received.as_mut_ptr().write(sent.assume_init()) };
        let size = size_of::<R::Value>();
        // SAFETY: it is as large as the value. Only bytes that were sent are read.
        let raw = unsafe { std::slice::from_raw_parts_mut(received.as_mut_ptr().cast::<u8>(), size) };
        change(raw, &mut bytes);
        // SAFETY: all that is looked at was sent.
        let found = unsafe { R::receive(&received, bytes) };
        let found = found.map_err(|invalid| invalid.to_string());
        assert_eq!(found, expect.map_err(str::to_owned));
    }

    #[test]
    fn what_is_sent_is_received() {
        type Nested = Result<Option<Vec<u16>>, Option<String>>;
        let same = |_: &mut [u8], _: &mut Vec<u8>| {};
        check((), same, Ok(()));
        check(-5_i128, same, Ok(-5));
        check(String::from("ß"), same, Ok("ß".into()));
        check(vec!['a', 'ß'], same, Ok(vec!['a', 'ß']));
        check(Vec::<u128>::new(), same, Ok(Vec::new()));
        check(Some(true), same, Ok(Some(true)));
        check(None::<[f64; 3]>, same, Ok(None));
        check(Nested::Ok(Some(vec![1, 2])), same, Ok(Ok(Some(vec![1, 2]))));
        check(Nested::Ok(None), same, Ok(Ok(None)));
        check(Nested::Err(Some("no".into())), same, Ok(Err(Some("no".into()))));
        check(Err::<(), ()>(()), same, Ok(Err(())));
    }

    #[test]
    fn what_was_not_sent_is_refused() {
        let more = |_: &mut [u8], bytes: &mut Vec<u8>| bytes.push(0xff);
        check((), more, Err("1 bytes where there are none"));
        check(1_u8, more, Err("1 bytes where there are none"));
        check(None::<String>, more, Err("1 bytes where there are none"));
        check(
            Some(vec![1_u32]),
            more,
            Err("`Some`: 5 bytes are no whole items of 4"),
        );
        check(
            String::from("a"),
            more,
            Err("a text is no UTF-8: invalid utf-8 sequence of 1 bytes from index 1"),
        );
        let two = |value: &mut [u8], _: &mut Vec<u8>| value[0] = 2;
        check(true, two, Err("2 is no value of `bool`"));
        check(Some(1_u64), two, Err("2 is no value of `Option`"));
        check(Ok::<u8, ()>(1), two, Err("2 is no value of `Result`"));
        check(
            Ok::<_, ()>([true, false]),
            |value, _| value[5] = 7,
            Err("`Ok[1]`: 7 is no value of `bool`"),
        );
        check(
            vec![true, false, true],
            |_, bytes| bytes[2] = 9,
            Err("`[2]`: 9 is no value of `bool`"),
        );
    }
}
