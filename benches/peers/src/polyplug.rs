//! polyplug 0.1: a contract with one native function, called as its generated callers do (the interface is cached, and
//! the revision of the registry looked at before each call), and with the handle resolved for each call.

use std::ffi::c_void;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ::polyplug::runtime_store::RuntimeStore;
use polyplug_abi::{
    AbiError, DispatchMechanisms, DispatchType, GuestContractHandle, GuestContractInstance,
    GuestContractInterface, HostApi, NativeDispatch, PluginDescriptor, StringView, Version, VmLoaderData,
};
use polyplug_utils::{BundleId, GuestContractId};

use crate::measure::calls::body;
use crate::measure::rounds::{Candidate, candidate, time};

pub(crate) const CACHED: &str = "cached call, not protected (polyplug 0.1.3)";
pub(crate) const RESOLVED: &str = "handle resolved, then a call (polyplug 0.1.3)";

const CONTRACT: GuestContractId = GuestContractId::from_u64(0x0bad_cafe);
const VERSION: Version = Version {
    major: 1,
    minor: 0,
    patch: 0,
};

type Native = unsafe extern "C" fn(GuestContractInstance, *const (), *mut (), *mut AbiError);

unsafe extern "C" fn native(_: GuestContractInstance, arguments: *const (), out: *mut (), _: *mut AbiError) {
    // SAFETY: the callers here pass one `u64`, and room for one.
    unsafe { out.cast::<u64>().write(body(arguments.cast::<u64>().read())) };
}

unsafe extern "C" fn create(
    _: VmLoaderData,
    _: *const HostApi,
    _: *const (),
    out: *mut GuestContractInstance,
) {
    // SAFETY: there is room for an instance.
    unsafe { out.write(GuestContractInstance::null()) };
}

unsafe extern "C" fn destroy(_: VmLoaderData, _: *const HostApi, _: GuestContractInstance) {}

/// What a generated caller keeps.
struct Caller {
    store: RuntimeStore,
    handle: GuestContractHandle,
    interface: *const GuestContractInterface,
    revision: *const AtomicU64,
    seen: u64,
}

// SAFETY: the pointers are to the store and to a leaked interface, which are shared.
unsafe impl Send for Caller {}
// SAFETY: as for `Send`.
unsafe impl Sync for Caller {}

static CALLER: LazyLock<&'static Caller> = LazyLock::new(|| {
    let functions: &'static [usize; 1] = Box::leak(Box::new([native as Native as usize]));
    let interface = Box::leak(Box::new(GuestContractInterface {
        contract_id: CONTRACT,
        contract_version: VERSION,
        dispatch_type: DispatchType::Native,
        create_instance: create,
        destroy_instance: destroy,
        dispatch: DispatchMechanisms {
            native: NativeDispatch {
                function_count: 1,
                functions: functions.as_ptr().cast(),
            },
        },
    }));
    let descriptor = PluginDescriptor {
        name: StringView::from_static(b"bench"),
        contract_name: StringView::from_static(b"bench.contract"),
        version: VERSION,
    };
    let store = RuntimeStore::new();
    // SAFETY: the interface lives as long as the process.
    let handle = unsafe {
        store.register_guest_contract(
            descriptor,
            interface,
            "bench.contract".into(),
            BundleId::from_u64(1),
        )
    }
    .expect("a good contract");
    let caller = Box::leak(Box::new(Caller {
        interface: store.resolve_guest_contract(handle).expect("the contract"),
        revision: ptr::null(),
        seen: store.current_revision(),
        store,
        handle,
    }));
    caller.revision = caller.store.revision_ptr().cast();
    caller
});

/// # Safety
///
/// `interface` is that of this file.
#[inline(always)]
unsafe fn dispatch(interface: *const GuestContractInterface, x: u64) -> u64 {
    let mut out = 0_u64;
    let mut error = AbiError::ok();
    let arguments = ptr::from_ref(&x).cast();
    // SAFETY: the interface is native and has one function, of this type.
    unsafe {
        let function: Native = std::mem::transmute(*(*interface).dispatch.native.functions);
        function(
            GuestContractInstance {
                data: ptr::null_mut::<c_void>(),
                contract_id: CONTRACT,
            },
            arguments,
            ptr::from_mut(&mut out).cast(),
            &mut error,
        );
    }
    out
}

#[inline(never)]
fn cached(caller: &'static Caller, x: u64) -> u64 {
    // SAFETY: the counter lives in the store.
    if unsafe { (*caller.revision).load(Ordering::Acquire) } != caller.seen {
        unreachable!("nothing is loaded here");
    }
    // SAFETY: the interface was registered above.
    unsafe { dispatch(caller.interface, x) }
}

#[inline(never)]
fn resolved(caller: &'static Caller, x: u64) -> u64 {
    let interface = caller.store.resolve_guest_contract(caller.handle);
    // SAFETY: the interface was registered above.
    unsafe { dispatch(interface.expect("the contract"), x) }
}

pub(crate) fn candidates() -> Vec<Candidate> {
    let caller = *CALLER;
    assert_eq!([cached(caller, 5), resolved(caller, 5)], [body(5); 2]);
    vec![
        candidate(CACHED, || {
            let caller = *CALLER;
            time(|x| cached(caller, x))
        }),
        candidate(RESOLVED, || {
            let caller = *CALLER;
            time(|x| resolved(caller, x))
        }),
    ]
}
