//! Modules that need others: what is refused, the cascade, and how it is taken back.

use hotpatch_module::ErrorKind;

use crate::build::{Module, module};
use crate::support::{call, host, settle, telling_host};

/// `top` needs `middle`, which needs `base`.
fn tower(base: [u32; 3]) -> [Module; 3] {
    [
        module("base", base)
            .giving("number", u64::from(base[1]))
            .telling(),
        module("middle", [1, 0, 0]).needs("base", [1, 0, 0]).telling(),
        module("top", [1, 0, 0]).needs("middle", [1, 0, 0]).telling(),
    ]
}

#[test]
fn dependents_are_initialised_anew_in_order() {
    let (host, told) = telling_host();
    let [base, middle, top] = tower([1, 1, 0]);
    // In any order within one change.
    let loaded = host
        .change()
        .load(top.build())
        .load(base.build())
        .load(middle.build())
        .commit()
        .unwrap();
    let names: Vec<&str> = loaded.modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names, ["base", "middle", "top"]);
    assert_eq!(
        told.take(),
        ["base 1.1 on_load", "middle 1.0 on_load", "top 1.0 on_load"]
    );

    let changed = host.reload(tower([1, 2, 0])[0].build()).unwrap();
    settle(&host);
    assert_eq!(changed.initialised_anew, ["middle", "top"]);
    assert_eq!(
        told.take(),
        [
            "base 1.2 on_reload 101",
            "middle 1.0 on_reload 100",
            "top 1.0 on_reload 100",
            "base 1.1 on_unload"
        ]
    );

    host.rollback("base").unwrap();
    settle(&host);
    assert_eq!(
        told.take(),
        [
            "base 1.1 on_reload 102",
            "middle 1.0 on_reload 100",
            "top 1.0 on_reload 100",
            "base 1.2 on_unload"
        ]
    );

    // Those leave first that need the others.
    host.change()
        .unload("base")
        .unload("top")
        .unload("middle")
        .commit()
        .unwrap();
    settle(&host);
    assert_eq!(
        told.take(),
        ["top 1.0 on_unload", "middle 1.0 on_unload", "base 1.1 on_unload"]
    );
}

#[test]
fn a_failed_dependent_takes_the_whole_change_back() {
    let (host, told) = telling_host();
    let [base, middle, top] = tower([1, 1, 0]);
    host.change()
        .load(base.build())
        .load(middle.build())
        .load(top.build())
        .commit()
        .unwrap();
    told.take();
    let before = host.modules();
    told.answer(|what| if what == "top 1.0 on_reload" { 9 } else { 0 });
    let error = host.reload(tower([1, 2, 0])[0].build()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Hook);
    let text = error.to_string();
    assert!(text.starts_with("module `top` 1.0.0 ("), "{text}");
    assert!(
        text.contains("needs a module of this change and was to be initialised anew"),
        "{text}"
    );
    assert!(
        text.ends_with("gave back 9: all modules are as they were before"),
        "{text}"
    );
    settle(&host);
    assert_eq!(
        told.take(),
        [
            "base 1.2 on_reload 101",
            "middle 1.0 on_reload 100",
            "top 1.0 on_reload 100",
            // And back.
            "middle 1.0 on_reload 100",
            "base 1.2 on_unload",
            "base 1.1 on_reload 102",
        ]
    );
    assert_eq!(call(&host.function("base.number").unwrap(), 0), Ok(1));
    assert_eq!(format!("{before:?}"), format!("{:?}", host.modules()));
    assert_eq!(host.generation(), 1);

    // What goes wrong on the way back is told.
    told.answer(|what| {
        if what.contains("on_reload") && !what.contains("base 1.2") {
            9
        } else {
            0
        }
    });
    let other = module("base", [1, 2, 0]).giving("number", 2).telling();
    let error = host.reload(other.build()).unwrap_err().to_string();
    assert!(error.contains("`on_reload` of module `middle` 1.0.0"), "{error}");
    assert!(
        error.contains("but of what they were told again: `on_reload` of module `base` 1.1.0"),
        "{error}"
    );
    told.answer(|_| 0);
}

#[test]
fn a_change_of_several_modules_fails_as_one() {
    let (host, told) = telling_host();
    let build = |name: &str, minor| {
        module(name, [1, minor, 0])
            .giving("number", u64::from(minor))
            .telling()
            .build()
    };
    host.change()
        .load(build("left", 1))
        .load(build("right", 1))
        .commit()
        .unwrap();
    told.take();
    told.answer(|what| if what == "right 1.2 on_reload" { 1 } else { 0 });
    host.change()
        .reload(build("left", 2))
        .reload(build("right", 2))
        .commit()
        .unwrap_err();
    assert_eq!(
        told.take(),
        [
            "left 1.2 on_reload 101",
            "right 1.2 on_reload 101",
            "left 1.2 on_unload",
            "left 1.1 on_reload 102"
        ]
    );
    let number = |name| call(&host.function(name).unwrap(), 0);
    assert_eq!((number("left.number"), number("right.number")), (Ok(1), Ok(1)));

    // One of them is refused before any hook runs.
    host.change()
        .reload(build("left", 2))
        .reload("nowhere.so")
        .commit()
        .unwrap_err();
    assert!(told.take().is_empty());
    assert_eq!(number("left.number"), Ok(1));

    told.answer(|_| 0);
    host.change()
        .reload(build("left", 2))
        .reload(build("right", 2))
        .commit()
        .unwrap();
    assert_eq!((number("left.number"), number("right.number")), (Ok(2), Ok(2)));
    host.change().rollback("left").rollback("right").commit().unwrap();
    assert_eq!((number("left.number"), number("right.number")), (Ok(1), Ok(1)));
}

#[test]
fn what_a_module_needs_must_be_there() {
    let host = host();
    let user = module("user", [1, 0, 0]).needs("library", [1, 2, 0]);
    let path = user.build();
    let refused = |change: hotpatch_module::Change<'_>, kind| {
        let error = change.commit().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        error.to_string()
    };
    let named = format!("module `user` 1.0.0 (`{}`)", path.display());
    assert_eq!(
        refused(host.change().load(&path), ErrorKind::Dependency),
        format!(
            "{named} needs module `library` 1.2.0 or a later one of 1.x, and none is loaded: load that one before, or in the same \
             change"
        )
    );
    let library = |version| module("library", version).build();
    host.load(library([1, 1, 9])).unwrap();
    let old = refused(host.change().load(&path), ErrorKind::Dependency);
    assert!(old.contains("and module `library` 1.1.9 ("), "{old}");
    refused(
        host.change().reload(library([2, 3, 0])).load(&path),
        ErrorKind::Dependency,
    );
    host.change()
        .reload(library([1, 2, 0]))
        .load(&path)
        .commit()
        .unwrap();

    // It stays as it is needed.
    let needed = refused(host.change().unload("library"), ErrorKind::StillNeeded);
    assert_eq!(
        needed,
        format!(
            "module `library` cannot leave, because {named} needs it: unload that one in the same change"
        )
    );
    let other = refused(host.change().reload(library([2, 0, 0])), ErrorKind::StillNeeded);
    assert!(
        other.contains("module `library` 2.0.0 (") && other.contains("change both in one change"),
        "{other}"
    );
    refused(host.change().rollback("library"), ErrorKind::StillNeeded);
    host.change().unload("library").unload("user").commit().unwrap();
}

#[test]
fn a_circle_is_refused_and_named() {
    let host = host();
    let build = |name: &str, needs: &str| module(name, [1, 0, 0]).needs(needs, [1, 0, 0]).build();
    let error = host
        .change()
        .load(build("egg", "hen"))
        .load(build("hen", "chick"))
        .load(build("chick", "egg"))
        .commit()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cycle);
    assert_eq!(
        error.to_string(),
        "modules need each other in a circle: `chick` needs `egg` needs `hen` needs `chick`; take one of these dependencies away"
    );
    // Also where it is closed by a replacement.
    host.load(module("hen", [1, 0, 0]).build()).unwrap();
    host.load(build("egg", "hen")).unwrap();
    let error = host.reload(build("hen", "egg")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cycle);
    assert_eq!(host.modules().len(), 2);
}
