//! The types of the language that are shared: numbers, `bool`, `char`, and arrays.

use super::{Invalid, Shared};
use crate::layout::{Kind, Layout};

macro_rules! numbers {
    ($($ty:ident)*) => {
        $(
            // SAFETY: every pattern of bits is a value.
            unsafe impl Shared for $ty {
                const LAYOUT: &'static Layout = &Layout::of::<Self>(stringify!($ty), Kind::Number);

                #[inline(always)]
                unsafe fn check(_: *const u8) -> Result<(), Invalid> {
                    Ok(())
                }
            }
        )*
    };
}

numbers!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64);

// SAFETY: a byte that is 0 or 1, as in C.
unsafe impl Shared for bool {
    const LAYOUT: &'static Layout = &Layout::of::<Self>("bool", Kind::Number);

    #[inline]
    unsafe fn check(bytes: *const u8) -> Result<(), Invalid> {
        // SAFETY: promised by the caller.
        match unsafe { bytes.read() } {
            0 | 1 => Ok(()),
            byte => Err(Invalid::number("bool", byte)),
        }
    }
}

// SAFETY: a `u32` that is a scalar value of Unicode.
unsafe impl Shared for char {
    const LAYOUT: &'static Layout = &Layout::of::<Self>("char", Kind::Number);

    #[inline]
    unsafe fn check(bytes: *const u8) -> Result<(), Invalid> {
        // SAFETY: promised by the caller.
        let number = unsafe { bytes.cast::<u32>().read_unaligned() };
        match char::from_u32(number) {
            Some(_) => Ok(()),
            None => Err(Invalid::number("char", number)),
        }
    }
}

// SAFETY: the items lie one after the other, and each is checked.
unsafe impl<T: Shared, const N: usize> Shared for [T; N] {
    const LAYOUT: &'static Layout = &Layout::of::<Self>(
        "",
        Kind::Array {
            item: T::LAYOUT,
            len: N,
        },
    );

    #[inline]
    unsafe fn check(bytes: *const u8) -> Result<(), Invalid> {
        for index in 0..N {
            // SAFETY: the item lies within the array, which the caller promises.
            unsafe { T::check(bytes.add(index * size_of::<T>())) }
                .map_err(|invalid| invalid.within(format!("[{index}]")))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;

    fn check<T: Shared>(bytes: &[u8], expect: Result<(), &str>) {
        assert_eq!(bytes.len(), size_of::<T>());
        // SAFETY: the length was compared.
        let found = unsafe { T::check(bytes.as_ptr()) }.map_err(|invalid| invalid.to_string());
        assert_eq!(found, expect.map_err(str::to_owned));
    }

    #[test]
    fn bytes_that_are_no_value_are_found() {
        check::<u32>(&[255; 4], Ok(()));
        check::<f64>(&[255; 8], Ok(()));
        check::<bool>(&[1], Ok(()));
        check::<bool>(&[2], Err("2 is no value of `bool`"));
        check::<char>(&0xd800_u32.to_ne_bytes(), Err("55296 is no value of `char`"));
        check::<char>(&('ß' as u32).to_ne_bytes(), Ok(()));
        check::<[bool; 3]>(&[0, 1, 7], Err("`[2]`: 7 is no value of `bool`"));
        check::<[[bool; 1]; 2]>(&[0, 9], Err("`[1][0]`: 9 is no value of `bool`"));
    }
}
