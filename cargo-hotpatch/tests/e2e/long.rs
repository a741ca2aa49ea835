//! Many patches in a row on one process: what they cost it, and what they cost the tool. `cargo bench -p cargo-hotpatch
//! --bench long` makes 500.

use std::fs;

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

static SEEN: LazyLock<Mutex<HashMap<u64, u64>>> = LazyLock::new(Default::default);

#[derive(Debug)]
struct World { count: u64, names: Vec<String> }

fn label(count: u64) -> String { format!("label {count}") }

#[hotpatch::hotpatch]
fn step(world: &mut World) -> String {
    world.count += 1;
    *SEEN.lock().unwrap().entry(world.count % 7).or_default() += 1;
    world.names = vec![label(world.count)];
    format!("version 0, {} {:?}", world.count, world.names)
}

#[hotpatch::hotpatch]
fn mix(count: u64) -> u64 { count.wrapping_mul(31) ^ 0 }

fn main() {
    let mut world = World { count: 0, names: vec![] };
    for _ in std::io::stdin().lines() {
        println!("{} {}", hotpatch::call(|| step(&mut world)), hotpatch::call(|| mix(3)));
    }
}
"#;

/// What a process has taken from the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
    pub(crate) mappings: u64,
    pub(crate) descriptors: u64,
}

impl Size {
    pub(crate) fn of(pid: u64) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let memory: u64 = memory.trim().trim_end_matches(" kB").parse().unwrap();
        let mappings = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        Self {
            memory: memory * 1024,
            mappings: mappings.lines().count() as u64,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64,
        }
    }
}

/// After one patch.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) process: Size,
    pub(crate) tool: Size,
    /// From the comparison to the answer of the process, in milliseconds: all but rustc.
    pub(crate) own_time: f64,
    /// The bytes of its file.
    pub(crate) file: u64,
}

/// Makes patches and checks that each of them runs.
pub(crate) fn patches(count: usize) -> Vec<Sample> {
    let project = Project::new("long", MAIN);
    let mut session = Session::start(&project, &[]);
    let pid = session.seen.last().unwrap()["pid"].as_u64().unwrap();
    let samples = (1..=count).map(|version| {
        let text = MAIN.replace("version 0", &format!("version {version}"));
        project.write("src/main.rs", &text.replace("^ 0 }", &format!("^ {version} }}")));
        assert_eq!(session.applied(), ["long::mix", "long::step"]);
        let start = format!("version {version}, {version} [\"label {version}\"] ");
        let answer = session.ask("x");
        assert!(answer.starts_with(&start), "{answer}");
        sample(pid, &mut session)
    });
    let samples = samples.collect();
    assert!(session.finish().success());
    samples
}

fn sample(pid: u64, session: &mut Session) -> Sample {
    let applied = session.seen.last().unwrap();
    let time = |phase: &str| applied["ms"][phase].as_f64().unwrap();
    let own_time = ["compare", "bind", "link", "commit"].map(time).iter().sum();
    let file = newest_image(pid).map_or(0, |path| fs::metadata(path).unwrap().len());
    // What was seen is not to be counted as growth of anything.
    session.seen.retain(|event| event["event"] == "process-attached");
    Sample {
        process: Size::of(pid),
        tool: Size::of(session.pid().into()),
        own_time,
        file,
    }
}

/// The patch file that a process has mapped last: loaders put new images below the older ones, or above, so it is told by
/// its number.
fn newest_image(pid: u64) -> Option<String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let paths = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| line[at..].to_owned()));
    let number = |path: &String| -> Option<u64> {
        let (_, name) = path.rsplit_once("/patch-")?;
        name.strip_suffix(".so")?.parse().ok()
    };
    paths.filter(|path| number(path).is_some()).max_by_key(number)
}

/// How much something grew for each patch, from one sample to a later one.
pub(crate) fn growth(samples: &[Sample], from: usize, of: impl Fn(&Sample) -> u64) -> f64 {
    let (first, last) = (of(&samples[from]), of(samples.last().unwrap()));
    (last as f64 - first as f64) / (samples.len() - 1 - from) as f64
}

#[test]
fn thirty_patches_in_a_row_cost_little_memory_and_no_descriptors() {
    let samples = patches(30);
    // The first ones make room that the others use.
    let grown = |of: fn(&Sample) -> u64| growth(&samples, 9, of);
    let process = grown(|sample| sample.process.memory);
    assert!(
        process < 48.0 * 1024.0,
        "{process} bytes for each patch in the process"
    );
    let tool = grown(|sample| sample.tool.memory);
    assert!(tool < 100.0 * 1024.0, "{tool} bytes for each patch in the tool");
    assert!(grown(|sample| sample.process.mappings) <= 4.0, "{samples:?}");
    assert!(grown(|sample| sample.tool.mappings) < 1.0, "{samples:?}");
    assert!(
        grown(|sample| sample.process.descriptors).abs() < 0.01,
        "{samples:?}"
    );
    assert!(grown(|sample| sample.tool.descriptors).abs() < 0.2, "{samples:?}");
    let file = samples.last().unwrap().file;
    assert!((4096..100_000).contains(&file), "{file} bytes of a patch file");
}
