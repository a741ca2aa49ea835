//! From the wish to have another version of a native module to calls that reach it: load, validate, switch; and what the one
//! before leaves behind is cleaned up, which polyplug does every now and then. So it is the mean that counts.
//!
//! Each version has a path of its own. At the same path, polyplug gets from the loader what is loaded already.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::polyplug::runtime::Runtime;
use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{Function, ModuleHost};
use polyplug_abi::{AbiError, GuestContractInstance, RuntimeConfig};
use polyplug_native::{NativeConfig, NativeLoader};
use polyplug_utils::{GuestContractId, guest_contract_id};

use crate::libraries;
use crate::measure::figure::{Bar, Figure};

/// The quietest round counts, as with commits.
const ROUNDS: u64 = 10;
const RELOADS: u64 = 100;

/// The mean time of a reload in one round. `make` makes the file of a version, and `reload` gives back what a call gives.
fn round(round: u64, make: fn(u64) -> PathBuf, mut reload: impl FnMut(&PathBuf) -> u64) -> Duration {
    let numbers = || (1..=RELOADS).map(|number| 1000 * round + number);
    let versions: Vec<_> = numbers().map(|number| (number, make(number))).collect();
    let mut total = Duration::ZERO;
    for (number, path) in &versions {
        let started = Instant::now();
        let called = reload(path);
        total += started.elapsed();
        assert_eq!(called, *number);
    }
    for (_, path) in versions {
        let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
    }
    total / RELOADS as u32
}

fn call(function: &Function) -> u64 {
    let (x, mut out) = (0_u64, 0_u64);
    // SAFETY: the function takes a `u64`, and gives one.
    unsafe { function.call((&raw const x).cast(), (&raw mut out).cast()) }.expect("it is loaded");
    out
}

/// Resolves the contract, and calls its function.
fn call_peer(runtime: &Runtime, contract: GuestContractId) -> u64 {
    let registry = runtime.registry();
    let handle = registry.find_guest_contract(contract, 0).expect("it is loaded");
    let interface = registry.resolve_guest_contract(handle).expect("it is loaded");
    let (x, mut out, mut error) = (0_u64, 0_u64, AbiError::ok());
    // SAFETY: the interface is native and has one function, of this type.
    unsafe {
        type Native = unsafe extern "C" fn(GuestContractInstance, *const (), *mut (), *mut AbiError);
        let function: Native = std::mem::transmute(*(*interface).dispatch.native.functions);
        let arguments = (&raw const x).cast();
        function(
            GuestContractInstance::null(),
            arguments,
            (&raw mut out).cast(),
            &mut error,
        );
    }
    out
}

fn peer() -> Arc<Runtime> {
    let config = RuntimeConfig {
        hot_reload_enabled: true,
        ..RuntimeConfig::default()
    };
    let runtime = Runtime::builder()
        .config(config)
        .loader(NativeLoader::new(NativeConfig::default()))
        .build()
        .expect("a runtime");
    runtime.load_bundle(&libraries::bundle(0)).expect("a good bundle");
    runtime
}

pub(crate) fn figures() -> Vec<Figure> {
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    host.load(libraries::module(0)).expect("a good module");
    let hot = host.function("bench.hot").expect("a good name");
    let runtime = peer();
    let contract = GuestContractId::from_u64(guest_contract_id("bench.contract", 1));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        ours.push(round(number, libraries::module, |path| {
            host.reload(path).expect("a good module");
            call(&hot)
        }));
        theirs.push(round(number, libraries::bundle, |path| {
            runtime.reload_bundle(path).expect("a good bundle");
            call_peer(&runtime, contract)
        }));
    }
    let quietest = |rounds: Vec<Duration>| rounds.into_iter().min().expect("a round").as_secs_f64() * 1e6;
    let (ours, theirs) = (quietest(ours), quietest(theirs));
    println!("reload of a module: {ours:.1} us; of an equal plugin by polyplug: {theirs:.1} us");
    vec![Figure::ratio(
        "reload of a native module, against polyplug",
        format!(
            "reload of a native module (load, validate, switch; {ours:.0} us), against the reload of an equal plugin by polyplug"
        ),
        ours / theirs,
        Bar::AtMost(1.0),
    )]
}
