//! What machine code does, apart from how the compiler laid it out: the same source gives the same substance, most of
//! the time, whatever registers and places on the stack it was given.

use std::hash::{Hash, Hasher};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use rustc_hash::FxHasher;

/// The substance of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Substance(u64);

/// The instructions that say something, with their offsets. `references` are relocated fields, with what they point to.
pub(crate) fn of(code: &[u8], references: &[(u64, u64)]) -> Vec<(u64, Substance)> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut found = Vec::new();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        let range = instruction.ip()..instruction.next_ip();
        let mut targets = references.iter().filter(|(field, _)| range.contains(field));
        let target = targets.next().map(|(_, target)| *target);
        found.extend(substance(&instruction, target).map(|substance| (range.start, substance)));
    }
    found
}

fn substance(instruction: &Instruction, target: Option<u64>) -> Option<Substance> {
    let mnemonic = instruction.mnemonic();
    if instruction.op0_kind() == OpKind::NearBranch64 && target.is_none() {
        return None;
    }
    let is_about_the_stack =
        instruction.op0_kind() == OpKind::Register && instruction.op0_register() == Register::RSP;
    let values = (0..instruction.op_count()).filter_map(|index| instruction.try_immediate(index).ok());
    let values: Vec<u64> = values.filter(|_| target.is_none()).collect();
    let moves = matches!(
        mnemonic,
        Mnemonic::Mov
            | Mnemonic::Lea
            | Mnemonic::Push
            | Mnemonic::Pop
            | Mnemonic::Nop
            | Mnemonic::Xor
            | Mnemonic::Jmp
            | Mnemonic::Ret
            | Mnemonic::Movups
            | Mnemonic::Movaps
            | Mnemonic::Xorps
            | Mnemonic::Ud2
            | Mnemonic::Int3
    );
    let is_plain_move = moves && target.is_none() && values.is_empty();
    if is_plain_move || is_about_the_stack {
        return None;
    }
    let mut hasher = FxHasher::default();
    (mnemonic as u32, values, target).hash(&mut hasher);
    Some(Substance(hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &[u8], other: &[u8], is_same: bool) {
        let substance = |code: &[u8]| of(code, &[]).into_iter().map(|(_, it)| it).collect::<Vec<_>>();
        assert_eq!(substance(one) == substance(other), is_same, "{one:x?} {other:x?}");
    }

    #[test]
    fn registers_and_the_stack_are_no_substance() {
        // add $1, %eax; add $1, %ebx
        check(&[0x83, 0xc0, 1], &[0x83, 0xc3, 1], true);
        // sub $0x18, %rsp; sub $0x28, %rsp
        check(&[0x48, 0x83, 0xec, 0x18], &[0x48, 0x83, 0xec, 0x28], true);
        // mov %rdi, %rbx; nothing
        check(&[0x48, 0x89, 0xfb], &[], true);
    }

    #[test]
    fn values_and_operations_are() {
        // add $1, %eax; add $2, %eax
        check(&[0x83, 0xc0, 1], &[0x83, 0xc0, 2], false);
        // mov $1, %eax; mov $2, %eax
        check(&[0xb8, 1, 0, 0, 0], &[0xb8, 2, 0, 0, 0], false);
        // add $1, %eax; sub $1, %eax
        check(&[0x83, 0xc0, 1], &[0x83, 0xe8, 1], false);
    }

    #[test]
    fn references_count_by_what_they_point_to() {
        let call = [0xe8, 0, 0, 0, 0];
        assert_ne!(of(&call, &[(1, 7)]), of(&call, &[(1, 8)]));
        assert_eq!(of(&call, &[(1, 7)]), of(&call, &[(1, 7)]));
    }
}
