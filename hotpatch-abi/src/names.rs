//! Names that one party writes and another looks for: symbols and environment variables.

/// Prefix of the static that holds the [`Entry`](crate::entry::Entry) of a hot function.
///
/// The macro appends the tag of the function: sixteen hexadecimal digits that depend on the tokens of its name and
/// signature, so a changed signature makes a different static and never reuses the slot of the old one.
/// The static lies inside the trampoline: its path is `<path of the function>::<ENTRY_PREFIX><tag>`.
pub const ENTRY_PREFIX: &str = "__HOTPATCH_ENTRY_";

/// Prefix of the function that holds the body of a hot function.
///
/// The macro appends the same tag as for the entry. For a free function it lies inside the trampoline
/// (`<path of the function>::<BODY_PREFIX><tag>`), for a method or associated function beside it
/// (`<path of the type>::<BODY_PREFIX><tag>_<name>`), for a method of a trait in the [`HELPER_TRAIT`].
pub const BODY_PREFIX: &str = "__hotpatch_body_";

/// Prefix of the function that holds the body of a hot function with type or const parameters, its own or those of its
/// surroundings: each of its instances has a body of its own, and none has an entry.
///
/// The macro appends what it appends to [`BODY_PREFIX`].
pub const INSTANCE_PREFIX: &str = "__hotpatch_instance_";

/// Prefix of the `async fn` that holds the code of a hot `async fn`. Its body makes the future.
///
/// The macro appends tag, underscore and name. It lies beside the body.
pub const FUTURE_PREFIX: &str = "__hotpatch_future_";

/// The trait, inside the trampoline, that holds the body of a method of a trait: an impl of a trait has no room for
/// other members. Paths read `<Type as path of the function::HELPER_TRAIT>::<name of the body>`.
pub const HELPER_TRAIT: &str = "__Hotpatch";

/// The function of the runtime whose instances are the bodies of the closures given to `hotpatch::call`: one for each
/// type of closure.
pub const CLOSURE_BODY: &str = "hotpatch_runtime::closure::body";

/// The function of the runtime whose instances are the bodies of the closures given to `State::with`: one for each type
/// of closure. Its second argument is the value.
pub const STATE_BODY: &str = "hotpatch_runtime::state::access::body";

/// What the symbols of [`STATE_BODY`] contain, whatever the mangling.
pub const STATE_BODY_SYMBOL: &str = "hotpatch_runtime5state6access4body";

/// The function of the runtime whose instances describe the types that a `State` is of.
pub const STATE_DESCRIPTION: &str = "hotpatch_runtime::state::access::description";

/// What the symbols of [`STATE_DESCRIPTION`] contain, whatever the mangling.
pub const STATE_DESCRIPTION_SYMBOL: &str = "hotpatch_runtime5state6access11description";

/// The handle of a value that is migrated when its type changes: it holds nothing of the type that it names.
pub const STATE_TYPE: &str = "hotpatch_runtime::state::handle::State<";

/// What the symbols of the function contain whose instances make values of the types that can be migrated: one for each
/// type that says what it is made of.
pub const MIGRATION_SYMBOL: &str = "hotpatch_runtime5state11description12rebuild_into";

/// Where the function of the runtime lies that makes the future of `hotpatch::serve`. Its first argument is what makes
/// it: new code of it may make another future.
pub const SERVE_PATH: &str = "hotpatch_runtime::serve::start";

/// What the symbols of [`CLOSURE_BODY`] contain, whatever the mangling.
pub const CLOSURE_BODY_SYMBOL: &str = "hotpatch_runtime7closure4body";

/// Prefix of the static that tells the types of a hot function, with the same tag as the entry.
///
/// It holds a pointer to an instance of a library function for the type of the body; the name of that symbol tells
/// types from each other under every mangling. Only the patch linker looks at it. It lies beside the entry:
/// `<path of the function>::<TYPES_PREFIX><tag>`.
pub const TYPES_PREFIX: &str = "__HOTPATCH_TYPES_";

/// Environment variable that makes a process open its control channel: the private directory for its socket, which
/// is then named `<pid>.sock`. Without it a process starts, opens and prints nothing.
pub const CONTROL_DIR_VAR: &str = "HOTPATCH_CONTROL_DIR";

/// Environment variable with the token that a client of the control channel must present.
pub const CONTROL_TOKEN_VAR: &str = "HOTPATCH_CONTROL_TOKEN";

/// Environment variable with the number of generations that a process keeps beside generation 0 and the live one, so that
/// it can go back to them.
pub const KEEP_GENERATIONS_VAR: &str = "HOTPATCH_KEEP_GENERATIONS";

/// The environment variable that names a patch file to take before `main`. A process that cannot take it ends at once.
/// It is for this process alone: it is removed before anything else is started.
pub const FIRST_PATCH_VAR: &str = "HOTPATCH_FIRST_PATCH";

/// The extension of the file that a process makes beside its first patch when it has taken it.
pub const TAKEN: &str = "taken";

/// Extension of the sockets in the control directory.
pub const SOCKET_EXTENSION: &str = "sock";

/// Prefix of the path of the thread-local whose memory is given to the thread-locals that patches add.
pub const RESERVE_PREFIX: &str = "hotpatch_runtime::reserve::RESERVE::";
