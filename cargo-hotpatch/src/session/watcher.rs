//! The watch on the folders of the sources and on the folder of the control channels.
//!
//! Folders are watched, not files: editors replace files, and new modules appear. Which file matters is decided by
//! name here and by content later.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode};

use super::inbox::{FileEvent, Message};

/// The watch.
#[derive(Debug)]
pub(super) struct Watcher {
    watcher: RecommendedWatcher,
    followed: BTreeSet<PathBuf>,
    wanted: Arc<Mutex<Wanted>>,
}

/// Which files matter.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// These, and what comes into those among them that are folders.
    pub(super) files: BTreeSet<PathBuf>,
    /// New sources too: something does not compile, and may be waiting for a file that is not there yet.
    pub(super) new_sources: bool,
    /// All sources and what lies among them: the program crashed, and any save starts it again.
    pub(super) everything: bool,
    /// The folders of the sources.
    trees: BTreeSet<PathBuf>,
    control_dir: PathBuf,
}

impl Watcher {
    /// Watches the folder of the control channels.
    pub(super) fn new(sender: Sender<Message>, control_dir: &Path) -> Result<Self> {
        let wanted = Arc::new(Mutex::new(Wanted {
            control_dir: control_dir.to_owned(),
            ..Wanted::default()
        }));
        let shared = Arc::clone(&wanted);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            let wanted = shared.lock().unwrap_or_else(PoisonError::into_inner);
            for message in messages(&wanted, event) {
                // The session has ended; nobody needs to know.
                let _ = sender.send(message);
            }
        });
        let watcher = watcher.context("cannot watch files")?;
        let mut watcher = Self {
            watcher,
            followed: BTreeSet::new(),
            wanted,
        };
        watcher.follow_folder(control_dir, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    }

    /// Watches these files, and everything in these trees. A file may lie in a folder that does not exist yet: the
    /// folder matters then.
    pub(super) fn follow(&mut self, mut files: BTreeSet<PathBuf>, trees: &BTreeSet<PathBuf>) -> Result<()> {
        self.followed.retain(|folder| folder.is_dir());
        let folders = files.iter().filter_map(|file| file.parent());
        let missing: Vec<_> = folders
            .filter(|folder| !folder.is_dir())
            .map(Path::to_owned)
            .collect();
        files.extend(missing);
        for tree in trees {
            self.follow_folder(tree, RecursiveMode::Recursive)?;
        }
        let of_files = files.iter().filter_map(|file| file.parent());
        let listed = files.iter().filter(|file| file.is_dir()).map(PathBuf::as_path);
        let folders: BTreeSet<_> = of_files.chain(listed).collect();
        for folder in folders {
            if !trees.iter().any(|tree| folder.starts_with(tree)) && folder.is_dir() {
                self.follow_folder(folder, RecursiveMode::NonRecursive)?;
            }
        }
        let mut wanted = self.wanted();
        (wanted.files, wanted.trees) = (files, trees.clone());
        drop(wanted);
        Ok(())
    }

    /// Which files matter.
    pub(super) fn wanted(&self) -> std::sync::MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow_folder(&mut self, folder: &Path, mode: RecursiveMode) -> Result<()> {
        if self.followed.insert(folder.to_owned()) {
            notify::Watcher::watch(&mut self.watcher, folder, mode)
                .with_context(|| format!("cannot watch `{}`", folder.display()))?;
        }
        Ok(())
    }
}

fn messages(wanted: &Wanted, event: Event) -> Vec<Message> {
    if event.need_rescan() {
        return vec![Message::Sockets, Message::File(FileEvent::now())];
    }
    let Some(whole) = changes(event.kind) else {
        return Vec::new();
    };
    let at = Instant::now();
    let message = |path: PathBuf| {
        if path.starts_with(&wanted.control_dir) {
            return Some(Message::Sockets);
        }
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        let is_listed = path.parent().is_some_and(|folder| wanted.files.contains(folder));
        let is_wanted = is_listed || wanted.files.contains(&path);
        // Beside the sources lie core dumps, logs and the events of this tool, which nobody saves.
        let in_tree = || wanted.trees.iter().any(|tree| path.starts_with(tree));
        let everything = wanted.everything && (is_source || in_tree());
        let matters = is_wanted || everything || (wanted.new_sources && is_source);
        matters.then_some(Message::File(FileEvent { path, at, whole }))
    };
    event.paths.into_iter().filter_map(message).collect()
}

/// Whether this kind of event can change a file, and if so, whether the file is whole afterwards.
fn changes(kind: EventKind) -> Option<bool> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(true),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Some(false),
        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => Some(true),
        EventKind::Create(CreateKind::Folder) => Some(true),
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &Wanted, kind: EventKind, path: &str, expected: Option<bool>) {
        let found = messages(wanted, Event::new(kind).add_path(path.into()));
        let found = found
            .first()
            .map(|message| matches!(message, Message::File(event) if event.whole));
        assert_eq!(found, expected, "{kind:?} {path}");
    }

    #[test]
    fn only_changes_of_wanted_files_matter() {
        let close = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let open = EventKind::Access(AccessKind::Open(AccessMode::Any));
        let create = EventKind::Create(CreateKind::File);
        let mut wanted = Wanted {
            files: ["/w/src/main.rs".into(), "/w/levels".into()].into(),
            ..Wanted::default()
        };
        wanted.control_dir = "/run/x".into();
        check(&wanted, close, "/w/src/main.rs", Some(true));
        check(&wanted, create, "/w/src/main.rs", Some(false));
        check(&wanted, open, "/w/src/main.rs", None);
        check(&wanted, close, "/w/src/other.rs", None);
        check(&wanted, close, "/w/levels/2.txt", Some(true));
        assert!(matches!(
            messages(&wanted, Event::new(create).add_path("/run/x/1.sock".into()))[..],
            [Message::Sockets]
        ));
        wanted.new_sources = true;
        check(&wanted, close, "/w/src/other.rs", Some(true));
        check(&wanted, close, "/w/src/log.txt", None);
        wanted.everything = true;
        wanted.trees = ["/w/src".into()].into();
        check(&wanted, close, "/w/src/log.txt", Some(true));
        check(&wanted, close, "/w/build.rs", Some(true));
        for beside in ["/w/core", "/w/core.1234", "/w/events.jsonl"] {
            check(&wanted, close, beside, None);
        }
    }
}
