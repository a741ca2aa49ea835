//! The targets on stable: every seed, and mutations of it that are the same in every run.

mod mutation;
mod seeds;

use std::fs;
use std::path::{Path, PathBuf};

use hotpatch_abi::manifest::Manifest;

use super::TARGETS;
use crate::image::Plan;
use crate::platform::Layout;
use mutation::Mutations;

/// Inputs that are tried of each target, besides its seeds.
const MUTATIONS: usize = 20_000;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/seeds")
        .join(target)
}

fn committed(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.0 == name).unwrap().1;
    let seeds = committed(name);
    for seed in &seeds {
        target(seed);
        for len in 0..seed.len().min(500) {
            target(&seed[..len]);
        }
    }
    let mut mutations = Mutations::of(&seeds);
    for _ in 0..MUTATIONS {
        target(mutations.advance());
    }
}

#[test]
fn manifest() {
    run("manifest");
}

#[test]
fn patch_file() {
    run("patch_file");
}

#[test]
fn frames() {
    run("frames");
}

#[test]
fn layout() {
    run("layout");
}

#[test]
fn plan() {
    run("plan");
}

#[test]
fn client() {
    run("client");
}

/// A seed of another version of the format leads nowhere. `UPDATE_SEEDS=1` writes those that are made here.
#[test]
fn seeds_are_those_of_this_version() {
    for (target, _) in TARGETS {
        for (name, bytes) in seeds::of(target) {
            let path = folder(target).join(name);
            if std::env::var_os("UPDATE_SEEDS").is_some() {
                fs::create_dir_all(folder(target)).unwrap();
                fs::write(&path, &bytes).unwrap();
            }
            assert!(
                fs::read(&path).is_ok_and(|committed| committed == bytes),
                "{} is out of date: run `UPDATE_SEEDS=1 cargo test -p hotpatch-runtime --lib seeds`",
                path.display()
            );
        }
    }
}

/// The seeds of objects and plans pass all checks, so mutations of them come to every one.
#[test]
fn seeds_of_objects_and_plans_lead_all_the_way() {
    let object = Layout::read(&committed("layout")[0]).unwrap();
    assert_eq!(object.effect, None);
    let seed = &committed("plan")[0];
    let len = usize::from(u16::from_le_bytes([seed[0], seed[1]]));
    let manifest = Manifest::decode(&seed[2..][..len]).unwrap();
    assert!(Plan::check(&manifest, &object, &[]).is_ok());
}
