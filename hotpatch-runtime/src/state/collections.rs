//! The collections of the standard library: a new one is made of the items of the old one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::mem::{self, ManuallyDrop};

use super::description::{Description, Kind, Migrate};
use super::failure::Failure;
use super::old::Old;

/// What this file needs of a collection.
trait Collection: IntoIterator + Migrate {
    /// Where the parts of an item are.
    type Parts: AsRef<[*const u8]>;

    fn visit(&self, each: &mut dyn FnMut(Self::Parts));

    fn empty() -> Self;

    /// Puts an item in that is made of these parts of the old one.
    fn put(&mut self, old: &Old<'_>, parts: &[Part]) -> Result<(), Failure>;
}

type Part = (*const u8, &'static Description);

/// # Safety
///
/// `value` points to a `C`, which nobody changes.
unsafe fn visit<C: Collection>(value: *const u8, each: &mut dyn FnMut(&[*const u8])) {
    // SAFETY: promised by the caller.
    unsafe { &*value.cast::<C>() }.visit(&mut |parts| each(parts.as_ref()));
}

/// # Safety
///
/// `value` points to a `C` whose items have left it, and which nobody uses from now on.
unsafe fn release<C: Collection>(value: *mut u8) {
    // SAFETY: promised by the caller. No item is dropped.
    unsafe { value.cast::<C>().read() }
        .into_iter()
        .for_each(mem::forget);
}

fn rebuild<C: Collection>(old: &Old<'_>) -> Result<C, Failure> {
    old.open(C::describe())?;
    // Not dropped on the way out: what is in it by then is still in the old one.
    let mut new = ManuallyDrop::new(C::empty());
    let mut index = 0_usize;
    old.each_item(|parts| {
        let put = new.put(old, parts);
        put.map_err(|failure| failure.within(format!("[{index}]")))?;
        index += 1;
        Ok(())
    })?;
    Ok(ManuallyDrop::into_inner(new))
}

fn place<T>(part: &T) -> *const u8 {
    std::ptr::from_ref(part).cast()
}

/// Collections whose items have one part, or two.
macro_rules! collections {
    ($($name:literal $of:ty, [$($parameters:tt)*], [$($part:ident),+], $parts:ty, $visit:expr, $put:expr;)*) => {$(
        // SAFETY: these are its items, and their parts.
        unsafe impl<$($parameters)*> Migrate for $of {
            fn describe() -> &'static Description {
                const {
                    &Description::of::<Self>(
                        || $name,
                        1,
                        Kind::Items {
                            of: const { &[$($part::describe),+] },
                            visit: visit::<Self>,
                            release: release::<Self>,
                        },
                        None,
                    )
                }
            }

            fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
                rebuild(old)
            }
        }

        impl<$($parameters)*> Collection for $of {
            type Parts = $parts;

            fn visit(&self, each: &mut dyn FnMut(Self::Parts)) {
                self.iter().map($visit).for_each(each);
            }

            fn empty() -> Self {
                Self::default()
            }

            fn put(&mut self, old: &Old<'_>, parts: &[Part]) -> Result<(), Failure> {
                let put: fn(&mut Self, &Old<'_>, &[Part]) -> Result<(), Failure> = $put;
                put(self, old, parts)
            }
        }
    )*};
}

/// Puts an item of one part in with this method.
macro_rules! one {
    ($method:ident) => {
        |new, old, parts| {
            new.$method(ManuallyDrop::into_inner(old.item(parts[0])?));
            Ok(())
        }
    };
}

/// Puts a key with its value in.
macro_rules! pair {
    () => {
        |new, old, parts| {
            let key = old.item(parts[0]).map_err(|failure| failure.within("key"))?;
            let value = old.item(parts[1])?;
            new.insert(ManuallyDrop::into_inner(key), ManuallyDrop::into_inner(value));
            Ok(())
        }
    };
}

collections! {
    "Vec" Vec<T>, [T: Migrate], [T], [*const u8; 1], |item| [place(item)], one!(push);
    "VecDeque" VecDeque<T>, [T: Migrate], [T], [*const u8; 1], |item| [place(item)], one!(push_back);
    "BTreeSet" BTreeSet<T>, [T: Migrate + Ord], [T], [*const u8; 1], |item| [place(item)], one!(insert);
    "HashSet" HashSet<T, S>, [T: Migrate + Eq + Hash, S: BuildHasher + Default + 'static], [T], [*const u8; 1],
        |item| [place(item)], one!(insert);
    "BTreeMap" BTreeMap<K, V>, [K: Migrate + Ord, V: Migrate], [K, V], [*const u8; 2],
        |(key, value)| [place(key), place(value)], pair!();
    "HashMap" HashMap<K, V, S>, [K: Migrate + Eq + Hash, V: Migrate, S: BuildHasher + Default + 'static], [K, V],
        [*const u8; 2], |(key, value)| [place(key), place(value)], pair!();
}
