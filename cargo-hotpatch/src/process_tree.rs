//! The processes that a process has started.

use std::path::PathBuf;

/// A process and all that descend from it. Those whose parent has ended belong to another one by now.
pub(crate) fn tree(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        for child in threads(parent).iter().flat_map(|thread| children(thread)) {
            if !found.contains(&child) {
                found.push(child);
            }
        }
    }
    found
}

/// Whether this kernel names the children of a process.
pub(crate) fn is_known() -> bool {
    PathBuf::from("/proc/thread-self/children").exists()
}

/// The folders of the threads of a process.
pub(crate) fn threads(pid: u32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task"));
    let entries = entries.into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The processes of a process group.
pub(crate) fn group(leader: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| group_of(*pid) == Some(leader)).collect()
}

/// The process group of a process.
pub(crate) fn group_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state parent group …`, where the name may contain anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(2)?.parse().ok()
}

fn children(thread: &std::path::Path) -> Vec<u32> {
    let text = std::fs::read_to_string(thread.join("children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn grandchildren_belong_to_the_tree() {
        let mut shell = Command::new("sh")
            .args(["-c", "cat | cat; true"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let own = std::process::id();
        while tree(shell.id()).len() < 3 {
            std::thread::yield_now();
        }
        let all = tree(own);
        assert!(is_known() && all.contains(&own) && all.contains(&shell.id()));
        let group_of_own = group_of(own).unwrap();
        assert_eq!(group_of(shell.id()), Some(group_of_own));
        assert!(group(group_of_own).contains(&shell.id()));
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}
