#[derive(hotpatch::Migrate)]
struct View<'a> {
    text: &'a str,
}

fn main() {}
