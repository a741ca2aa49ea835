use hotpatch::hotpatch;

#[hotpatch]
async fn fetch(url: &str) -> String {
    url.to_owned()
}

fn main() {
    drop(fetch("url"));
}
