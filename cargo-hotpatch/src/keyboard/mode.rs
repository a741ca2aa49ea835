//! The mode of the terminal: lines with echo for the program, single keys without echo for the tool.
//!
//! Signals stay with the keys that send them, and output looks as ever.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcgetpgrp, tcsetattr};

/// The terminal of standard input.
#[derive(Debug)]
pub(super) struct TerminalMode {
    /// Opened anew: it is read without waiting, which must not become so for the program.
    tty: File,
    device: u64,
    flags: OFlags,
    /// What [`Self::take`] replaced, and what it put there.
    taken: Option<Taken>,
}

#[derive(Clone, Debug)]
struct Taken {
    before: Termios,
    keys: Termios,
}

/// How the terminal is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// Lines with echo, as a shell leaves it.
    Lines,
    /// As [`TerminalMode::take`] left it.
    Keys,
    /// Some other way: another program has made it so.
    Other,
}

impl TerminalMode {
    /// The terminal of standard input.
    pub(super) fn open() -> io::Result<Self> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let tty = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open("/proc/self/fd/0")?;
        tcgetattr(&tty)?;
        Ok(Self {
            device: tty.metadata()?.rdev(),
            flags: fcntl_getfl(io::stdin())?,
            tty,
            taken: None,
        })
    }

    /// Its device number.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// Whether the tool may read it and set its mode. In the background that would stop the tool and the program.
    pub(super) fn is_ours(&self) -> bool {
        tcgetpgrp(&self.tty).is_ok_and(|group| group == getpgrp())
    }

    /// Whether someone has made reading standard input not wait, which is about to read it then.
    pub(super) fn is_nonblocking(&self) -> bool {
        fcntl_getfl(io::stdin())
            .is_ok_and(|flags| flags.contains(OFlags::NONBLOCK) && !self.flags.contains(OFlags::NONBLOCK))
    }

    /// How it is set now.
    pub(super) fn setting(&self) -> io::Result<Setting> {
        let now = tcgetattr(&self.tty)?;
        let lines = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        Ok(match &self.taken {
            Some(taken) if is_same(&now, &taken.keys) => Setting::Keys,
            _ if now.local_modes.contains(lines) => Setting::Lines,
            _ => Setting::Other,
        })
    }

    /// Sets it for keys.
    pub(super) fn take(&mut self) -> io::Result<()> {
        if self.setting()? == Setting::Keys {
            return Ok(());
        }
        let before = tcgetattr(&self.tty)?;
        let mut keys = before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // A program that begins to read must wait for its input, and not meet an end of it.
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.tty, OptionalActions::Now, &keys)?;
        self.taken = Some(Taken { before, keys });
        Ok(())
    }

    /// Sets it as it was, unless someone else has set it meanwhile, or it is in the hands of another job.
    pub(super) fn give_back(&mut self) {
        match self.setting() {
            Ok(Setting::Keys) if self.is_ours() => self.restore(),
            Ok(Setting::Lines) | Err(_) => self.taken = None,
            Ok(Setting::Keys | Setting::Other) => {}
        }
    }

    /// Sets it as it was, whoever has set it since: nobody uses it any more.
    pub(super) fn restore(&mut self) {
        if self.is_ours()
            && let Some(taken) = self.taken.take()
        {
            // A terminal that is gone needs no mode.
            let _ = tcsetattr(&self.tty, OptionalActions::Now, &taken.before);
        }
    }

    /// Whether there is something to give back.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.is_some()
    }

    /// Waits for input.
    pub(super) fn poll(tty: &File, longest: Duration) -> bool {
        let mut files = [PollFd::new(tty, PollFlags::IN)];
        let longest = Timespec::try_from(longest).ok();
        poll(&mut files, longest.as_ref()).is_ok_and(|ready| ready > 0)
    }

    /// The terminal, to wait for it elsewhere.
    pub(super) fn file(&self) -> io::Result<File> {
        self.tty.try_clone()
    }

    /// Takes what was typed.
    pub(super) fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 256];
        let len = self.tty.read(&mut bytes)?;
        bytes.truncate(len);
        Ok(bytes)
    }
}

fn is_same(a: &Termios, b: &Termios) -> bool {
    let codes = [SpecialCodeIndex::VMIN, SpecialCodeIndex::VTIME];
    (a.input_modes, a.output_modes, a.local_modes) == (b.input_modes, b.output_modes, b.local_modes)
        && codes
            .iter()
            .all(|code| a.special_codes[*code] == b.special_codes[*code])
}
