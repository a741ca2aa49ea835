//! The loops of a function, from its machine code.
//!
//! A call is in a loop if control can come back to it. Only jumps count: what the function calls is not looked into.

use std::collections::BTreeSet;
use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// What the code of a function does not say itself.
pub(crate) struct Hints<'a> {
    /// Where its jump tables lead.
    pub(crate) jump_targets: &'a [u64],
    /// The relocated fields: a jump with one leaves the function.
    pub(crate) relocated: &'a [u64],
    /// The relocated fields of calls that do not return.
    pub(crate) never_returning: &'a [u64],
}

/// The flow of control of a function.
#[derive(Debug)]
pub(crate) struct Flow {
    blocks: Vec<Block>,
    /// Where registers are loaded with what may be an address of a function.
    loads: Vec<(Range<u64>, Register)>,
    /// Where functions are called through a register.
    register_calls: Vec<(u64, Register)>,
}

#[derive(Debug)]
struct Block {
    range: Range<u64>,
    next: Vec<usize>,
    previous: Vec<usize>,
}

/// A loop that lies in no other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loop {
    /// Where control comes in.
    pub(crate) entries: Vec<u64>,
}

impl Flow {
    pub(crate) fn of(code: &[u8], hints: &Hints<'_>) -> Self {
        let steps = steps(code, hints);
        let mut starts: BTreeSet<u64> = steps
            .iter()
            .flat_map(|step| step.targets.iter().copied())
            .collect();
        starts.extend(
            steps
                .iter()
                .filter(|step| step.ends_block())
                .map(|step| step.range.end),
        );
        starts.insert(0);
        let starts: Vec<u64> = starts
            .into_iter()
            .filter(|start| *start < code.len() as u64)
            .collect();
        let ends = starts.iter().skip(1).copied().chain([code.len() as u64]);
        let mut blocks: Vec<_> = starts
            .iter()
            .zip(ends)
            .map(|(start, end)| Block {
                range: *start..end,
                next: Vec::new(),
                previous: Vec::new(),
            })
            .collect();
        let block_at = |offset: u64| starts.partition_point(|start| *start <= offset) - 1;
        for step in &steps {
            let from = block_at(step.range.start);
            let is_last = step.range.end >= blocks[from].range.end;
            let falls = is_last && step.falls_through && step.range.end < code.len() as u64;
            let targets = step
                .targets
                .iter()
                .copied()
                .filter(|target| *target < code.len() as u64);
            for to in targets.chain(falls.then_some(step.range.end)) {
                let to = block_at(to);
                blocks[from].next.push(to);
                blocks[to].previous.push(from);
            }
        }
        let loads = steps
            .iter()
            .filter_map(|step| Some((step.range.clone(), step.loads?)));
        let register_calls = steps
            .iter()
            .filter_map(|step| Some((step.range.start, step.calls?)));
        Self {
            loads: loads.collect(),
            register_calls: register_calls.collect(),
            blocks,
        }
    }

    /// The outermost loop around a place.
    pub(crate) fn outermost_loop(&self, offset: u64) -> Option<Loop> {
        let block = self.block(offset)?;
        let after = self.reachable(block, |block| &block.next);
        let before = self.reachable(block, |block| &block.previous);
        let inside = |index: &usize| after.contains(index) && before.contains(index);
        inside(&block).then(|| {
            let enters =
                |index: &usize| *index == 0 || self.blocks[*index].previous.iter().any(|from| !inside(from));
            let members = (0..self.blocks.len()).filter(inside);
            Loop {
                entries: members
                    .filter(enters)
                    .map(|index| self.blocks[index].range.start)
                    .collect(),
            }
        })
    }

    /// The outermost loop around a call through the register that the place loads. The address may be read before the
    /// loop that calls it.
    pub(crate) fn loop_around_call_of(&self, load: u64) -> Option<Loop> {
        let (at, register) = self.loads.iter().find(|(at, _)| at.contains(&load))?;
        let block = &self.blocks[self.block(load)?].range;
        let calls = self
            .register_calls
            .iter()
            .filter(|(_, called)| called == register);
        let mut calls = calls.map(|(call, _)| *call);
        if calls.clone().any(|call| call >= at.end && block.contains(&call)) {
            return self.outermost_loop(load);
        }
        calls.find_map(|call| self.outermost_loop(call))
    }

    fn block(&self, offset: u64) -> Option<usize> {
        self.blocks.iter().position(|block| block.range.contains(&offset))
    }

    /// The blocks that one or more steps lead to.
    fn reachable(&self, from: usize, steps: impl Fn(&Block) -> &Vec<usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(block) = open.pop() {
            for next in steps(&self.blocks[block]) {
                if reached.insert(*next) {
                    open.push(*next);
                }
            }
        }
        reached
    }
}

/// An instruction, as far as the flow of control goes.
struct Step {
    range: Range<u64>,
    targets: Vec<u64>,
    falls_through: bool,
    loads: Option<Register>,
    calls: Option<Register>,
}

impl Step {
    fn ends_block(&self) -> bool {
        !self.falls_through || !self.targets.is_empty()
    }
}

fn steps(code: &[u8], hints: &Hints<'_>) -> Vec<Step> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut steps = Vec::new();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        steps.push(step(&instruction, hints));
    }
    steps
}

fn step(instruction: &Instruction, hints: &Hints<'_>) -> Step {
    let range = instruction.ip()..instruction.next_ip();
    let among = |fields: &[u64]| fields.iter().any(|field| range.contains(field));
    let is_direct = instruction.op0_kind() == OpKind::NearBranch64;
    let direct = (is_direct && !among(hints.relocated)).then(|| instruction.near_branch64());
    let mut step = Step {
        falls_through: true,
        targets: Vec::new(),
        loads: None,
        calls: None,
        range: range.clone(),
    };
    let register = (instruction.op0_kind() == OpKind::Register).then(|| instruction.op0_register());
    match instruction.mnemonic() {
        Mnemonic::Jmp => {
            step.falls_through = false;
            step.targets = match direct {
                Some(target) => vec![target],
                None if is_direct || among(hints.relocated) => Vec::new(),
                None => hints.jump_targets.to_vec(),
            };
        }
        Mnemonic::Call => {
            step.falls_through = !among(hints.never_returning);
            step.calls = register;
        }
        Mnemonic::Ret | Mnemonic::Ud2 | Mnemonic::Hlt | Mnemonic::Int3 | Mnemonic::INVALID => {
            step.falls_through = false;
        }
        Mnemonic::Mov => step.loads = register,
        // Conditional jumps.
        _ => step.targets.extend(direct),
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(code: &[u8]) -> Flow {
        let hints = Hints {
            jump_targets: &[],
            relocated: &[],
            never_returning: &[],
        };
        Flow::of(code, &hints)
    }

    const CALL: [u8; 5] = [0xe8, 0, 0, 0, 0];

    #[test]
    fn a_call_between_a_jump_back_and_its_target_is_in_a_loop() {
        // 0: call; 5: call; 10: jne 5; 12: call; 17: ret
        let code = [&CALL[..], &CALL, &[0x75, 0xf9], &CALL, &[0xc3]].concat();
        let flow = flow(&code);
        assert_eq!(flow.outermost_loop(0), None);
        let found = flow.outermost_loop(5).unwrap();
        assert_eq!(found.entries, [5]);
        assert_eq!(flow.outermost_loop(10), Some(found));
        assert_eq!(flow.outermost_loop(12), None);
    }

    #[test]
    fn code_inside_the_range_of_a_loop_that_leaves_it_is_not_in_it() {
        // 0: jne 8; 2: call (and on to the end); 7: ret; 8: jmp 0
        let code = [&[0x75, 0x06][..], &CALL, &[0xc3, 0xeb, 0xf6]].concat();
        let flow = flow(&code);
        assert_eq!(flow.outermost_loop(2), None);
        assert!(flow.outermost_loop(0).is_some());
    }

    #[test]
    fn the_outer_one_of_two_loops_is_found() {
        // 0: call; 5: call; 10: jne 5; 12: jne 0; 14: ret
        let code = [&CALL[..], &CALL, &[0x75, 0xf9, 0x75, 0xf2, 0xc3]].concat();
        let found = flow(&code).outermost_loop(5).unwrap();
        assert_eq!(found.entries, [0]);
    }

    #[test]
    fn a_jump_with_a_relocation_leaves_the_function() {
        // 0: call; 5: jmp somewhere else
        let code = [&CALL[..], &[0xe9, 0xf6, 0xff, 0xff, 0xff]].concat();
        let hints = Hints {
            jump_targets: &[],
            relocated: &[1, 6],
            never_returning: &[],
        };
        assert_eq!(Flow::of(&code, &hints).outermost_loop(0), None);
        assert!(flow(&code).outermost_loop(0).is_some());
    }

    #[test]
    fn a_jump_table_may_lead_back() {
        // 0: call; 5: jmp *%rax
        let code = [&CALL[..], &[0xff, 0xe0]].concat();
        assert_eq!(flow(&code).outermost_loop(0), None);
        let hints = Hints {
            jump_targets: &[0],
            relocated: &[1],
            never_returning: &[],
        };
        assert!(Flow::of(&code, &hints).outermost_loop(0).is_some());
    }

    #[test]
    fn a_call_that_does_not_return_ends_its_block() {
        // 0: call; 5: jmp 0
        let code = [&CALL[..], &[0xeb, 0xf9]].concat();
        let hints = Hints {
            jump_targets: &[],
            relocated: &[1],
            never_returning: &[1],
        };
        assert_eq!(Flow::of(&code, &hints).outermost_loop(0), None);
        assert!(flow(&code).outermost_loop(0).is_some());
    }

    /// `mov place(%rip), %rbx` and `mov place(%rip), %rax`
    const LOADS: [[u8; 7]; 2] = [[0x48, 0x8b, 0x1d, 0, 0, 0, 0], [0x48, 0x8b, 0x05, 0, 0, 0, 0]];

    #[test]
    fn an_address_may_be_read_before_the_loop_that_calls_it() {
        // 0: mov, %rbx; 7: mov, %rax; 14: call *%rax; 16: call *%rbx; 18: jne 16; 20: ret
        let code = [
            &LOADS[0][..],
            &LOADS[1],
            &[0xff, 0xd0, 0xff, 0xd3, 0x75, 0xfc, 0xc3],
        ]
        .concat();
        let flow = flow(&code);
        assert_eq!(flow.loop_around_call_of(3).unwrap().entries, [16]);
        assert_eq!(flow.loop_around_call_of(10), None);
    }

    #[test]
    fn an_address_that_is_called_at_once_is_called_there() {
        // 0: mov, %rax; 7: call *%rax; 9: call *%rax; 11: jne 9; 13: ret
        let code = [&LOADS[1][..], &[0xff, 0xd0, 0xff, 0xd0, 0x75, 0xfc, 0xc3]].concat();
        assert_eq!(flow(&code).loop_around_call_of(3), None);
    }
}
