//! The example as its users run it: its modules are built, and all that it prints is compared.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::Command;

#[test]
fn the_module_is_swapped_and_rolled_back() {
    let program = Path::new(env!("CARGO_BIN_EXE_modules-host"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "modules-v1", "-p", "modules-v2"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let profile = program.parent().unwrap();
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());

    let output = Command::new(program).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expect = "\
no module: the fallback
  sold for 1000 cents, 0 % off; 1000 so far
pricing: none -> 1.0.0
  sold for 900 cents, 10 % off; 1900 so far
  not sold: there is no price for nothing
  (the new module takes over from 1.0.0)
pricing: 1.0.0 -> 2.0.0
  sold for 750 cents, 25 % off; 2650 so far
  not sold: please tell us what you want
  (the new module is gone)
rolled back: pricing: 2.0.0 -> 1.0.0
  sold for 900 cents, 10 % off; 3550 so far
pricing: 1.0.0 -> none
  sold for 1000 cents, 0 % off; 4550 so far
";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expect);
}
