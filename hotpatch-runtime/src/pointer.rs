//! Function pointers that always reach the newest code of a function that has no trampoline.

use crate::enter_instance;

/// A pointer that always reaches the newest code of `function`: for tables of callbacks, and for whoever keeps it.
///
/// A function under `#[hotpatch]` needs none: a pointer to it is one already, and so is one to an `extern "C"` function
/// under it. This is for functions without the attribute and for closures that capture nothing, of up to seven arguments.
///
/// ```
/// fn double(n: u32) -> u32 {
///     n * 2
/// }
///
/// let table: [fn(u32) -> u32; 2] = [hotpatch_runtime::ptr(double), hotpatch_runtime::ptr(|n: u32| n + 1)];
/// assert_eq!(table[0](table[1](4)), 10);
/// ```
pub fn ptr<F: Callable<Arguments>, Arguments>(function: F) -> F::Pointer {
    function.pointer()
}

/// What [`ptr`] takes: functions, and closures that capture nothing.
pub trait Callable<Arguments>: Copy + 'static {
    /// The function pointer.
    type Pointer;

    #[doc(hidden)]
    fn pointer(self) -> Self::Pointer;
}

macro_rules! callable {
    ($($argument:ident $name:ident),*) => {
        impl<F, R, $($argument),*> Callable<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Copy + 'static,
        {
            type Pointer = fn($($argument),*) -> R;

            fn pointer(self) -> Self::Pointer {
                /// Known to the patch linker by its name.
                #[inline(never)]
                fn __hotpatch_instance_0000000000000002<F, R, $($argument),*>($($name: $argument),*) -> R
                where
                    F: Fn($($argument),*) -> R + Copy + 'static,
                {
                    // SAFETY: the type has one value, without a byte of its own, and `pointer` was given it. It is
                    // copied, so nothing is dropped twice.
                    let function = unsafe { std::ptr::NonNull::<F>::dangling().read() };
                    function($($name),*)
                }

                fn trampoline<F, R, $($argument),*>($($name: $argument),*) -> R
                where
                    F: Fn($($argument),*) -> R + Copy + 'static,
                {
                    let body: fn($($argument),*) -> R = __hotpatch_instance_0000000000000002::<F, R, $($argument),*>;
                    // SAFETY: the bodies that are published for this instance have its type.
                    unsafe { enter_instance(body, move |body| body($($name),*)) }
                }

                const {
                    assert!(
                        size_of::<F>() == 0,
                        "`ptr` takes functions, and closures that capture nothing: a function pointer has no room for more"
                    )
                };
                trampoline::<F, R, $($argument),*>
            }
        }
    };
}

callable!();
callable!(A a);
callable!(A a, B b);
callable!(A a, B b, C c);
callable!(A a, B b, C c, D d);
callable!(A a, B b, C c, D d, E e);
callable!(A a, B b, C c, D d, E e, G g);
callable!(A a, B b, C c, D d, E e, G g, H h);
