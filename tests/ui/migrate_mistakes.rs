#[derive(hotpatch::Migrate)]
#[repr(C, packed)]
#[migrate(version = "2")]
struct Packed {
    #[migrate(version = 2)]
    a: u8,
    #[migrate(with)]
    b: u8,
    #[migrate(with = make, default = 3)]
    c: u8,
}

#[derive(hotpatch::Migrate)]
enum Never {}

fn main() {}
