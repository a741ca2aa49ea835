//! How the input and the output of a function cross, and back: what is copied from where to where.
//!
//! The record of the input has pointers of 64 bits in the host and of 32 bits in the sandbox. What they point to lies behind
//! the record there.

use crate::contract::{ContractFunction, Part, Sink};
use crate::host::manifest::Offered;

use super::area::ALIGN;

/// The size of the record of a sink in the sandbox.
const GUEST_SINK: usize = 8;

/// How a function is called.
#[derive(Debug)]
pub(super) struct Plan {
    /// Each part of the input, and where it lies in the record of the sandbox.
    pub(super) parts: Vec<(Part, usize)>,
    /// The size of the record of the input in the sandbox.
    pub(super) input: usize,
    /// The size of the value that is given back, and where it lies behind `output`, in the host and in the sandbox.
    pub(super) value: usize,
    pub(super) value_in_host: usize,
    pub(super) value_in_guest: usize,
    /// Whether bytes are given back too.
    pub(super) bytes: bool,
}

impl Plan {
    /// A function that nobody has described: plain bytes, of which the manifest says how many.
    pub(super) fn plain(offered: &Offered) -> Self {
        let size = offered.input_size as usize;
        Self {
            parts: vec![(
                Part::Value {
                    offset: 0,
                    size,
                    align: 1,
                },
                0,
            )],
            input: size,
            value: offered.output_size as usize,
            value_in_host: 0,
            value_in_guest: 0,
            bytes: false,
        }
    }

    /// A function of a contract. An error says how what the module offers differs in size.
    pub(super) fn described(function: &ContractFunction, offered: &Offered) -> Result<Self, String> {
        let mut input = Record::default();
        let parts = function.input.iter();
        let parts = parts.map(|part| {
            let place = match *part {
                Part::Value { size, align, .. } => input.add(size, align),
                Part::Reference { .. } => input.add(4, 4),
                Part::Slice { .. } => input.add(8, 4),
            };
            (*part, place)
        });
        let parts: Vec<_> = parts.collect();
        let output = function.output;
        let mut in_guest = Record::default();
        let mut in_host = Record::default();
        if output.bytes {
            in_guest.add(GUEST_SINK, 4);
            in_host.add(size_of::<Sink>(), align_of::<Sink>());
        }
        let value_in_guest = in_guest.add(output.size, output.align);
        let value_in_host = in_host.add(output.size, output.align);
        let aligns = function.input.iter().map(|part| match *part {
            Part::Value { align, .. } | Part::Reference { align, .. } | Part::Slice { align, .. } => align,
        });
        if let Some(align) = aligns.chain([output.align]).find(|align| *align > ALIGN as usize) {
            return Err(format!(
                "a type in it is aligned to {align} bytes, and {ALIGN} is the most in the sandbox"
            ));
        }
        for (what, has, needs) in [
            ("input", offered.input_size as usize, input.size()),
            ("output", offered.output_size as usize, in_guest.size()),
        ] {
            if has != needs {
                return Err(format!(
                    "its {what} has {has} bytes, and for `wasm32` it has {needs}"
                ));
            }
        }
        Ok(Self {
            parts,
            input: input.size(),
            value: output.size,
            value_in_host,
            value_in_guest,
            bytes: output.bytes,
        })
    }
}

/// A record that fields are added to.
#[derive(Default)]
struct Record {
    end: usize,
    align: usize,
}

impl Record {
    fn add(&mut self, size: usize, align: usize) -> usize {
        let place = self.end.next_multiple_of(align.max(1));
        self.end = place + size;
        self.align = self.align.max(align);
        place
    }

    fn size(&self) -> usize {
        self.end.next_multiple_of(self.align.max(1))
    }
}
