//! Two checkouts of one project that share a target folder.

use crate::project::Project;
use crate::scripts::MAIN;
use crate::session::Session;

#[test]
fn checkouts_with_one_target_folder_keep_apart() {
    let projects = ["one", "two"].map(|word| {
        let project = Project::empty(&format!("checkout_{word}"));
        project.write("Cargo.toml", &crate::project::manifest("checkout", ""));
        project.write("src/main.rs", &MAIN.replace("count {", &format!("{word} {{")));
        project
    });
    let mut sessions = projects.each_ref().map(|project| Session::start(project, &[]));
    for (index, word) in ["one", "two"].iter().enumerate() {
        assert_eq!(sessions[index].ask("a"), format!("a {word} 1"));
    }
    for (index, word) in ["one", "two"].iter().enumerate() {
        projects[index].edit("src/main.rs", word, "edited");
        assert_eq!(sessions[index].applied(), ["checkout::step"]);
        assert_eq!(sessions[index].ask("b"), format!("b edited {}", 2 + index));
        projects[index].edit("src/main.rs", "edited", word);
        sessions[index].applied();
        assert_eq!(
            sessions[1 - index].ask("c"),
            format!("c {} {}", ["two", "one"][index], 2 + index)
        );
    }
    for session in sessions {
        assert!(session.finish().success());
    }
    // The program that was built last is not the one of both.
    for (project, word) in projects.iter().zip(["one", "two"]) {
        let mut session = Session::start(project, &[]);
        assert_eq!(session.ask("d"), format!("d {word} 1"));
        assert!(session.finish().success());
    }
}
