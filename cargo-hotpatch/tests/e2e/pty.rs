//! A terminal for the tool: what it shows, what is typed, and the modes it is in.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OutputModes, Winsize, tcgetattr, tcsetwinsize};

use crate::project::Project;
use crate::session::{PATIENCE, Session};

pub(crate) struct Terminal {
    master: File,
    slave: File,
    shown: Arc<(Mutex<String>, Condvar)>,
    /// What was waited for ends here.
    seen: usize,
}

/// Who gets what is typed, as far as the modes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modes {
    Lines,
    Keys,
    Raw,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        // The modes of a terminal end with its last user: this one outlives the tool.
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let master = File::from(master);
        let shown = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (mut reader, text) = (master.try_clone().unwrap(), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(len @ 1..) = reader.read(&mut bytes) {
                text.0
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..len]));
                text.1.notify_all();
            }
        });
        Self {
            master,
            slave,
            shown,
            seen: 0,
        }
    }

    /// Starts `cargo hotpatch run <arguments>` here and waits until the program has attached. The program's output goes
    /// elsewhere.
    pub(crate) fn start(&self, project: &Project, arguments: &[&str]) -> Session {
        let (command, events) = Session::command(project, project, arguments);
        let mut session = Session::watch(self.attach(&command).spawn().unwrap(), events);
        session.event("process-attached");
        session
    }

    /// Starts this command with the program's output here and the messages of the tool elsewhere: the terminal is the
    /// program's alone.
    pub(crate) fn start_program(&self, command: &Command, events: File) -> Session {
        let size = Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.slave, size).unwrap();
        let mut attached = self.attach(command);
        attached.env("TERM", "xterm-256color");
        attached
            .stdout(self.slave.try_clone().unwrap())
            .stderr(Stdio::piped());
        Session::watch(attached.spawn().unwrap(), events)
    }

    /// The command with this terminal as its own: it leads a session, its signals come from the keys.
    fn attach(&self, command: &Command) -> Command {
        let mut attached = Command::new("setsid");
        attached
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => attached.env(name, value),
                None => attached.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            attached.current_dir(folder);
        }
        attached.env("NO_COLOR", "1");
        let end = || Stdio::from(self.slave.try_clone().unwrap());
        attached.stdin(end()).stderr(end()).stdout(Stdio::piped());
        attached
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the terminal shows this after what was waited for last, and returns all up to it.
    pub(crate) fn shows(&mut self, text: &str) -> String {
        let (shown, changed) = &*self.shown;
        let guard = shown.lock().unwrap();
        let missing = |shown: &mut String| !shown[self.seen..].contains(text);
        let (guard, waited) = changed.wait_timeout_while(guard, PATIENCE, missing).unwrap();
        assert!(
            !waited.timed_out(),
            "the terminal does not show `{text}`:\n{guard}"
        );
        let new = &guard[self.seen..];
        let end = new.find(text).unwrap() + text.len();
        let before = new[..end].to_owned();
        self.seen += end;
        before
    }

    /// As [`shows`](Self::shows), for what may not come: what came instead.
    pub(crate) fn shows_within(&mut self, text: &str, patience: Duration) -> Result<String, String> {
        let (shown, changed) = &*self.shown;
        let missing = |shown: &mut String| !shown[self.seen..].contains(text);
        let guard = shown.lock().unwrap();
        let (guard, _) = changed.wait_timeout_while(guard, patience, missing).unwrap();
        let new = &guard[self.seen..];
        let Some(at) = new.find(text) else {
            return Err(new.to_owned());
        };
        let before = new[..at + text.len()].to_owned();
        self.seen += before.len();
        Ok(before)
    }

    /// What is waited for next comes from now on.
    pub(crate) fn pass_over(&mut self) {
        self.seen = self.shown.0.lock().unwrap().len();
    }

    /// All that it has shown.
    pub(crate) fn text(&self) -> String {
        self.shown.0.lock().unwrap().clone()
    }

    pub(crate) fn modes(&self) -> Modes {
        let termios = tcgetattr(&self.slave).unwrap();
        let local = termios.local_modes;
        if local.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG) {
            return Modes::Lines;
        }
        if local.contains(LocalModes::ISIG) && termios.output_modes.contains(OutputModes::OPOST) {
            assert!(!local.intersects(LocalModes::ICANON | LocalModes::ECHO));
            return Modes::Keys;
        }
        Modes::Raw
    }

    /// Waits until the modes are these.
    pub(crate) fn becomes(&self, modes: Modes) {
        let start = std::time::Instant::now();
        while self.modes() != modes {
            assert!(start.elapsed() < PATIENCE, "{:?}:\n{}", self.modes(), self.text());
            thread::yield_now();
        }
    }
}
