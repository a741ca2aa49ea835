//! Instances of generic functions: they have no entries, and are known by the address of their bodies.

#[macro_use]
mod support;

use std::thread;

use hotpatch_abi::code;
use hotpatch_abi::manifest::{Manifest, PatchId, Place, PublishedInstance};
use hotpatch_runtime::{apply, call, consistent, enter_instance, functions, rollback};

use support::{alone, base, compile, folder};

hot!(one, ONE, 10);

/// The body of a function with a parameter, each instance of which returns something else.
extern "C" fn body<const N: u64>() -> u64 {
    N
}

fn generic<const N: u64>() -> u64 {
    let body: extern "C" fn() -> u64 = body::<N>;
    // SAFETY: all bodies of this test have this type.
    unsafe { enter_instance(body, |body| body()) }
}

fn built<const N: u64>() -> Place {
    let body: extern "C" fn() -> u64 = body::<N>;
    base(body as usize)
}

/// Publishes instances of `body` and nothing else.
fn publish(
    name: &str,
    parent: Option<PatchId>,
    instances: &[(Place, u64)],
) -> Result<PatchId, hotpatch_runtime::Refusal> {
    let names: Vec<String> = (0..instances.len()).map(|index| format!("new_{index}")).collect();
    let sources = names.iter().zip(instances);
    let sources: String = sources
        .map(|(name, (_, value))| format!("unsigned long {name}(void) {{ return {value}; }}\n"))
        .collect();
    let dylib = compile(&sources);
    let published = names
        .iter()
        .zip(instances)
        .map(|(name, (built, value))| PublishedInstance {
            built: *built,
            body: dylib.place(name),
            path: format!("test::generic::<{value}>"),
        });
    let manifest = Manifest {
        parent,
        instances: published.collect(),
        ..dylib.manifest(&[])
    };
    let folder = folder();
    let path = folder.path().join(name);
    let id = dylib.seal(&path, &manifest);
    apply(path).map(|_| id)
}

#[test]
fn each_instance_has_its_own_code() {
    let _alone = alone();
    assert_eq!((generic::<1>(), generic::<2>()), (1, 2));
    let first = publish("1.so", None, &[(built::<1>(), 11), (built::<2>(), 12)]).unwrap();
    let before = hotpatch_runtime::generation();
    assert_eq!((generic::<1>(), generic::<2>(), generic::<3>()), (11, 12, 3));
    publish("2.so", Some(first), &[(built::<2>(), 22)]).unwrap();
    assert_eq!(call(|| (generic::<1>(), generic::<2>())), (11, 22));
    assert_eq!(thread::spawn(generic::<2>).join().unwrap(), 22);

    let listed = functions();
    let row = listed
        .iter()
        .find(|function| function.name == "test::generic::<22>");
    assert_eq!(row.unwrap().generation, before + 1);
    assert!(
        !listed
            .iter()
            .any(|function| function.name == "test::generic::<12>")
    );

    let back = rollback(before).unwrap();
    assert_eq!((generic::<1>(), generic::<2>()), (11, 12));
    assert_eq!(back.functions, ["test::generic::<22>"]);
    rollback(0).unwrap();
    assert_eq!((generic::<1>(), generic::<2>()), (1, 2));
}

#[test]
fn a_patch_of_the_program_as_built_takes_other_instances_back() {
    let _alone = alone();
    publish("1.so", None, &[(built::<5>(), 15)]).unwrap();
    publish("2.so", None, &[(built::<6>(), 16)]).unwrap();
    assert_eq!((generic::<5>(), generic::<6>()), (5, 16));
}

#[test]
fn a_consistent_scope_keeps_its_instances() {
    let _alone = alone();
    consistent(|| {
        let before = generic::<7>();
        thread::spawn(|| publish("1.so", None, &[(built::<7>(), 17)]).unwrap())
            .join()
            .unwrap();
        assert_eq!(generic::<7>(), before);
    });
    assert_eq!(generic::<7>(), 17);
}

#[test]
fn bodies_that_are_no_code_or_come_twice_are_refused() {
    let _alone = alone();
    let data = base(std::ptr::from_ref(&ONE) as usize);
    for instances in [&[(data, 1)][..], &[(built::<8>(), 1), (built::<8>(), 2)], &[]] {
        let refusal = publish("1.so", None, instances).unwrap_err();
        assert_eq!(refusal.code(), code::PLACE, "{refusal}");
    }
    assert_eq!((generic::<8>(), one()), (8, 10));
}
