//! The relocations that rustc emits for x86-64, and the instructions that they sit in.

use object::elf::{self, RelocationType};

/// What a relocation asks for, as far as binding is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A 32-bit distance to a place: a call, a jump, an address, a memory operand.
    Near,
    /// The same with 64 bits, in data.
    Far,
    /// A 32-bit distance to an 8-byte slot that holds an address.
    Slot,
    /// A 64-bit address in data.
    Address,
    /// A 64-bit distance from the global offset table.
    FromGot,
    /// The distance to the global offset table itself.
    Got,
    /// A 32-bit offset from the thread pointer.
    FromThread,
    /// A 32-bit distance to a slot that holds an offset from the thread pointer.
    ThreadSlot,
    /// A 32-bit distance to a pair of slots: TLS module and offset.
    ThreadPair,
    /// A 32-bit distance to a pair of slots: this TLS module and zero.
    ThreadBase,
    /// An offset within the TLS block.
    WithinThread,
    /// A 32-bit offset in a debug section.
    Offset32,
}

/// Sorts a relocation type. `None` for those that this crate does not know.
pub(crate) fn kind(r_type: RelocationType) -> Option<Kind> {
    Some(match r_type {
        elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => Kind::Near,
        elf::R_X86_64_PC64 => Kind::Far,
        elf::R_X86_64_GOTPCREL
        | elf::R_X86_64_GOTPCRELX
        | elf::R_X86_64_REX_GOTPCRELX
        | elf::R_X86_64_CODE_4_GOTPCRELX => Kind::Slot,
        elf::R_X86_64_64 => Kind::Address,
        elf::R_X86_64_GOTOFF64 => Kind::FromGot,
        elf::R_X86_64_GOTPC32 | elf::R_X86_64_GOTPC64 => Kind::Got,
        elf::R_X86_64_TPOFF32 => Kind::FromThread,
        elf::R_X86_64_GOTTPOFF | elf::R_X86_64_CODE_4_GOTTPOFF => Kind::ThreadSlot,
        elf::R_X86_64_TLSGD => Kind::ThreadPair,
        elf::R_X86_64_TLSLD => Kind::ThreadBase,
        elf::R_X86_64_DTPOFF32 | elf::R_X86_64_DTPOFF64 => Kind::WithinThread,
        elf::R_X86_64_32 => Kind::Offset32,
        _ => return None,
    })
}

/// The name of a relocation type, for messages.
pub(crate) fn name(r_type: RelocationType) -> String {
    elf::NAMES_R_X86_64
        .name(r_type)
        .map_or_else(|| format!("relocation type {}", r_type.0), str::to_owned)
}

/// How many bytes a relocation writes.
pub(crate) fn width(r_type: RelocationType) -> usize {
    match r_type {
        elf::R_X86_64_64
        | elf::R_X86_64_PC64
        | elf::R_X86_64_GOTOFF64
        | elf::R_X86_64_GOTPC64
        | elf::R_X86_64_DTPOFF64 => 8,
        _ => 4,
    }
}

/// Turns `lea target(%rip), %reg` into `mov slot(%rip), %reg`. The relocated field stays where it is.
///
/// `at` is the offset of the relocated field. Returns whether the instruction was one.
#[must_use]
pub(crate) fn load_instead_of_lea(code: &mut [u8], at: usize) -> bool {
    let Some([rex, opcode, modrm]) = at
        .checked_sub(3)
        .and_then(|start| code[start..].first_chunk_mut())
    else {
        return false;
    };
    let is_lea = *rex & 0xf8 == 0x48 && *opcode == 0x8d && *modrm & 0xc7 == 0x05;
    if is_lea {
        *opcode = 0x8b;
    }
    is_lea
}

/// Whether the relocated field at `at` is the displacement of a direct call or jump.
pub(crate) fn is_branch(code: &[u8], at: usize) -> bool {
    let before = |distance: usize| at.checked_sub(distance).map(|index| code[index]);
    matches!(before(1), Some(0xe8 | 0xe9))
        || matches!((before(2), before(1)), (Some(0x0f), Some(0x80..=0x8f)))
}

/// Whether the relocated field at `at` is the operand of a call or jump through the global offset table.
pub(crate) fn is_indirect_branch(code: &[u8], at: usize) -> bool {
    let opcode = at.checked_sub(2).and_then(|start| code.get(start..at));
    matches!(opcode, Some([0xff, 0x15 | 0x25]))
}

/// Turns `movabs $imm64, %reg` into `mov slot(%rip), %reg; nop`, without changing the length.
///
/// `at` is the offset of the 64-bit immediate. Returns the offset of the new 32-bit displacement.
pub(crate) fn load_instead_of_movabs(code: &mut [u8], at: usize) -> Option<usize> {
    let start = at.checked_sub(2)?;
    let instruction: &mut [u8; 10] = code.get_mut(start..)?.first_chunk_mut()?;
    let [rex, opcode, ..] = *instruction;
    if !matches!(rex, 0x48 | 0x49) || opcode & 0xf8 != 0xb8 {
        return None;
    }
    let register = opcode & 7;
    let high_register = rex & 1;
    *instruction = [
        0x48 | high_register << 2,
        0x8b,
        0x05 | register << 3,
        0,
        0,
        0,
        0,
        /* nopl (%rax) */ 0x0f,
        0x1f,
        0x00,
    ];
    Some(start + 3)
}

/// `jmp *slot(%rip)`, padded to 8 bytes; the displacement is at [`THUNK_FIELD`].
pub(crate) const THUNK: [u8; 8] = [0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc];
/// Offset of the displacement in [`THUNK`].
pub(crate) const THUNK_FIELD: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movabs_becomes_a_load_of_the_same_register() {
        for (before, after) in [
            ([0x48, 0xb8], [0x48, 0x8b, 0x05]), // rax
            ([0x48, 0xbf], [0x48, 0x8b, 0x3d]), // rdi
            ([0x49, 0xb8], [0x4c, 0x8b, 0x05]), // r8
            ([0x49, 0xbf], [0x4c, 0x8b, 0x3d]), // r15
        ] {
            let mut code = [before.as_slice(), &[0; 8]].concat();
            assert_eq!(load_instead_of_movabs(&mut code, 2), Some(3));
            assert_eq!(code[..3], after);
            assert_eq!(code[7..], [0x0f, 0x1f, 0x00]);
        }
    }

    #[test]
    fn other_instructions_with_a_64_bit_field_are_left_alone() {
        let mut code = [0x48, 0xa1, 0, 0, 0, 0, 0, 0, 0, 0]; // movabs moffs64, %rax
        assert_eq!(load_instead_of_movabs(&mut code, 2), None);
        assert_eq!(load_instead_of_movabs(&mut code, 1), None);
    }

    #[test]
    fn lea_becomes_a_load() {
        let mut code = [0x4c, 0x8d, 0x3d, 0, 0, 0, 0]; // lea (%rip), %r15
        assert!(load_instead_of_lea(&mut code, 3));
        assert_eq!(code[..3], [0x4c, 0x8b, 0x3d]);
        assert!(!load_instead_of_lea(&mut code, 3));
    }

    #[test]
    fn branches_are_told_from_operands() {
        assert!(is_branch(&[0xe8, 0, 0, 0, 0], 1));
        assert!(is_branch(&[0x0f, 0x84, 0, 0, 0, 0], 2));
        assert!(!is_branch(&[0x48, 0x8b, 0x05, 0, 0, 0, 0], 3));
        assert!(is_indirect_branch(&[0xff, 0x15, 0, 0, 0, 0], 2));
        assert!(!is_indirect_branch(&[0x48, 0x8b, 0x05, 0, 0, 0, 0], 3));
    }
}
