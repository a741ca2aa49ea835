//! Adds exports to a file: its memory, and the functions that its manifest points to.
//!
//! Linkers export a manifest, but rarely the table that its function pointers are indices of (rustc never does). With exports of
//! their own the functions are found whatever the module does to its table while it runs.

use super::image::Image;

/// The name under which the memory is exported too.
pub(super) const MEMORY: &str = "hotpatch memory";

/// The name under which a function is exported too.
pub(super) fn function_name(index: u32) -> String {
    format!("hotpatch function {index}")
}

/// The file with these functions and the first memory exported too. It must be one that [`Image::read`] has read.
pub(super) fn add(bytes: &[u8], image: &Image, functions: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut functions: Vec<u32> = functions.into_iter().collect();
    functions.sort_unstable();
    functions.dedup();
    // The manifest is exported, so there is a section.
    let Some((section, count)) = image.export_section.clone() else {
        return bytes.to_vec();
    };
    let mut content = Vec::with_capacity(section.len() + 32 * functions.len());
    number(&mut content, count + functions.len() as u32 + 1);
    content.extend_from_slice(&bytes[section.start + number_len(&bytes[section.start..])..section.end]);
    entry(&mut content, MEMORY, 2, 0);
    for function in functions {
        entry(&mut content, &function_name(function), 0, function);
    }
    // The head of a section is its kind, one byte, and the size, which the section ends with the content.
    let head = head_of(bytes, section.start);
    let mut with = Vec::with_capacity(bytes.len() + content.len() - section.len() + 8);
    with.extend_from_slice(&bytes[..head]);
    with.push(7);
    number(&mut with, content.len() as u32);
    with.extend_from_slice(&content);
    with.extend_from_slice(&bytes[section.end..]);
    with
}

fn entry(content: &mut Vec<u8>, name: &str, kind: u8, index: u32) {
    number(content, name.len() as u32);
    content.extend_from_slice(name.as_bytes());
    content.push(kind);
    number(content, index);
}

/// Where the head of the section begins whose content begins at `content`.
fn head_of(bytes: &[u8], content: usize) -> usize {
    let mut place = 8;
    while place < content {
        let size_len = number_len(&bytes[place + 1..]);
        let begin = place + 1 + size_len;
        if begin == content {
            return place;
        }
        let size = bytes[place + 1..begin]
            .iter()
            .rev()
            .fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        place = begin + size;
    }
    unreachable!("sections follow each other from the eighth byte on");
}

/// Appends a number as WebAssembly writes it.
fn number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes a number has.
fn number_len(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte >= 0x80).count() + 1
}
