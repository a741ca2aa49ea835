#[hotpatch_module::contract]
pub trait Pricing {
    fn quote(&self) -> u32;
}

fn main() {}
