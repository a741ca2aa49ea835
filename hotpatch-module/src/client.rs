//! The typed side of a host: clients, whose methods are the functions of a contract, and fallbacks by type.

use core::any::Any;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use std::sync::Arc;

use crate::abi::ModuleFn;
use crate::contract::{Contract, Sink};
use crate::guest::Reply;
use crate::host::{CallError, CallErrorKind, Fallback, Function, ModuleError, ModuleHost};
use crate::returned::Returned;

/// The functions of a contract, as a host calls them. The attribute `contract` makes one of each trait.
pub trait Client: Sized {
    /// The contract.
    const CONTRACT: &'static Contract;

    /// The client with these functions, in the order of the contract.
    ///
    /// # Safety
    ///
    /// Each has the types of the contract.
    #[doc(hidden)]
    unsafe fn bind(functions: &mut dyn Iterator<Item = Function>) -> Option<Self>;
}

/// The contract of a client is implemented by `T`. The attribute `contract` says so of every type that implements its trait.
///
/// # Safety
///
/// [`FUNCTIONS`](Self::FUNCTIONS) has one function for each of the contract, in its order. It takes the input and output that
/// are described there, and a `T` as its first argument.
pub unsafe trait ImplementedBy<T>: Client {
    /// A function for each of the contract.
    #[doc(hidden)]
    const FUNCTIONS: &'static [ModuleFn];
}

impl ModuleHost {
    /// The functions of the contract of `C`, by whichever module is loaded as `module` at the moment of a call. From now on,
    /// what is loaded by that name must fulfil the contract.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Contract`](crate::ErrorKind::Contract): the module that is loaded does not fulfil the contract, or another
    /// contract is expected of the name that has the same functions with other types.
    pub fn client<C: Client>(&self, module: &str) -> Result<C, ModuleError> {
        let contract = C::CONTRACT;
        let since = self.expect_since(module, contract)?;
        let functions = contract.functions.iter();
        let functions: Result<Vec<Function>, ModuleError> = functions
            .map(|function| self.typed_function(&format!("{module}.{}", function.name), since))
            .collect();
        let mut functions = functions?.into_iter();
        // SAFETY: whatever is loaded as `module` fulfils the contract, and so does what runs without it.
        let client = unsafe { C::bind(&mut functions) };
        Ok(client.expect("there is a function for each of the contract"))
    }

    /// Has `implementation` run for the functions of a contract as long as no module is loaded as `module`. It is dropped with
    /// the host.
    ///
    /// # Errors
    ///
    /// As for [`client`](Self::client), and [`ErrorKind::FallbackTaken`](crate::ErrorKind::FallbackTaken) if one of the
    /// functions has a fallback already; then none gets another.
    pub fn register_fallbacks<C, T>(&self, module: &str, implementation: T) -> Result<(), ModuleError>
    where
        C: ImplementedBy<T>,
        T: Send + Sync + 'static,
    {
        let contract = C::CONTRACT;
        self.expect(module, contract)?;
        let value: Arc<T> = Arc::new(implementation);
        let functions = contract.functions.iter().zip(C::FUNCTIONS);
        let fallbacks = functions.map(|(described, function)| {
            let fallback = Fallback {
                function: *function,
                context: Arc::as_ptr(&value).cast_mut().cast::<c_void>(),
                _value: Some(Arc::clone(&value) as Arc<dyn Any + Send + Sync>),
            };
            (format!("{module}.{}", described.name), fallback)
        });
        self.add_fallbacks(fallbacks.collect())
    }
}

/// Calls a function of a contract.
///
/// # Errors
///
/// The call did not succeed, or gave back what is no `R`.
///
/// # Safety
///
/// The function takes an `I` and gives back an `R`.
#[inline(always)]
pub unsafe fn call<R: Returned, I>(function: &Function, input: &I) -> Result<R, CallError> {
    let input = (&raw const *input).cast::<c_void>();
    if R::BYTES {
        // SAFETY: promised by the caller.
        return unsafe { call_for_bytes(function, input) };
    }
    // Zeros, so that a function that forgets to write cannot show what was on the stack.
    let mut value = MaybeUninit::<R::Value>::zeroed();
    // SAFETY: promised by the caller.
    unsafe { function.call(input, value.as_mut_ptr().cast())? };
    // SAFETY: what the function did not write are zeros.
    unsafe { R::receive(&value, Vec::new()) }.map_err(|invalid| bad_value(function, &invalid))
}

/// # Safety
///
/// As for [`call`].
unsafe fn call_for_bytes<R: Returned>(function: &Function, input: *const c_void) -> Result<R, CallError> {
    let mut bytes = Vec::<u8>::new();
    let mut reply = Reply {
        sink: Sink {
            context: (&raw mut bytes).cast(),
            write: append,
        },
        value: MaybeUninit::<R::Value>::zeroed(),
    };
    // SAFETY: promised by the caller; the sink is alive.
    unsafe { function.call(input, (&raw mut reply).cast())? };
    // SAFETY: what the function did not write are zeros.
    unsafe { R::receive(&reply.value, bytes) }.map_err(|invalid| bad_value(function, &invalid))
}

/// # Safety
///
/// `context` is the `Vec<u8>` of the call, and `data` points to `len` bytes.
unsafe extern "C" fn append(context: *mut c_void, data: *const u8, len: usize) {
    if len == 0 {
        return;
    }
    // SAFETY: promised by the caller. Nobody else uses it during the call.
    let (bytes, data) = unsafe {
        (
            &mut *context.cast::<Vec<u8>>(),
            core::slice::from_raw_parts(data, len),
        )
    };
    bytes.extend_from_slice(data);
}

#[cold]
fn bad_value(function: &Function, invalid: &crate::Invalid) -> CallError {
    CallError::new(
        function.name(),
        CallErrorKind::BadValue,
        Some(invalid.to_string()),
    )
}
