//! What a later type gives for an earlier one.

use std::mem::{self, ManuallyDrop};

use super::agreement::agree;
use super::description::{Description, Migrate};
use super::failure::Failure;

/// The fields that an earlier type has and a later one has not: what a down-migration fills in.
#[derive(Debug, Default)]
pub struct Down(Vec<Given>);

struct Given {
    name: String,
    description: &'static Description,
    /// A box of a value of that description; empty when the value has been taken.
    value: *mut u8,
    drop: unsafe fn(*mut u8),
    is_taken: bool,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.name, self.description)
    }
}

impl Down {
    /// Gives a field of the earlier type its value. It must have that type there.
    pub fn set<F: Migrate>(&mut self, name: &str, value: F) {
        /// # Safety
        ///
        /// `value` is a box of an `F` that is given up.
        unsafe fn free<F>(value: *mut u8) {
            // SAFETY: promised by the caller; whether the value in it is dropped was decided before.
            drop(unsafe { Box::from_raw(value.cast::<ManuallyDrop<F>>()) });
        }
        let value = Box::into_raw(Box::new(ManuallyDrop::new(value))).cast();
        self.0.push(Given {
            name: name.to_owned(),
            description: F::describe(),
            value,
            drop: free::<F>,
            is_taken: false,
        });
    }

    /// Takes what was given for a field of this description: whoever asks copies it from there.
    pub(super) fn take(
        &mut self,
        name: &str,
        new: &'static Description,
    ) -> Option<Result<*const u8, Failure>> {
        let given = self
            .0
            .iter_mut()
            .find(|given| given.name == name && !given.is_taken)?;
        if !agree(given.description, new) {
            return Some(Err(Failure::new(format_args!(
                "the down-migration sets `{name}` to a `{}`, and it is a `{}` there",
                (given.description.name)(),
                (new.name)()
            ))));
        }
        given.is_taken = true;
        Some(Ok(given.value))
    }
}

impl Drop for Down {
    fn drop(&mut self) {
        for given in mem::take(&mut self.0) {
            // SAFETY: the box holds a value of this description, which is dropped unless somebody has it.
            unsafe {
                if !given.is_taken {
                    (given.description.drop)(given.value);
                }
                (given.drop)(given.value);
            }
        }
    }
}
