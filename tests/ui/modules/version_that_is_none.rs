#[hotpatch_module::contract(version = "1.2")]
pub trait Pricing {
    fn quote(&self) -> u32;
}

fn main() {}
