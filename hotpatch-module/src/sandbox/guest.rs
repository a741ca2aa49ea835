//! An instance of a module: its memory, its functions, and the ways into it, each within the limits.

use wasmtime::{
    Caller, Engine, Instance, InstancePre, Linker, Memory, Module, ResourceLimiter, Store, TypedFunc,
    WasmParams, WasmResults,
};

use crate::abi::ModuleVersion;

use super::exports;
use super::limits::Limits;
use super::record::Record;
use super::stop::{Denied, Stop};
use super::{clock, stack};

/// The word that a module gets as the context of its sink.
pub(super) const CONTEXT: u32 = 1;

/// What instances of a module are made from.
pub(super) struct Mould {
    instance: InstancePre<Inside>,
    limits: Limits,
    functions: Vec<String>,
    on_load: Option<String>,
    on_unload: Option<String>,
    on_reload: Option<String>,
}

/// An instance.
pub(super) struct Guest {
    pub(super) store: Store<Inside>,
    pub(super) memory: Memory,
    pub(super) limits: Limits,
    functions: Vec<TypedFunc<(u32, u32, u32), i32>>,
    on_load: Option<TypedFunc<u32, i32>>,
    on_unload: Option<TypedFunc<u32, ()>>,
    on_reload: Option<TypedFunc<(u32, u32), i32>>,
    pub(super) alloc: Option<TypedFunc<(u32, u32), u32>>,
    /// Where input and output lie: the address and the size of a part of the memory.
    pub(super) area: (u32, u32),
}

/// What belongs to an instance and is not its own.
pub(super) struct Inside {
    limits: Limits,
    memory: Option<Memory>,
    /// What the call under way has given back, if it may give back bytes.
    pub(super) written: Option<Vec<u8>>,
}

impl Mould {
    /// Compiles a file that has the exports of [`exports::add`].
    pub(super) fn new(
        engine: &Engine,
        bytes: &[u8],
        record: &Record,
        limits: Limits,
    ) -> wasmtime::Result<Self> {
        let module = Module::from_binary(engine, bytes)?;
        let mut linker = Linker::new(engine);
        linker.func_wrap("hotpatch", "write", write)?;
        Ok(Self {
            instance: linker.instantiate_pre(&module)?,
            limits,
            functions: record
                .functions
                .iter()
                .map(|index| exports::function_name(*index))
                .collect(),
            on_load: record.on_load.map(exports::function_name),
            on_unload: record.on_unload.map(exports::function_name),
            on_reload: record.on_reload.map(exports::function_name),
        })
    }

    /// Makes an instance, which runs what the module has for its start. An error says why there is none.
    pub(super) fn cast(&self) -> Result<Guest, Stop> {
        let inside = Inside {
            limits: self.limits,
            memory: None,
            written: None,
        };
        let mut store = Store::new(self.instance.module().engine(), inside);
        store.limiter(|inside| inside);
        let instance = enter(&mut store, &self.limits, |store| {
            let instance = self.instance.instantiate(&mut *store)?;
            store.data_mut().memory = instance.get_memory(&mut *store, exports::MEMORY);
            if let Some(start) = optional::<(), ()>(&instance, store, "_initialize")? {
                start.call(&mut *store, ())?;
            }
            Ok(instance)
        })?;
        self.guest(store, instance)
            .map_err(|error| Stop::inside(&error, &self.limits))
    }

    fn guest(&self, mut store: Store<Inside>, instance: Instance) -> wasmtime::Result<Guest> {
        let memory = store
            .data()
            .memory
            .ok_or_else(|| wasmtime::Error::msg("it has no memory"))?;
        let functions = self
            .functions
            .iter()
            .map(|name| instance.get_typed_func(&mut store, name));
        let functions = functions.collect::<wasmtime::Result<_>>()?;
        Ok(Guest {
            memory,
            limits: self.limits,
            functions,
            on_load: hook(&instance, &mut store, &self.on_load)?,
            on_unload: hook(&instance, &mut store, &self.on_unload)?,
            on_reload: hook(&instance, &mut store, &self.on_reload)?,
            alloc: optional(&instance, &mut store, "hotpatch_alloc")?,
            area: (0, 0),
            store,
        })
    }
}

impl Guest {
    /// Runs a function whose input and output lie in the memory.
    pub(super) fn call(&mut self, function: usize, input: u32, output: u32) -> Result<i32, Stop> {
        let function = &self.functions[function];
        enter(&mut self.store, &self.limits, |store| {
            function.call(store, (0, input, output))
        })
    }

    /// Runs `on_load`, if there is one.
    pub(super) fn on_load(&mut self) -> Result<(), Stop> {
        let Some(hook) = &self.on_load else { return Ok(()) };
        let status = enter(&mut self.store, &self.limits, |store| hook.call(store, 0))?;
        accepted("on_load", status)
    }

    /// Runs `on_reload`, if there is one, and else `on_load`.
    pub(super) fn on_reload(&mut self, old: ModuleVersion) -> Result<(), Stop> {
        let Some(hook) = self.on_reload.clone() else {
            return self.on_load();
        };
        let place = self.room(12, 4)?;
        for (index, number) in [old.major, old.minor, old.patch].into_iter().enumerate() {
            let place = place as usize + 4 * index;
            self.memory.data_mut(&mut self.store)[place..place + 4].copy_from_slice(&number.to_le_bytes());
        }
        let status = enter(&mut self.store, &self.limits, |store| {
            hook.call(store, (0, place))
        })?;
        accepted("on_reload", status)
    }

    /// Runs `on_unload`, if there is one.
    pub(super) fn on_unload(&mut self) -> Result<(), Stop> {
        let Some(hook) = &self.on_unload else {
            return Ok(());
        };
        enter(&mut self.store, &self.limits, |store| hook.call(store, 0))
    }
}

/// Runs code of a module, with fuel and time of its own. An error says what stopped it.
pub(super) fn enter<R>(
    store: &mut Store<Inside>,
    limits: &Limits,
    code: impl FnOnce(&mut Store<Inside>) -> wasmtime::Result<R>,
) -> Result<R, Stop> {
    if let Err(left) = stack::check(limits.stack) {
        return Err(Stop::outside(format!(
            "this thread has {left} bytes of stack left for it, and its limit is {}: call it from a thread with a larger \
             stack, or lower `Limits::stack`",
            limits.stack
        )));
    }
    let _ticking = clock::start().map_err(|error| {
        Stop::outside(format!(
            "no thread can be started that watches its time, {error}: let the process have one more"
        ))
    })?;
    store.set_epoch_deadline(clock::ticks(limits.time));
    store
        .set_fuel(limits.fuel)
        .and_then(|()| code(store))
        .map_err(|error| Stop::inside(&error, limits))
}

fn accepted(hook: &str, status: i32) -> Result<(), Stop> {
    match status {
        0 => Ok(()),
        status => Err(Stop::outside(format!("`{hook}` gave back {status}"))),
    }
}

fn hook<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<Inside>,
    name: &Option<String>,
) -> wasmtime::Result<Option<TypedFunc<P, R>>> {
    name.as_ref()
        .map(|name| instance.get_typed_func(store, name))
        .transpose()
}

fn optional<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<Inside>,
    name: &str,
) -> wasmtime::Result<Option<TypedFunc<P, R>>> {
    match instance.get_func(&mut *store, name) {
        Some(function) => function.typed(store).map(Some).map_err(|_| {
            wasmtime::Error::msg(format!(
                "its export `{name}` is of another type than the sandbox calls"
            ))
        }),
        None => Ok(None),
    }
}

/// The import `hotpatch.write`.
fn write(mut caller: Caller<'_, Inside>, context: u32, data: u32, len: u32) -> wasmtime::Result<()> {
    let limit = caller.data().limits.output;
    let (Some(memory), Some(mut written)) = (caller.data().memory, caller.data_mut().written.take()) else {
        return Err(Denied::NoOutput.into());
    };
    if context != CONTEXT {
        return Err(Denied::NoOutput.into());
    }
    let there = memory
        .data(&caller)
        .get(data as usize..)
        .and_then(|there| there.get(..len as usize));
    let there = there.ok_or(Denied::OutOfBounds { data, len })?;
    let wanted = written.len().saturating_add(there.len());
    if wanted > limit {
        return Err(Denied::Output { wanted, limit }.into());
    }
    written.extend_from_slice(there);
    caller.data_mut().written = Some(written);
    Ok(())
}

impl ResourceLimiter for Inside {
    fn memory_growing(
        &mut self,
        _current: usize,
        wanted: usize,
        declared: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.limits.memory;
        // What it has forbidden itself fails as it expects it to.
        if declared.is_some_and(|declared| wanted > declared) {
            return Ok(false);
        }
        if wanted as u64 > limit {
            return Err(Denied::Memory { wanted, limit }.into());
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        wanted: usize,
        declared: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.limits.table_elements;
        if declared.is_some_and(|declared| wanted > declared) {
            return Ok(false);
        }
        if wanted as u64 > limit {
            return Err(Denied::Table { wanted, limit }.into());
        }
        Ok(true)
    }

    fn tables(&self) -> usize {
        8
    }
}
