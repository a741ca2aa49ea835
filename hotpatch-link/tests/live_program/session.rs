//! A program that is built, run, edited and patched without the tool.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use hotpatch_abi::manifest::PatchId;
use hotpatch_link::{Change, Draft, Parent, Patcher, Unit};

pub(crate) struct Project {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) flags: Vec<String>,
    pub(crate) source: String,
    pub(crate) builds: usize,
}

impl Project {
    pub(crate) fn new(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
        let abi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hotpatch-abi/src/lib.rs");
        let lib = |name: &str, source: &Path, externs: &[&str]| {
            let mut args = vec![
                "--crate-type=rlib",
                "--edition=2024",
                "--crate-name",
                name,
                source.to_str().unwrap(),
            ];
            args.extend(externs);
            rustc(dir.path(), &args);
        };
        lib("hotpatch_abi", &abi, &[]);
        lib("loader", &programs.join("loader.rs"), &["--extern=hotpatch_abi"]);
        let source = fs::read_to_string(programs.join("host.rs")).unwrap();
        let flags = flags.iter().map(|flag| flag.to_string()).collect();
        Self {
            dir,
            flags,
            source,
            builds: 0,
        }
    }

    /// Compiles the source as it is now and returns the folder with the program and its objects.
    pub(crate) fn build(&mut self) -> PathBuf {
        self.builds += 1;
        let out = self.dir.path().join(format!("build{}", self.builds));
        fs::create_dir(&out).unwrap();
        fs::write(self.dir.path().join("host.rs"), &self.source).unwrap();
        let out_dir = format!("--out-dir={}", out.display());
        let mut args = vec!["host.rs", "--edition=2024", "-Csave-temps", &out_dir];
        args.extend([
            "-Ccode-model=medium",
            "-Cllvm-args=-large-data-threshold=0",
            "--extern=hotpatch_abi",
            "--extern=loader",
        ]);
        args.extend([
            "-Clink-arg=-Wl,--no-gc-sections",
            "-Clink-arg=-Wl,--build-id=sha1",
        ]);
        args.extend(self.flags.iter().map(String::as_str));
        rustc(self.dir.path(), &args);
        out
    }

    pub(crate) fn edit(&mut self, from: &str, to: &str) {
        assert!(self.source.contains(from), "{from}");
        self.source = self.source.replace(from, to);
    }
}

pub(crate) fn rustc(dir: &Path, args: &[&str]) {
    let run = Command::new("rustc")
        .current_dir(dir)
        .args(args)
        .args(["-L", "."])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

pub(crate) fn units(build: &Path) -> Vec<Unit> {
    let mut objects: Vec<_> = fs::read_dir(build)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".rcgu.o"))
        .collect();
    objects.sort();
    vec![Unit {
        key: "host".into(),
        objects,
    }]
}

pub(crate) fn linker() -> PathBuf {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .unwrap()
        .stdout;
    let sysroot = String::from_utf8(sysroot).unwrap();
    Path::new(sysroot.trim()).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld")
}

pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(program: &Path) -> Self {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn ask(&mut self, command: &str) -> String {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
        self.line()
    }

    pub(crate) fn end(mut self) -> String {
        drop(self.input.take());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest.trim_end().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) patcher: Patcher,
    pub(crate) running: Running,
    pub(crate) patches: usize,
    pub(crate) heads: Vec<PatchId>,
}

impl Session {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut project = Project::new(flags);
        let build = project.build();
        let program = build.join("host");
        let patcher = Patcher::open(&program, &units(&build)).unwrap();
        Self {
            patcher,
            running: Running::start(&program),
            project,
            patches: 0,
            heads: Vec::new(),
        }
    }

    pub(crate) fn compare(&mut self) -> Change {
        let build = self.project.build();
        self.patcher.compare(&units(&build)).unwrap()
    }

    /// Builds, patches and returns the published functions.
    pub(crate) fn patch(&mut self) -> Vec<String> {
        let Change::Patch(draft) = self.compare() else {
            panic!("nothing to patch")
        };
        self.offer(draft)
    }

    /// The process goes back to a generation, which the patcher is told by its head.
    pub(crate) fn back(&mut self, generation: usize, head: Option<PatchId>) {
        assert_eq!(self.running.ask(&format!("back {generation}")), "back");
        self.patcher.follow(&[head]).unwrap();
    }

    pub(crate) fn head(&self) -> Option<PatchId> {
        self.heads.last().copied()
    }

    pub(crate) fn offer(&mut self, draft: Draft) -> Vec<String> {
        let published = draft.published().to_vec();
        self.patches += 1;
        let out = self.project.dir.path().join(format!("patch{}.so", self.patches));
        let patch = self.patcher.link(draft, Parent::Live, &linker(), &out).unwrap();
        assert_eq!(self.running.ask(&format!("patch {}", out.display())), "patched");
        self.heads.push(patch.id);
        self.patcher.commit(patch);
        published
    }
}
