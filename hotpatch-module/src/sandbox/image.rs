//! What is in a WebAssembly file, read without running any of it: its memory and its table as they are at the start, its
//! imports, its exports and the types of its functions.
//!
//! The file is validated section by section while it is read. The code of the functions is validated by the compiler.

use std::collections::HashMap;

use wasmtime::wasmparser::{
    ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, ExternalKind, FuncType, Operator, Parser,
    Payload, TypeRef, Validator,
};

use super::flaw::Flaw;

/// How many bytes a page of a memory has.
pub(super) const PAGE: u64 = 65_536;

/// The most segments of data, and elements of tables, that a file may have.
const MAX_SEGMENTS: u32 = 10_000;

/// The most that a file may ask for from the start, whatever its module is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Elements of the table.
    pub(super) table: u64,
}

/// A file that was read.
#[derive(Debug, Default)]
pub(super) struct Image {
    types: Vec<FuncType>,
    /// The type of each function, those of imported ones first.
    functions: Vec<u32>,
    /// The memory; nothing where there is no data.
    memory: Vec<u8>,
    memory_size: Option<u64>,
    /// The functions of the first table.
    table: Vec<Option<u32>>,
    table_size: Option<u64>,
    /// The globals that are constants. Imported ones are none.
    globals: Vec<Option<u32>>,
    exports: HashMap<String, (ExternalKind, u32)>,
    /// The section of the exports, and how many there are.
    pub(super) export_section: Option<(std::ops::Range<usize>, u32)>,
}

impl Image {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8], ceiling: Ceiling) -> Result<Self, Flaw> {
        let mut image = Self::default();
        let mut validator = Validator::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(invalid)?;
            validator.payload(&payload).map_err(invalid)?;
            image.take(payload, ceiling)?;
        }
        Ok(image)
    }

    fn take(&mut self, payload: Payload<'_>, ceiling: Ceiling) -> Result<(), Flaw> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty.map_err(invalid)?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(invalid)?;
                    let ty = match import.ty {
                        TypeRef::Func(ty) if (import.module, import.name) == ("hotpatch", "write") => ty,
                        _ => return Err(Flaw::import(import.module, import.name)),
                    };
                    self.functions.push(ty);
                    if !self.has_type(self.functions.len() as u32 - 1, "iii") {
                        return Err(Flaw::malformed(
                            "its import `hotpatch.write` is of another type than `(param i32 i32 i32)`: declare it as \
                             `write(context, data, len)`",
                        ));
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty.map_err(invalid)?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let size = table.map_err(invalid)?.ty.initial;
                    if size > ceiling.table {
                        return Err(Flaw::limit(
                            "elements in a table",
                            size,
                            ceiling.table,
                            "table_elements",
                        ));
                    }
                    self.table_size.get_or_insert(size);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory.map_err(invalid)?;
                    if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
                        return Err(Flaw::malformed(
                            "its memory is shared, of 64 bits or has pages of another size: build it for `wasm32`",
                        ));
                    }
                    let size = memory.initial.saturating_mul(PAGE);
                    if size > ceiling.memory {
                        return Err(Flaw::limit("bytes of memory", size, ceiling.memory, "memory"));
                    }
                    self.memory_size.get_or_insert(size);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.map_err(invalid)?;
                    let value = self.constant(&global.init_expr).filter(|_| !global.ty.mutable);
                    self.globals.push(value);
                }
            }
            Payload::ExportSection(section) => {
                self.export_section = Some((section.range(), section.count()));
                for export in section {
                    let export = export.map_err(invalid)?;
                    self.exports
                        .insert(export.name.to_owned(), (export.kind, export.index));
                }
            }
            Payload::ElementSection(section) => {
                within(section.count())?;
                for element in section {
                    self.fill_table(element.map_err(invalid)?)?;
                }
            }
            Payload::DataSection(section) => {
                within(section.count())?;
                for data in section {
                    self.fill_memory(&data.map_err(invalid)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_memory(&mut self, data: &Data<'_>) -> Result<(), Flaw> {
        let DataKind::Active {
            memory_index: 0,
            offset_expr,
        } = &data.kind
        else {
            return Ok(());
        };
        let Some(begin) = self.constant(offset_expr) else {
            return Ok(());
        };
        let end = u64::from(begin) + data.data.len() as u64;
        let size = self.memory_size.unwrap_or(0);
        if end > size {
            return Err(Flaw::malformed(format!(
                "its data reaches to {end:#x}, beyond its memory of {size:#x} bytes: it is damaged, build it again"
            )));
        }
        // Zeroed memory costs only the pages that are written to.
        if self.memory.is_empty() {
            self.memory = vec![0; size as usize];
        }
        self.memory[begin as usize..end as usize].copy_from_slice(data.data);
        Ok(())
    }

    fn fill_table(&mut self, element: Element<'_>) -> Result<(), Flaw> {
        let ElementKind::Active {
            table_index: None | Some(0),
            offset_expr,
        } = &element.kind
        else {
            return Ok(());
        };
        let Some(begin) = self.constant(offset_expr) else {
            return Ok(());
        };
        let mut place = u64::from(begin);
        let mut put = |function| {
            if place >= self.table_size.unwrap_or(0) {
                return Err(Flaw::malformed(
                    "its functions reach beyond the end of its table: it is damaged, build it again",
                ));
            }
            if self.table.len() <= place as usize {
                self.table.resize(place as usize + 1, None);
            }
            self.table[place as usize] = function;
            place += 1;
            Ok(())
        };
        match element.items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    put(Some(function.map_err(invalid)?))?;
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    let mut operators = expression.map_err(invalid)?.get_operators_reader();
                    put(match operators.read().map_err(invalid)? {
                        Operator::RefFunc { function_index } => Some(function_index),
                        _ => None,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The value of an expression that is one constant, or one global that is.
    fn constant(&self, expression: &ConstExpr<'_>) -> Option<u32> {
        let mut operators = expression.get_operators_reader();
        let value = match operators.read().ok()? {
            Operator::I32Const { value } => value as u32,
            Operator::GlobalGet { global_index } => (*self.globals.get(global_index as usize)?)?,
            _ => return None,
        };
        matches!(operators.read().ok()?, Operator::End).then_some(value)
    }

    /// The value of an exported constant.
    pub(super) fn exported_constant(&self, name: &str) -> Option<u32> {
        match self.exports.get(name)? {
            (ExternalKind::Global, index) => *self.globals.get(*index as usize)?,
            _ => None,
        }
    }

    /// The function that a pointer points to.
    pub(super) fn pointee(&self, pointer: u32) -> Option<u32> {
        *self.table.get(pointer as usize)?
    }

    /// Whether a function has this type: an `i` for each argument of 32 bits, and `:i` if it returns one.
    pub(super) fn has_type(&self, function: u32, shape: &str) -> bool {
        let ty = self
            .functions
            .get(function as usize)
            .and_then(|ty| self.types.get(*ty as usize));
        let (arguments, results) = shape.split_once(':').unwrap_or((shape, ""));
        let is = |types: &[wasmtime::wasmparser::ValType], shape: &str| {
            types.len() == shape.len() && types.iter().all(|ty| *ty == wasmtime::wasmparser::ValType::I32)
        };
        ty.is_some_and(|ty| is(ty.params(), arguments) && is(ty.results(), results))
    }

    /// Whether there is a memory.
    pub(super) fn has_memory(&self) -> bool {
        self.memory_size.is_some()
    }

    /// How much of the limits the file takes from the start.
    pub(super) fn wants(&self) -> Ceiling {
        Ceiling {
            memory: self.memory_size.unwrap_or(0),
            table: self.table_size.unwrap_or(0),
        }
    }

    /// The bytes at an address of the memory, as they are at the start.
    pub(super) fn memory(&self, address: u32, len: u32) -> Option<Vec<u8>> {
        let end = u64::from(address) + u64::from(len);
        if end > self.memory_size? {
            return None;
        }
        let mut bytes = vec![0; len as usize];
        let there = self.memory.get(address as usize..).unwrap_or(&[]);
        let filled = there.len().min(bytes.len());
        bytes[..filled].copy_from_slice(&there[..filled]);
        Some(bytes)
    }
}

fn within(segments: u32) -> Result<(), Flaw> {
    if segments <= MAX_SEGMENTS {
        return Ok(());
    }
    Err(Flaw::malformed(format!(
        "it has {segments} segments, more than the {MAX_SEGMENTS} that are read: link it with fewer sections"
    )))
}

fn invalid(error: wasmtime::wasmparser::BinaryReaderError) -> Flaw {
    Flaw::malformed(format!("it is no valid WebAssembly: {error}"))
}
