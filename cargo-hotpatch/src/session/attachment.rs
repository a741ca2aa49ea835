//! The beginning of the conversation with the processes of a program, and what is said when there is none.

use std::time::Instant;

use anyhow::Result;
use hotpatch_abi::code;
use hotpatch_abi::frame::Identity;
use hotpatch_abi::generation::Live;

use super::main_loop::Session;
use crate::build_id::BuildId;
use crate::channel::Channel;
use crate::control_dir;
use crate::events::Event;
use crate::hot_entries;
use crate::refusal::Refusal;

impl Session {
    /// A process opened its control channel.
    pub(super) fn attach(&mut self, channel: Channel, identity: &Identity, live: Live) -> Result<()> {
        let build_id = BuildId::from_bytes(&identity.build_id).to_string();
        self.log().record(&Event::ProcessAttached {
            pid: identity.pid,
            build_id,
        });
        let verdicts = self.processes.attach(channel, identity, live);
        self.take_verdicts(verdicts);
        if let (Some(keyboard), Some(program)) = (&self.keyboard, &self.program) {
            // It has only just begun.
            keyboard.settle(Some(program.pid));
        }
        if self.processes.any() {
            self.attach_by = None;
            self.offer_owed();
        }
        Ok(())
    }

    /// A process does not speak to this session.
    pub(super) fn not_attached(&self, pid: u32, error: anyhow::Error) {
        match error.downcast::<Refusal>() {
            Ok(refusal) => self.refuse(&refusal),
            // A process that ended at once leaves a socket that nobody listens on.
            Err(error) if control_dir::is_alive(pid) => {
                self.terminal()
                    .warning(format_args!("process {pid} cannot be patched: {error:#}"));
            }
            Err(_) => {}
        }
    }

    /// Nobody came.
    pub(super) fn give_up_attaching(&mut self) {
        self.attach_by = None;
        let refusal = self.nobody_attached();
        if self.owed.take().is_some() {
            self.decline(refusal);
            self.follow_up();
        } else {
            self.refuse(&refusal);
        }
    }

    /// Says at once that there will be nothing to attach to.
    pub(super) fn nothing_is_hot(&mut self) {
        self.nothing_hot = true;
        self.attach_by = None;
        let refusal = hot_entries::none();
        self.terminal().caution(&refusal);
        self.record_refusal(&refusal);
        if self.owed.take().is_some() {
            self.call_for_restart(refusal.code().as_str());
            self.follow_up();
        }
    }

    /// The refusal of edits while no process of the program is attached.
    pub(super) fn nobody_attached(&self) -> Refusal {
        if self.nothing_hot {
            return hot_entries::none();
        }
        Refusal::new(code::NOT_ATTACHED, "the program has not opened its control channel, so it cannot be patched")
            .note("it runs on as it was built")
            .help("depend on `hotpatch` with its default features and put `#[hotpatch]` on a function that is called")
    }

    /// Whether the program may still attach.
    pub(super) fn may_attach(&self) -> bool {
        self.attach_by.is_some_and(|deadline| Instant::now() < deadline)
    }
}
