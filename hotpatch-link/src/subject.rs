//! The item of the program that an error is about, so that a tool can show it in the sources.

/// The item. Paths are as people write them, and as debug information and symbols know them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A struct, an enum or a union.
    Type {
        /// Its full path, with generic arguments.
        path: String,
        /// The field or the variant of it that changed, where it is one that the new code has.
        field: Option<String>,
    },
    /// A static or a thread-local.
    Static {
        /// Its full path.
        path: String,
    },
    /// A function or a method.
    Function {
        /// Its full path.
        path: String,
    },
}

impl Subject {
    /// A static or a thread-local.
    pub(crate) fn of_static(path: &str) -> Self {
        Self::Static {
            path: path.to_owned(),
        }
    }

    /// A function or a method.
    pub(crate) fn of_function(path: &str) -> Self {
        Self::Function {
            path: path.to_owned(),
        }
    }
}
