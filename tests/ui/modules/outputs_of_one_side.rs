#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing {
    fn text(&self) -> &str;
    fn items(&self) -> &[u8];
    fn value(&self) -> &u8;
    fn size(&self) -> Result<usize, Vec<isize>>;
    fn nested(&self) -> Vec<Vec<u8>>;
    fn texts(&self) -> Vec<String>;
    fn never(&self) -> !;
    fn inner(&self) -> Option<&'static str>;
}

fn main() {}
