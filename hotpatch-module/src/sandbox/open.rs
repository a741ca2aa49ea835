//! Opens a file that is to run in the sandbox: reads it, checks it, compiles it. Nothing of it runs.

use std::borrow::Cow;

use crate::host::backend::{Loaded, Source};
use crate::host::error::{ErrorKind, ModuleError};

use super::flaw::Flaw;
use super::guest::Mould;
use super::image::Image;
use super::limits::{Limits, LimitsByName};
use super::record::Record;
use super::sandboxed::Sandboxed;
use super::{engine, exports};

/// What a WebAssembly file begins with.
const MAGIC: &[u8] = b"\0asm";

/// Whether a file that begins like this is WebAssembly, as bytes or as text.
pub(crate) fn is_for_us(head: &[u8]) -> bool {
    head.starts_with(MAGIC) || is_text(head)
}

/// Whether it is the text form: the first thing that is neither a space nor a comment is `(module`.
fn is_text(head: &[u8]) -> bool {
    let mut rest = head;
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b';', b';', ..] => b"\n",
            [b'(', b';', ..] => b";)",
            [b'(', inner @ ..] => return inner.trim_ascii_start().starts_with(b"module"),
            _ => return false,
        };
        match rest.windows(end.len()).position(|bytes| bytes == end) {
            Some(place) => rest = &rest[place + end.len()..],
            None => return false,
        }
    }
}

/// Opens a module.
pub(crate) fn open(source: &Source, limits: &LimitsByName) -> Result<Box<dyn Loaded>, ModuleError> {
    let error = |flaw: Flaw| {
        let path = source.path.display();
        // It may quote the file, and a terminal would obey it.
        let odd = |c: char| c.is_control() && c != '\n';
        let text = flaw.text.replace(odd, "\u{fffd}");
        ModuleError::new(
            flaw.kind,
            format!("the module `{path}` cannot run in the sandbox: {text}"),
        )
    };
    let bytes = source.bytes().map_err(|cause| {
        let path = source.path.display();
        ModuleError::new(
            ErrorKind::Unreadable,
            format!("the module `{path}` cannot be read: {cause}"),
        )
    })?;
    match open_bytes(&bytes, limits) {
        Ok(module) => Ok(Box::new(module)),
        Err(flaw) => Err(error(flaw)),
    }
}

fn open_bytes(bytes: &[u8], all: &LimitsByName) -> Result<Sandboxed, Flaw> {
    within("bytes in its file", bytes.len(), all.largest_file(), "file")?;
    let bytes = if bytes.starts_with(MAGIC) {
        Cow::Borrowed(bytes)
    } else {
        wat::parse_bytes(bytes)
            .map_err(|error| Flaw::malformed(format!("its text is no valid WebAssembly: {error}")))?
    };
    let image = Image::read(&bytes, all.ceiling())?;
    let record = Record::read(&image)?;
    let limits = all.of(&record.manifest.name);
    check(&image, bytes.len(), &limits)?;
    let pointers = [record.on_load, record.on_unload, record.on_reload];
    let functions = record
        .functions
        .iter()
        .copied()
        .chain(pointers.into_iter().flatten());
    let bytes = exports::add(&bytes, &image, functions);
    let flaw = |error: wasmtime::Error| Flaw::malformed(format!("it is no valid WebAssembly: {error:#}"));
    let engine = engine::with_stack(limits.stack)
        .map_err(|error| Flaw::refused(format!("this machine has no sandbox: {error:#}")))?;
    let mould = Mould::new(&engine, &bytes, &record, limits).map_err(flaw)?;
    Ok(Sandboxed::new(record.manifest, mould, limits))
}

/// Whether a file asks for no more than its module may have from the start.
fn check(image: &Image, file: usize, limits: &Limits) -> Result<(), Flaw> {
    let wants = image.wants();
    within("bytes in its file", file, limits.file, "file")?;
    if wants.memory > limits.memory {
        return Err(Flaw::limit(
            "bytes of memory",
            wants.memory,
            limits.memory,
            "memory",
        ));
    }
    if wants.table > limits.table_elements {
        return Err(Flaw::limit(
            "elements in a table",
            wants.table,
            limits.table_elements,
            "table_elements",
        ));
    }
    Ok(())
}

fn within(what: &str, wanted: usize, limit: usize, setting: &str) -> Result<(), Flaw> {
    if wanted <= limit {
        return Ok(());
    }
    Err(Flaw::limit(what, wanted as u64, limit as u64, setting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_webassembly_is_told_from_its_begin() {
        assert!(is_for_us(b"\0asm\x01\0\0\0"));
        assert!(is_for_us(b"  ;; a comment\n(module $shop)"));
        assert!(is_for_us(b"(; over\n lines ;) ( module)"));
        assert!(!is_for_us(b"\x7fELF"));
        assert!(!is_for_us(b""));
        assert!(!is_for_us(b";; nothing"));
        assert!(!is_for_us(b"(; nothing"));
    }
}
