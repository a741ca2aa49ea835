//! What a thread waits for, as the kernel tells it in `/proc/<pid>/task/<tid>/syscall`.
//!
//! The numbers and the layouts are those of x86_64 Linux.

use std::fs::File;
use std::os::unix::fs::FileExt;

const READ: u64 = 0;
const POLL: u64 = 7;
const READV: u64 = 19;
const SELECT: u64 = 23;
const EPOLL_WAIT: u64 = 232;
const PSELECT6: u64 = 270;
const PPOLL: u64 = 271;
const SPLICE: u64 = 275;
const EPOLL_PWAIT: u64 = 281;
const IO_URING_ENTER: u64 = 426;
const EPOLL_PWAIT2: u64 = 441;

/// `POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND`, which are also the bits of epoll.
const FOR_INPUT: u64 = 0x1 | 0x2 | 0x40 | 0x80;
/// Nobody waits for more files than this at once; the array may be garbage.
const MOST: u64 = 4096;

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Nothing that can be input: it runs, sleeps or writes.
    Other,
    /// Input from one of these descriptors.
    Input(Vec<u64>),
    /// Input from something that cannot be told.
    Unknown,
}

/// What a thread of process `pid` waits for, by the text of its `syscall` file.
pub(super) fn wait(pid: u32, text: &str) -> Wait {
    let Some((number, args)) = parse(text) else {
        return Wait::Other;
    };
    let descriptors = match number {
        READ | READV | SPLICE => Some(vec![args[0]]),
        POLL | PPOLL => polled(pid, args[0], args[1]),
        SELECT | PSELECT6 => selected(pid, args[0], args[1]),
        EPOLL_WAIT | EPOLL_PWAIT | EPOLL_PWAIT2 => registered(pid, args[0]),
        IO_URING_ENTER => None,
        _ => return Wait::Other,
    };
    descriptors.map_or(Wait::Unknown, Wait::Input)
}

/// The number and the arguments of the system call that a thread is in; `None` if it is in none.
fn parse(text: &str) -> Option<(u64, [u64; 6])> {
    let mut words = text.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut args = [0; 6];
    for arg in &mut args {
        *arg = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, args))
}

/// `struct pollfd { int fd; short events; short revents; }`
fn polled(pid: u32, array: u64, count: u64) -> Option<Vec<u64>> {
    let bytes = memory(pid, array, count.checked_mul(8)?)?;
    let descriptors = bytes.chunks_exact(8).filter_map(|polled| {
        let fd = i32::from_le_bytes(polled[..4].try_into().ok()?);
        let events = u64::from(u16::from_le_bytes(polled[4..6].try_into().ok()?));
        (events & FOR_INPUT != 0).then_some(u64::try_from(fd).ok()?)
    });
    Some(descriptors.collect())
}

/// `fd_set`: one bit for each descriptor.
fn selected(pid: u32, count: u64, set: u64) -> Option<Vec<u64>> {
    if set == 0 {
        return Some(Vec::new());
    }
    // The kernel reads whole words.
    let bytes = memory(pid, set, count.div_ceil(64) * 8)?;
    let is_set = |fd: &u64| bytes[(fd / 8) as usize] & (1 << (fd % 8)) != 0;
    Some((0..count).filter(is_set).collect())
}

/// The lines `tfd: <descriptor> events: <bits> …` of an epoll instance.
fn registered(pid: u32, epoll: u64) -> Option<Vec<u64>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{epoll}")).ok()?;
    let descriptors = text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("tfd:")?.split_whitespace();
        let fd = words.next()?.parse().ok()?;
        let events = u64::from_str_radix(words.nth(1)?, 16).ok()?;
        (events & FOR_INPUT != 0).then_some(fd)
    });
    Some(descriptors.collect())
}

fn memory(pid: u32, address: u64, len: u64) -> Option<Vec<u8>> {
    if len > MOST * 8 {
        return None;
    }
    let mut bytes = vec![0; len as usize];
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    memory.read_exact_at(&mut bytes, address).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_reads_waits_for_input() {
        let own = std::process::id();
        let check = |text: &str, expected: Wait| assert_eq!(wait(own, text), expected, "{text}");
        check(
            "0 0x5 0x7f9f 0x20000 0x0 0x0 0x0 0x7fff 0x7f9f",
            Wait::Input(vec![5]),
        );
        check("230 0x0 0x0 0x7f9f 0x0 0x0 0x0 0x7fff 0x7f9f", Wait::Other);
        check("running\n", Wait::Other);
        check("-1 0x7fff 0x7f9f", Wait::Other);
        check("426 0x3 0x1 0x1 0x1 0x0 0x0 0x7fff 0x7f9f", Wait::Unknown);
    }

    #[test]
    fn the_sets_of_poll_and_select_are_read() {
        let own = std::process::id();
        let text = |number: u64, a: u64, b: u64| format!("{number} 0x{a:x} 0x{b:x} 0x0 0x0 0x0 0x0 0x0 0x0");
        let mut polled = Vec::new();
        for (fd, events) in [(3_i32, 1_u16), (4, 4), (-1, 1), (6, 0x41)] {
            polled.extend(fd.to_le_bytes());
            polled.extend(events.to_le_bytes());
            polled.extend([0; 2]);
        }
        let at = polled.as_ptr() as u64;
        assert_eq!(wait(own, &text(POLL, at, 4)), Wait::Input(vec![3, 6]));
        assert_eq!(wait(own, &text(PPOLL, 8, 4)), Wait::Unknown);
        let set = [0b1000_u64, 1];
        let at = set.as_ptr() as u64;
        assert_eq!(wait(own, &text(SELECT, 65, at)), Wait::Input(vec![3, 64]));
        assert_eq!(wait(own, &text(PSELECT6, 64, at)), Wait::Input(vec![3]));
        assert_eq!(wait(own, &text(SELECT, 64, 0)), Wait::Input(vec![]));
    }
}
