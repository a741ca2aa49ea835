//! Hot code in all the places where functions stand: impls of traits, and futures.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hotpatch::hotpatch;

trait Shape {
    fn draw(&self) -> String;
}

struct Square(u32);

impl Shape for Square {
    #[hotpatch]
    fn draw(&self) -> String {
        format!("square {} one", self.0)
    }
}

#[hotpatch]
impl fmt::Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shown one")
    }
}

async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

struct Client(u32);

impl Client {
    #[hotpatch]
    async fn fetch(&self, log: String) -> String {
        let log = log + " began one";
        pause().await;
        format!("{log} ended one {}", self.0)
    }
}

fn main() {
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(1)), Box::new(Square(2))];
    let client = Client(7);
    let mut futures: Vec<Pin<Box<dyn Future<Output = String> + '_>>> = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    for line in std::io::stdin().lines() {
        let answer = hotpatch::call(|| match line.unwrap().as_str() {
            "draw" => shapes.iter().map(|shape| shape.draw()).collect::<Vec<_>>().join(", "),
            "show" => Square(3).to_string(),
            "new" => {
                futures.push(Box::pin(client.fetch("f".into())));
                "made".into()
            }
            "poll" => match futures[0].as_mut().poll(&mut context) {
                Poll::Ready(text) => {
                    futures.remove(0);
                    text
                }
                Poll::Pending => "pending".into(),
            },
            other => format!("? {other}"),
        });
        println!("{answer}");
    }
}
"#;

fn edits_are_live(name: &str, arguments: &[&str]) {
    let project = Project::new(name, MAIN);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("draw"), "square 1 one, square 2 one");
    assert_eq!(session.ask("show"), "shown one");

    // Objects that exist reach the new code through their old vtables.
    project.edit(
        "src/main.rs",
        "{} one\", self.0)\n    }\n}\n\n#",
        "{} two\", self.0)\n    }\n}\n\n#",
    );
    assert_eq!(
        session.applied(),
        [format!("<{name}::Square as {name}::Shape>::draw")]
    );
    assert_eq!(session.ask("draw"), "square 1 two, square 2 two");
    project.edit("src/main.rs", "shown one", "shown two");
    assert_eq!(
        session.applied(),
        [format!("<{name}::Square as core::fmt::Display>::fmt")]
    );
    assert_eq!(session.ask("show"), "shown two");

    // A future ends on the code that it began with; one that was only made begins with what is live at its first poll.
    assert_eq!(
        (session.ask("new"), session.ask("poll")),
        ("made".into(), "pending".into())
    );
    assert_eq!(session.ask("new"), "made");
    let text = project.read("src/main.rs").replace("began one", "began two");
    project.write("src/main.rs", &text.replace("ended one", "ended two"));
    assert_eq!(session.applied().len(), 1);
    assert_eq!(session.ask("poll"), "f began one ended one 7");
    assert_eq!(
        (session.ask("poll"), session.ask("poll")),
        ("pending".into(), "f began two ended two 7".into())
    );
}

#[test]
fn methods_of_traits_and_futures_take_new_code() {
    edits_are_live("places", &[]);
}

#[test]
fn methods_of_traits_and_futures_take_new_code_in_release() {
    edits_are_live("places_release", &["--release"]);
}
