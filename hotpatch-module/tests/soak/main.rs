//! A thousand reloads leave nothing behind. `cargo bench -p hotpatch-module --bench soak` makes 100,000.

#[allow(dead_code, reason = "every test program uses a part of it")]
#[path = "../host/build.rs"]
mod build;
mod cycles;
#[allow(dead_code, reason = "the report is for a bench")]
#[path = "../../../hotpatch-runtime/tests/support/soak.rs"]
mod soak;

use soak::Holdings;

#[test]
fn a_thousand_reloads_leave_nothing_behind() {
    let mut early = None;
    let mut late = None;
    cycles::run(1000, |cycle, _| match cycle {
        200 => early = Some(Holdings::now()),
        1000 => late = Some(Holdings::now()),
        _ => {}
    });
    let (early, late) = (early.unwrap(), late.unwrap());
    assert_eq!(late.descriptors, early.descriptors);
    // AddressSanitizer keeps what was freed.
    if has_shadow_memory() {
        return;
    }
    // The heap may have one more part.
    assert!(late.mappings <= early.mappings + 3, "{early:?} {late:?}");
    assert!(
        late.resident_kib <= early.resident_kib + 1024,
        "{early:?} {late:?}"
    );
}

/// Whether the process has the shadow memory of AddressSanitizer: terabytes of addresses.
fn has_shadow_memory() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = size.unwrap().trim().trim_end_matches(" kB").parse::<u64>();
    kib.unwrap() > 1 << 32
}
