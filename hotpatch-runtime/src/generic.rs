//! The hot functions that have type parameters: they have code for each instance, and no record of their own.

/// A hot function with type parameters, handed to the runtime by the code that `#[hotpatch]` generates.
///
/// Its instances are found by their symbols. This tells that the function exists, also before the first instance.
#[derive(Debug)]
pub struct RegisteredGeneric {
    /// The path of the function as the macro knows it, for example `game::Grid<T>::get`.
    pub path: &'static str,
    /// The signature as written, for example `fn get(&self, at: usize) -> &T`.
    pub signature: &'static str,
}

inventory::collect!(RegisteredGeneric);
