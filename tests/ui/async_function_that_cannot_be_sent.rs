use std::rc::Rc;

use hotpatch::hotpatch;

#[hotpatch]
async fn fetch(url: &str) -> String {
    let text = Rc::new(url.to_owned());
    std::future::ready(()).await;
    text.to_string()
}

fn send(_: impl Send) {}

fn main() {
    send(fetch("url"));
}
