//! Import cells and thunks: how the code of a patch reaches what lives in the process.
//!
//! A cell is eight bytes of the patch image. Most are filled in by the runtime before any code of the patch runs;
//! offsets of thread-locals are known when the patch is linked. A thunk is a jump through a cell.

use hotpatch_abi::manifest::FixupForm;
use indexmap::IndexSet;

use crate::elf::x86_64;
use crate::live::ImageIndex;

/// A place in an image that the process already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Import {
    pub(crate) image: ImageIndex,
    pub(crate) offset: u64,
}

/// The content of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    /// Written by the runtime.
    Fixup { import: Import, addend: i64, form: Form },
    /// Known at link time.
    Constant(i64),
    /// Two cells: the TLS module of the program, and an offset in its block.
    ThreadPair(i64),
}

/// [`FixupForm`], hashable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Absolute,
    GotRelative,
}

impl From<Form> for FixupForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Absolute => Self::Absolute,
            Form::GotRelative => Self::GotRelative,
        }
    }
}

/// The TLS module id of the executable, which the dynamic linker always numbers first.
const PROGRAM_MODULE: i64 = 1;
const CELL: u64 = 8;

/// The cells and thunks of one patch.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    cells: IndexSet<Cell>,
    thunks: IndexSet<Import>,
}

impl Imports {
    /// The offset of a cell in the section of cells. A cell may take two slots, so each has room for a pair.
    pub(crate) fn cell(&mut self, cell: Cell) -> u64 {
        self.cells.insert_full(cell).0 as u64 * 2 * CELL
    }

    /// The offset of a thunk in the section of thunks.
    pub(crate) fn thunk(&mut self, import: Import) -> u64 {
        self.cell(Cell::Fixup {
            import,
            addend: 0,
            form: Form::Absolute,
        });
        self.thunks.insert_full(import).0 as u64 * x86_64::THUNK.len() as u64
    }

    /// The bytes of the section of cells, before the runtime writes to it.
    pub(crate) fn cell_bytes(&self) -> Vec<u8> {
        let values = self.cells.iter().flat_map(|cell| match cell {
            Cell::Fixup { .. } => [0, 0],
            Cell::Constant(value) => [*value, 0],
            Cell::ThreadPair(offset) => [PROGRAM_MODULE, *offset],
        });
        values.flat_map(i64::to_le_bytes).collect()
    }

    /// The cells that the runtime writes, with their offsets in the section.
    pub(crate) fn fixups(&self) -> impl Iterator<Item = (u64, Import, i64, Form)> {
        self.cells
            .iter()
            .enumerate()
            .filter_map(|(index, cell)| match cell {
                Cell::Fixup { import, addend, form } => {
                    Some((index as u64 * 2 * CELL, *import, *addend, *form))
                }
                _ => None,
            })
    }

    /// The thunks in order, each with the offset of its cell.
    pub(crate) fn thunks(&self) -> impl Iterator<Item = u64> {
        self.thunks.iter().map(|import| {
            let cell = Cell::Fixup {
                import: *import,
                addend: 0,
                form: Form::Absolute,
            };
            self.cells.get_index_of(&cell).expect("every thunk has a cell") as u64 * 2 * CELL
        })
    }
}
