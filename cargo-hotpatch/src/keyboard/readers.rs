//! Who else wants the input of the terminal.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use super::system_call::{self, Wait};
use crate::process_tree;

/// `/dev/tty`, which is the terminal under another number.
const DEV_TTY: u64 = 5 << 8;

/// Whether someone waits for input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nobody does.
    Nobody,
    /// Someone does.
    Somebody,
    /// The kernel does not say.
    Unknown,
}

/// Whether a thread of these processes waits for input from the terminal with this device number.
pub(super) fn look(pids: &[u32], terminal: u64) -> Found {
    for pid in pids {
        for thread in process_tree::threads(*pid) {
            match std::fs::read_to_string(thread.join("syscall")) {
                Ok(text) if waits(*pid, &text, terminal) => return Found::Somebody,
                Ok(_) => {}
                // `NotFound` without a thread means that the thread has ended, otherwise that the kernel has no such file.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return Found::Unknown,
                Err(_) if thread.exists() && !thread.join("syscall").exists() => return Found::Unknown,
                Err(_) => {}
            }
        }
    }
    Found::Nobody
}

fn waits(pid: u32, text: &str, terminal: u64) -> bool {
    match system_call::wait(pid, text) {
        Wait::Other => false,
        Wait::Unknown => true,
        Wait::Input(descriptors) => descriptors
            .iter()
            .filter_map(|fd| std::fs::metadata(format!("/proc/{pid}/fd/{fd}")).ok())
            .any(|file| is_terminal(&file, terminal)),
    }
}

fn is_terminal(file: &Metadata, terminal: u64) -> bool {
    file.file_type().is_char_device() && [terminal, DEV_TTY].contains(&file.rdev())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;

    fn rdev(path: &str) -> u64 {
        std::fs::metadata(path).unwrap().rdev()
    }

    fn ended(mut child: Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn only_those_who_wait_for_the_terminal_count() {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || {
            std::fs::File::options()
                .read(true)
                .write(true)
                .open(&name)
                .unwrap()
        };
        let terminal = rdev(&name);

        let sleeper = Command::new("sleep").arg("1000").stdin(open()).spawn().unwrap();
        let piped = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(look(&[sleeper.id(), piped.id()], terminal), Found::Nobody);
        let reader = Command::new("cat").stdin(open()).spawn().unwrap();
        let start = Instant::now();
        while look(&[sleeper.id(), reader.id()], terminal) == Found::Nobody {
            assert!(start.elapsed().as_secs() < 100);
        }
        assert_eq!(look(&[reader.id()], terminal), Found::Somebody);
        assert_eq!(look(&[reader.id()], rdev("/dev/null")), Found::Nobody);
        for child in [sleeper, piped, reader] {
            ended(child);
        }
    }
}
