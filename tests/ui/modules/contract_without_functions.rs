#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing {}

fn main() {}
