//! The compilers of modules. An engine has one depth of stack, so there is one for each that is asked for.

use std::sync::{Mutex, PoisonError};

use wasmtime::{Config, Engine, EngineWeak, WasmBacktraceDetails};

use super::clock;

static ENGINES: Mutex<Vec<(usize, EngineWeak)>> = Mutex::new(Vec::new());

/// The engine whose code stops after so many bytes of stack.
pub(super) fn with_stack(bytes: usize) -> wasmtime::Result<Engine> {
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    engines.retain(|(_, engine)| engine.upgrade().is_some());
    if let Some(engine) = engines
        .iter()
        .find(|(stack, _)| *stack == bytes)
        .and_then(|(_, e)| e.upgrade())
    {
        return Ok(engine);
    }
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(bytes)
        // Pointers are 32 bits wide, and there is one memory to look into.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        // Debug information is hostile input like everything else, and no limit holds while it is read.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    let engine = Engine::new(&config)?;
    clock::add(&engine);
    engines.push((bytes, engine.weak()));
    Ok(engine)
}
